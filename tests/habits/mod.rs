//! How clients of other makers write their requests, and which answers they depend on: raw frames to
//! a name server and a broker, a test for each habit that has been seen on the wire.

mod consuming;
mod groups;
mod routes;
mod sending;

use cluster::Cluster;
use tokio::runtime::Runtime;

use crate::raw::Peer;

/// One name server and one broker.
struct Nodes {
    cluster: Cluster,
    runtime: Runtime,
}

impl Nodes {
    /// Starts them with topics of so many queues.
    fn start(topics: &[(&str, i32)]) -> Self {
        Self::start_with(topics, &[])
    }

    /// The same with settings of the broker.
    fn start_with(topics: &[(&str, i32)], settings: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut builder = Cluster::builder();
        for (topic, queues) in topics {
            builder = builder.topic(*topic, *queues);
        }
        for (key, value) in settings {
            builder = builder.set(*key, *value);
        }
        let cluster = runtime.block_on(builder.start()).unwrap();
        Self { cluster, runtime }
    }

    fn broker_addr(&self) -> String {
        self.cluster.status().brokers[0].addr.clone()
    }

    fn broker(&self) -> Peer {
        Peer::connect(&self.broker_addr())
    }

    fn namesrv(&self) -> Peer {
        Peer::connect(self.cluster.namesrv_addrs()[0].as_str())
    }

    /// Ends them in good order.
    fn end(self) {
        self.runtime.block_on(self.cluster.shutdown());
    }
}
