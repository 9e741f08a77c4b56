//! An observer before brokers that answer, fall silent, come back and lie still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use clock::ManualClock;
use protocol::body::{
    Connection, ConsumeStats, ConsumeStatsList, ConsumerConnection, ConsumerRunningInfo, KvTable,
    MessageQueue, OffsetWrapper, ProcessQueueInfo, ProducerInfo, ProducerTableInfo,
    SubscriptionData, SubscriptionGroupConfig, SubscriptionGroupWrapper, TopicConfig,
    TopicConfigAndMappingSerializeWrapper, TopicList, TopicOffset, TopicStatsTable,
};
use protocol::{RequestCode, ResponseCode};

use super::*;
use crate::snapshot::{ClientKind, GroupHealth, OwnedBy, TopicKind};
use crate::testing::{FakeBroker, FakeNamesrv, Said, client_of};

const SECOND: Duration = Duration::from_secs(1);

/// A topic `T` with two queues on each of two brokers, and a group `g` with the members `x` and `y`.
struct Cluster {
    namesrv: FakeNamesrv,
    a: FakeBroker,
    b: FakeBroker,
    /// How many messages each queue has, and how many of them are consumed.
    written: Arc<AtomicI64>,
    consumed: Arc<AtomicI64>,
    clock: Arc<ManualClock>,
    observer: Observer,
}

fn all() -> Wants {
    Wants {
        cluster: true,
        topics: true,
        groups: true,
        allocation: Some(("g".to_owned(), "T".to_owned())),
        clients: true,
        visible_topics: vec!["T".to_owned()],
        visible_groups: vec!["g".to_owned()],
        visible_clients: Vec::new(),
    }
}

impl Cluster {
    async fn start() -> Self {
        let namesrv = FakeNamesrv::start().await;
        let (a, b) = (FakeBroker::start("a").await, FakeBroker::start("b").await);
        namesrv.set_topic("T", 2, &[&a, &b]);
        namesrv.on(RequestCode::GetAllTopicListFromNameserver, |_| {
            let topic_list = ["T", "%RETRY%g"].map(str::to_owned).into();
            let list = TopicList {
                topic_list,
                ..TopicList::default()
            };
            Said::body(list.to_json())
        });
        let (client, clock) = client_of(&[&namesrv]);
        let cluster = Self {
            observer: Observer {
                patience: SECOND * 20,
                ..Observer::new(client)
            },
            written: Arc::new(AtomicI64::new(10)),
            consumed: Arc::new(AtomicI64::new(4)),
            namesrv,
            a,
            b,
            clock,
        };
        cluster.script(&cluster.a, "a");
        cluster.script(&cluster.b, "b");
        cluster
    }

    fn script(&self, broker: &FakeBroker, name: &'static str) {
        let queue = move |id| MessageQueue::new("T", name, id);
        let (written, consumed) = (Arc::clone(&self.written), Arc::clone(&self.consumed));
        let offsets = move || OffsetWrapper {
            broker_offset: written.load(Ordering::Relaxed),
            consumer_offset: consumed.load(Ordering::Relaxed),
            ..OffsetWrapper::default()
        };
        let stats = move || ConsumeStats {
            consume_tps: 0.0,
            offset_table: [(queue(0), offsets()), (queue(1), offsets())].into(),
        };
        let written = Arc::clone(&self.written);
        broker.on(RequestCode::GetBrokerRuntimeInfo, move |_| {
            let total = written.load(Ordering::Relaxed) * 2;
            let table = [
                ("brokerVersionDesc", "V5_3_3".to_owned()),
                ("bootTimestamp", "7".to_owned()),
                ("commitLogDiskRatio", "0.5".to_owned()),
                ("msgPutTotalTodayNow", total.to_string()),
                ("msgPutTotalTodayMorning", "5".to_owned()),
                ("putLatency99", "0.00".to_owned()),
            ];
            let table = table.map(|(key, value)| (key.to_owned(), value));
            Said::body(
                KvTable {
                    table: table.into(),
                }
                .to_json(),
            )
        });
        broker.on(RequestCode::GetAllTopicConfig, |_| {
            let config = |name: &str| (name.to_owned(), TopicConfig::new(name, 2));
            let all = TopicConfigAndMappingSerializeWrapper {
                topic_config_table: [config("T"), config("%RETRY%g")].into(),
                ..Default::default()
            };
            Said::body(all.to_json())
        });
        broker.on(RequestCode::GetAllSubscriptiongroupConfig, |_| {
            let all = SubscriptionGroupWrapper {
                subscription_group_table: ["g", "idle", "TOOLS_CONSUMER"]
                    .map(|name| (name.to_owned(), SubscriptionGroupConfig::new(name)))
                    .into(),
                ..Default::default()
            };
            Said::body(all.to_json())
        });
        let of_all = stats.clone();
        broker.on(RequestCode::GetBrokerConsumeStats, move |_| {
            let list = ConsumeStatsList {
                consume_stats_list: vec![[("g".to_owned(), vec![of_all()])].into()],
                ..ConsumeStatsList::default()
            };
            Said::body(list.to_json())
        });
        broker.on(RequestCode::GetConsumeStats, move |_| {
            Said::body(stats().to_json())
        });
        let written = Arc::clone(&self.written);
        broker.on(RequestCode::GetTopicStatsInfo, move |_| {
            let offset = TopicOffset {
                min_offset: 1,
                max_offset: written.load(Ordering::Relaxed),
                last_update_timestamp: 3,
            };
            let table = TopicStatsTable {
                offset_table: [(queue(0), offset), (queue(1), offset)].into(),
                ..TopicStatsTable::default()
            };
            Said::body(table.to_json())
        });
        script_clients(broker, name);
    }

