//! A name server that knows the routes it is told.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::{BrokerData, ClusterInfo, QueueData, TopicRouteData};
use protocol::{RequestCode, ResponseCode};

use super::{FakeBroker, FakeServer, Said};

pub(crate) struct FakeNamesrv {
    server: FakeServer,
    routes: Arc<Mutex<BTreeMap<String, TopicRouteData>>>,
}

impl Deref for FakeNamesrv {
    type Target = FakeServer;

    fn deref(&self) -> &FakeServer {
        &self.server
    }
}

impl FakeNamesrv {
    pub(crate) async fn start() -> Self {
        let (server, routes) = (FakeServer::start().await, Arc::default());
        let namesrv = Self { server, routes };
        let routes = Arc::clone(&namesrv.routes);
        namesrv.on(RequestCode::GetRouteinfoByTopic, move |request| {
            let topic = request.ext_fields.get("topic").unwrap_or_default();
            match routes.lock().get(topic) {
                Some(route) => Said::body(route.to_json(true)),
                None => Said::code(ResponseCode::TopicNotExist, "No topic route info"),
            }
        });
        let routes = Arc::clone(&namesrv.routes);
        namesrv.on(RequestCode::GetBrokerClusterInfo, move |_| {
            Said::body(cluster_info(routes.lock().values()).to_json())
        });
        namesrv
    }

    /// Puts a topic on these brokers, with so many queues on each.
    pub(crate) fn set_topic(&self, topic: &str, queues: i32, brokers: &[&FakeBroker]) {
        let mut route = TopicRouteData::default();
        for broker in brokers {
            route.broker_datas.push(BrokerData {
                broker_addrs: [(0, broker.addr().to_owned())].into(),
                broker_name: broker.name().to_owned(),
                cluster: "C".to_owned(),
                ..BrokerData::default()
            });
            route.queue_datas.push(QueueData {
                broker_name: broker.name().to_owned(),
                perm: 6,
                read_queue_nums: queues,
                write_queue_nums: queues,
                topic_sys_flag: 0,
            });
        }
        self.routes.lock().insert(topic.to_owned(), route);
    }

    pub(crate) fn remove_topic(&self, topic: &str) {
        self.routes.lock().remove(topic);
    }
}

fn cluster_info<'a>(routes: impl Iterator<Item = &'a TopicRouteData>) -> ClusterInfo {
    let mut info = ClusterInfo::default();
    for broker in routes.flat_map(|route| &route.broker_datas) {
        let cluster = info
            .cluster_addr_table
            .entry(broker.cluster.clone())
            .or_default();
        cluster.insert(broker.broker_name.clone());
        info.broker_addr_table
            .insert(broker.broker_name.clone(), broker.clone());
    }
    info
}
