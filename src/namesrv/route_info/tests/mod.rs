//! Stories of brokers that come, change and go, told by what the routes then show.

mod coming_and_going;
mod limits;
mod masters_and_slaves;
mod topics;

use super::register::{Refusal, Registered, TopicRefusal};
use super::*;
use protocol::body::TopicConfig;

/// A name server's tables and the moment that the story has reached.
#[derive(Default)]
struct Story {
    routes: RouteInfo,
    now: Duration,
    delete_absent: bool,
}

/// A broker as it registers: in cluster `C`, with the topics `T` and `U` of 4 queues each.
fn broker(name: &str, id: i64, addr: &str) -> Registration {
    Registration {
        cluster: "C".into(),
        broker: name.into(),
        broker_id: id,
        addr: addr.into(),
        ha_server_addr: format!("ha-of-{addr}"),
        zone: None,
        enable_acting_master: Some(false),
        timeout: Duration::from_secs(120),
        data_version: DataVersion::new(1),
        topics: BTreeMap::new(),
        mappings: BTreeMap::new(),
        filter_servers: Some(Vec::new()),
        connection: 1,
    }
    .with_topics(&["T", "U"])
}

impl Registration {
    fn with_topics(mut self, topics: &[&str]) -> Self {
        self.topics = topics
            .iter()
            .map(|topic| ((*topic).to_owned(), TopicConfig::new(*topic, 4)))
            .collect();
        self
    }

    fn with_queues(mut self, topic: &str, queues: i32) -> Self {
        self.topics
            .insert(topic.to_owned(), TopicConfig::new(topic, queues));
        self
    }

    fn with_version(mut self, counter: i64) -> Self {
        self.data_version.counter = counter;
        self
    }

    fn with_state(mut self, state_version: i64) -> Self {
        self.data_version.state_version = state_version;
        self
    }

    fn with_acting_master(mut self) -> Self {
        self.enable_acting_master = Some(true);
        self
    }

    fn on(mut self, connection: u64) -> Self {
        self.connection = connection;
        self
    }

    fn in_cluster(mut self, cluster: &str) -> Self {
        self.cluster = cluster.into();
        self
    }
}

impl Story {
    fn register(&mut self, registration: &Registration) -> Registered {
        self.try_register(registration).unwrap()
    }

    fn try_register(&mut self, registration: &Registration) -> Result<Registered, Refusal> {
        self.routes
            .register(registration, self.delete_absent, self.now)
    }

    fn unregister(&mut self, name: &str, addr: &str) {
        self.routes.unregister(BrokerId {
            key: BrokerKey::new("C", addr),
            broker: name.into(),
        });
    }

    /// A topic's brokers with their addresses, queues to read and write and permission.
    #[track_caller]
    fn check(&self, topic: &str, expected: &str) {
        self.check_route(topic, false, expected);
    }

    #[track_caller]
    fn check_route(&self, topic: &str, acting_masters: bool, expected: &str) {
        let route = self.routes.route(topic, acting_masters);
        let shown = route.map_or("no route".to_owned(), |route| show(&route));
        assert_eq!(shown, expected, "route of {topic}");
    }

    #[track_caller]
    fn check_clusters(&self, expected: &str) {
        let info = self.routes.cluster_info();
        let shown: Vec<String> = info
            .cluster_addr_table
            .iter()
            .map(|(cluster, brokers)| {
                let brokers: Vec<_> = brokers.iter().map(String::as_str).collect();
                format!("{cluster}: {}", brokers.join(" "))
            })
            .collect();
        assert_eq!(shown.join(", "), expected);
    }
}

fn show(route: &TopicRouteData) -> String {
    let show_broker = |(broker, queue): (&BrokerData, &QueueData)| {
        assert_eq!(broker.broker_name, queue.broker_name);
        let addrs: Vec<_> = broker
            .broker_addrs
            .iter()
            .map(|(id, addr)| format!("{id}={addr}"))
            .collect();
        format!(
            "{} {} {}r{}w {}",
            broker.broker_name,
            addrs.join(","),
            queue.read_queue_nums,
            queue.write_queue_nums,
            perm::to_text(queue.perm)
        )
    };
    let brokers = route.broker_datas.iter().zip(&route.queue_datas);
    let shown: Vec<_> = brokers.map(show_broker).collect();
    shown.join(" / ")
}
