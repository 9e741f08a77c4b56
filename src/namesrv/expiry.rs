//! Looks for brokers that have fallen silent, again and again.

use crate::node::Node;
use std::sync::Arc;

/// Takes silent brokers out of the routes for ever, as often as the settings say.
pub(crate) async fn run(node: Arc<Node>) {
    loop {
        let interval = node.config.read().scan_interval;
        tokio::time::sleep(interval).await;
        scan(&node);
    }
}

/// Takes out every broker that is silent by now and closes the connections that they came on.
pub(crate) fn scan(node: &Node) {
    let now = node.clock.elapsed();
    let expired = node.routes.write().expire(now);
    for (broker, connection) in expired {
        tracing::warn!(
            broker = broker.broker,
            addr = broker.key.addr,
            "a broker has been silent for too long and leaves the routes"
        );
        node.close_registering_connection(connection);
    }
}