    /// Time passes, and messages are written to and read from each queue.
    fn pass(&self, seconds: u32, written: i64, consumed: i64) {
        self.clock.advance(SECOND * seconds);
        self.written.fetch_add(written, Ordering::Relaxed);
        self.consumed.fetch_add(consumed, Ordering::Relaxed);
    }
}

fn script_clients(broker: &FakeBroker, name: &'static str) {
    broker.on(RequestCode::GetConsumerConnectionList, |request| {
        if request.ext_fields.get("consumerGroup") != Some("g") {
            return Said::code(ResponseCode::ConsumerNotOnline, "not online");
        }
        let member = |id: &str| Connection {
            client_id: id.to_owned(),
            ..Connection::default()
        };
        let subscription = SubscriptionData::build("T", "*", None, 1).unwrap();
        let connection = ConsumerConnection {
            connection_set: vec![member("x"), member("y")],
            subscription_table: [("T".to_owned(), subscription)].into(),
            ..ConsumerConnection::default()
        };
        Said::body(connection.to_json())
    });
    broker.on(RequestCode::GetConsumerRunningInfo, |request| {
        // x reads the first queue of each broker; y does not speak of itself.
        if request.ext_fields.get("clientId") != Some("x") {
            return Said::code(ResponseCode::SystemError, "the client does not know how");
        }
        let own = ["a", "b"].map(|broker| {
            let queue = MessageQueue::new("T", broker, 0);
            (queue, ProcessQueueInfo::default())
        });
        let info = ConsumerRunningInfo {
            mq_table: own.into(),
            subscription_set: vec![SubscriptionData::build("T", "*", None, 1).unwrap()],
            ..ConsumerRunningInfo::default()
        };
        Said::body(info.to_json())
    });
    broker.on(RequestCode::GetAllProducerInfo, move |_| {
        let producer = ProducerInfo {
            client_id: "p".to_owned(),
            last_update_timestamp: if name == "a" { 8 } else { 9 },
            remote_ip: "/10.0.0.5:51022".to_owned(),
            ..ProducerInfo::default()
        };
        let info = ProducerTableInfo {
            data: [("senders".to_owned(), vec![producer])].into(),
        };
        Said::body(info.to_json())
    });
}

