//! Administration against brokers that answer, are old, or are gone.

mod brokers_and_topics;
mod groups_and_offsets;
mod messages;
mod settings;

use protocol::body::{
    Connection, ConsumeStats, ConsumerConnection, GroupList, KvTable, MessageQueue, OffsetWrapper,
    ResetOffsetBody, SubscriptionData, SubscriptionGroupConfig, SubscriptionGroupWrapper,
    TopicConfig, TopicConfigAndMappingSerializeWrapper, TopicList, TopicOffset, TopicStatsTable,
};
use protocol::message::{MessageExt, property};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::*;
use crate::Boundary;
use crate::shared::month_of;
use crate::testing::{FakeBroker, FakeNamesrv, Said, client_of, message};

/// A topic `T` and a group `g` on two brokers.
struct Cluster {
    namesrv: FakeNamesrv,
    a: FakeBroker,
    b: FakeBroker,
    admin: Admin,
}

impl Cluster {
    async fn start() -> Self {
        let namesrv = FakeNamesrv::start().await;
        let (a, b) = (FakeBroker::start("a").await, FakeBroker::start("b").await);
        namesrv.set_topic("T", 1, &[&a, &b]);
        namesrv.set_topic("%RETRY%g", 1, &[&a, &b]);
        let (client, _) = client_of(&[&namesrv]);
        let admin = client.admin();
        Self {
            namesrv,
            a,
            b,
            admin,
        }
    }

    /// Lets both brokers say the same to a request.
    fn both(&self, code: RequestCode, say: fn(&RemotingCommand) -> Said) {
        self.a.on(code, say);
        self.b.on(code, say);
    }

    fn names(nodes: &[BrokerNode]) -> Vec<&str> {
        nodes.iter().map(|node| node.name.as_str()).collect()
    }
}

fn done(_: &RemotingCommand) -> Said {
    Said::success()
}
