//! One client: what producers, consumers and administration are made from.

use std::sync::Arc;

use clock::SharedClock;

use crate::admin::Admin;
use crate::consumer::{MessageListener, PullConsumer, PushConsumer, PushConsumerConfig};
use crate::producer::{Producer, ProducerConfig};
use crate::route::TopicRoute;
use crate::shared::Shared;
use crate::{ClientConfig, ClientError, upkeep};

/// Speaks to one cluster. Clones are the same client, with the same connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.shared.client_id)
            .field("namesrvs", &self.shared.namesrvs.addrs())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client that has not connected anywhere yet. To be called on a tokio runtime.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] without a name server.
    pub fn new(config: ClientConfig, clock: SharedClock) -> Result<Self, ClientError> {
        let shared = Shared::new(config, clock)?;
        upkeep::start(&shared);
        Ok(Self { shared })
    }

    /// The id by which brokers tell this client from others.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.shared.client_id
    }

    /// The name servers, as they were given.
    #[must_use]
    pub fn namesrvs(&self) -> &[String] {
        self.shared.namesrvs.addrs()
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.shared.config
    }

    /// The client's time.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.shared.clock
    }

    /// Administration of the cluster.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(Arc::clone(&self.shared))
    }

    /// A producer.
    ///
    /// # Errors
    /// [`ClientError::InvalidName`] for a group that RocketMQ does not take.
    pub fn producer(&self, config: ProducerConfig) -> Result<Producer, ClientError> {
        Producer::new(Arc::clone(&self.shared), config)
    }

    /// A reader of queues; see [`TOOLS_CONSUMER_GROUP`](crate::TOOLS_CONSUMER_GROUP).
    ///
    /// # Errors
    /// [`ClientError::InvalidName`] for a group that RocketMQ does not take.
    pub fn pull_consumer(&self, group: &str) -> Result<PullConsumer, ClientError> {
        PullConsumer::new(Arc::clone(&self.shared), group)
    }

    /// A member of a consumer group. It consumes until it, or the client, is shut down, whether or not
    /// anybody keeps the handle.
    ///
    /// # Errors
    /// Settings that make no sense, a second consumer of a group in one client, or no name server.
    pub async fn push_consumer(
        &self,
        config: PushConsumerConfig,
        listener: impl MessageListener,
    ) -> Result<PushConsumer, ClientError> {
        PushConsumer::start(Arc::clone(&self.shared), config, Arc::new(listener)).await
    }

    /// The route of a topic, asked for when it is not known or more than a minute old.
    ///
    /// # Errors
    /// [`ClientError::TopicNotFound`], or no name server.
    pub async fn topic_route(&self, topic: &str) -> Result<Arc<TopicRoute>, ClientError> {
        self.shared.routes.get(topic).await
    }

    /// Stops what was made from this client, takes leave of the brokers and closes all connections.
    pub async fn shutdown(&self) {
        for member in self.shared.groups.consumers() {
            member.shutdown().await;
        }
        for group in self.shared.groups.take_producers() {
            self.shared.unregister(Some(&group), None).await;
        }
        self.shared.stopped.cancel();
        self.shared.wire.shutdown().await;
    }
}