#[tokio::test]
async fn one_reading_says_what_there_is() {
    let cluster = Cluster::start().await;
    let seen = cluster.observer.read(&all()).await;
    let brokers = &seen.cluster.get().unwrap().brokers;
    let names: Vec<_> = brokers
        .iter()
        .map(|broker| broker.node.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(brokers[0].in_today, Some(15));
    assert_eq!(brokers[0].in_per_s, None, "one reading is no rate");
    assert_eq!(brokers[0].put_p99_ms, None, "0 is what is not measured");
    assert!(
        brokers
            .iter()
            .all(|broker| broker.is_routed && broker.error.is_none())
    );

    let topics = seen.topics.get().unwrap();
    let kinds: Vec<_> = topics
        .iter()
        .map(|topic| (topic.topic.as_str(), topic.kind))
        .collect();
    assert_eq!(
        kinds,
        [("%RETRY%g", TopicKind::Retry), ("T", TopicKind::Normal)]
    );
    assert_eq!(topics[1].messages, Some(36));
    assert_eq!(topics[1].groups, Some(vec![("g".to_owned(), 24)]));
    assert_eq!(topics[0].messages, None, "its row cannot be seen");

    let groups = seen.groups.get().unwrap();
    let names: Vec<_> = groups.iter().map(|group| group.group.as_str()).collect();
    assert_eq!(names, ["g", "idle"]);
    assert_eq!((groups[0].members, groups[0].lag), (Some(2), Some(24)));
    assert_eq!(groups[0].dead_letters, Some(0));
    assert_eq!(groups[0].health, GroupHealth::Ok);
    assert_eq!((groups[1].members, groups[1].lag), (Some(0), None));
    assert_eq!(groups[1].health, GroupHealth::Idle);

    let allocation = seen.allocation.get().unwrap();
    assert_eq!(allocation.strategy, Some("AVG_BY_CIRCLE"));
    let owners: Vec<_> = allocation
        .queues
        .iter()
        .map(|queue| queue.owner.clone())
        .collect();
    let (x, y) = (OwnedBy::Said("x".into()), OwnedBy::Computed("y".into()));
    assert_eq!(owners, [x.clone(), y.clone(), x, y]);

    let clients = seen.clients.get().unwrap();
    let ids: Vec<_> = clients
        .iter()
        .map(|client| (client.client_id.as_str(), client.kind))
        .collect();
    let (consumer, producer) = (ClientKind::Consumer, ClientKind::Producer);
    assert_eq!(ids, [("p", producer), ("x", consumer), ("y", consumer)]);
    assert_eq!(clients[0].last_heartbeat_ms, Some(9));
    assert_eq!(clients[0].brokers, ["a", "b"]);
    assert_eq!(clients[0].addr, "10.0.0.5:51022");
}

#[tokio::test]
async fn rates_are_differences_between_readings() {
    let cluster = Cluster::start().await;
    cluster.observer.read(&all()).await;
    cluster.pass(2, 20, 10);
    let seen = cluster.observer.read(&all()).await;
    let broker = &seen.cluster.get().unwrap().brokers[0];
    assert_eq!(broker.in_per_s, Some(20.0));
    let topic = &seen.topics.get().unwrap()[1];
    assert_eq!((topic.in_per_s, topic.out_per_s), (Some(40.0), Some(20.0)));
    let group = &seen.groups.get().unwrap()[0];
    assert_eq!(
        (group.out_per_s, group.lag_growth_per_s),
        (Some(20.0), Some(20.0))
    );
    let queue = &seen.allocation.get().unwrap().queues[0];
    assert_eq!((queue.in_per_s, queue.out_per_s), (Some(10.0), Some(5.0)));
}

#[tokio::test]
async fn nothing_is_asked_that_nobody_looks_at() {
    let cluster = Cluster::start().await;
    let wants = Wants {
        cluster: true,
        ..Wants::default()
    };
    for _ in 0..3 {
        cluster.observer.read(&wants).await;
        cluster.pass(1, 0, 0);
    }
    assert_eq!(cluster.a.asked(RequestCode::GetBrokerRuntimeInfo).len(), 3);
    for code in [
        RequestCode::GetAllTopicConfig,
        RequestCode::GetBrokerConsumeStats,
        RequestCode::GetConsumerConnectionList,
        RequestCode::GetAllProducerInfo,
    ] {
        assert!(cluster.a.asked(code).is_empty(), "{}", code.name());
    }
    // settings are read again only now and then
    for _ in 0..5 {
        cluster.observer.read(&all()).await;
        cluster.pass(1, 0, 0);
    }
    assert_eq!(cluster.a.asked(RequestCode::GetAllTopicConfig).len(), 1);
    assert_eq!(cluster.a.asked(RequestCode::GetBrokerConsumeStats).len(), 5);
}

#[tokio::test]
async fn of_a_lost_broker_only_its_rows_are_marked() {
    let cluster = Cluster::start().await;
    cluster.observer.read(&all()).await;
    cluster.b.kill().await;
    cluster.pass(1, 5, 0);
    let seen = cluster.observer.read(&all()).await;
    let brokers = &seen.cluster.get().unwrap().brokers;
    assert_eq!((&brokers[0].error, brokers[0].is_routed), (&None, true));
    assert!(brokers[1].error.is_some());
    assert_eq!(
        brokers[1].version.as_deref(),
        Some("V5_3_3"),
        "what it said is kept"
    );
    assert_eq!(brokers[1].in_per_s, None, "but it is no rate of now");
    assert!(!seen.cluster.is_stale && !seen.topics.is_stale && !seen.groups.is_stale);
    let faults: Vec<_> = seen
        .groups
        .faults
        .iter()
        .map(|fault| fault.server.as_str())
        .collect();
    assert_eq!(faults, ["b"]);
    let group = &seen.groups.get().unwrap()[0];
    assert_eq!(
        group.lag,
        Some(34),
        "6 and 6 of b as they were, 11 and 11 of a"
    );
    assert_eq!(
        seen.topics.get().unwrap()[1].queues.as_ref().unwrap().len(),
        4
    );

    // the name server forgets it, too
    cluster.namesrv.set_topic("T", 2, &[&cluster.a]);
    cluster.pass(1, 0, 0);
    let seen = cluster.observer.read(&all()).await;
    let brokers = &seen.cluster.get().unwrap().brokers;
    assert!(brokers[0].is_routed && !brokers[1].is_routed);
}

#[tokio::test]
async fn a_section_is_old_when_nobody_answers() {
    let cluster = Cluster::start().await;
    let seen = cluster.observer.read(&all()).await;
    let taken_ms = seen.taken_ms;
    cluster.a.kill().await;
    cluster.b.kill().await;
    cluster.namesrv.kill().await;
    cluster.pass(1, 0, 0);
    let seen = cluster.observer.read(&all()).await;
    assert!(seen.cluster.is_stale && seen.topics.is_stale && seen.groups.is_stale);
    assert!(seen.clients.is_stale && seen.allocation.is_stale);
    assert_eq!(seen.taken_ms, taken_ms);
    assert_eq!(
        seen.groups.get().unwrap()[0].lag,
        Some(24),
        "the last that was known"
    );
    assert!(seen.cluster.get().unwrap().namesrvs[0].error.is_some());
}

#[tokio::test]
async fn nothing_is_known_before_anybody_has_answered() {
    let namesrv = FakeNamesrv::start().await;
    namesrv.kill().await;
    let (client, _) = client_of(&[&namesrv]);
    let seen = Observer::new(client).read(&all()).await;
    assert!(seen.cluster.get().is_none() && seen.cluster.is_stale);
    assert_eq!(seen.cluster.faults.len(), 1);
    assert_eq!(seen.taken_ms, 0);
}

#[tokio::test]
async fn a_broker_that_keeps_its_peace_does_not_hold_up_the_others() {
    let mut cluster = Cluster::start().await;
    cluster.observer.patience = SECOND * 2;
    let wants = Wants {
        cluster: true,
        ..Wants::default()
    };
    cluster
        .b
        .on(RequestCode::GetBrokerRuntimeInfo, |_| Said::Nothing);
    let first = cluster.observer.read(&wants).await;
    let brokers = &first.cluster.get().unwrap().brokers;
    assert_eq!(brokers[0].version.as_deref(), Some("V5_3_3"));
    assert_eq!(brokers[1].version, None);
    // its request is still under way and is not asked again, nor waited for
    cluster.pass(3, 0, 0);
    let second = cluster.observer.read(&wants).await;
    let error = second.cluster.get().unwrap().brokers[1].error.clone();
    assert_eq!(error.as_deref(), Some("no answer for 3.0 s"));
    assert_eq!(cluster.b.asked(RequestCode::GetBrokerRuntimeInfo).len(), 1);
    assert_eq!(cluster.a.asked(RequestCode::GetBrokerRuntimeInfo).len(), 2);
}
