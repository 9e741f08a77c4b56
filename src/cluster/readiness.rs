//! When a cluster is ready: every name server knows every running broker and every topic.

use crate::error::ClusterError;
use crate::spec::TopicSpec;
use clock::SharedClock;
use protocol::body::{ClusterInfo, TopicRouteData};
use protocol::header::{CreateTopicRequestHeader, GetRouteInfoRequestHeader};
use protocol::{RemotingCommand, RequestCode};
use remoting::{Client, ClientConfig, NoRequests};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long a cluster may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// Between two looks: name servers learn of a broker in well under a millisecond.
const LOOK_EVERY: Duration = Duration::from_millis(1);

const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Read and write.
const PERM: i32 = 6;

/// Asks the nodes over their own sockets, as any client would.
#[derive(Debug)]
pub(crate) struct Probe {
    client: Client,
}

impl Probe {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self {
            client: Client::new(ClientConfig::default(), clock, Arc::new(NoRequests)),
        }
    }

    /// Waits until each name server knows the brokers by exactly these names.
    pub(crate) async fn brokers_known(
        &self,
        namesrvs: &[SocketAddr],
        brokers: &BTreeSet<String>,
    ) -> Result<(), ClusterError> {
        let patience = Patience::new();
        for namesrv in namesrvs {
            loop {
                let known = self.brokers_of(*namesrv).await;
                let Some(missing) = brokers.difference(&known).next() else {
                    break;
                };
                let missing = || format!("name server {namesrv} does not know {missing}");
                patience.wait_for(missing).await?;
            }
        }
        Ok(())
    }

    /// Makes the topic on a broker.
    pub(crate) async fn create_topic(
        &self,
        broker: (&str, SocketAddr),
        topic: &TopicSpec,
    ) -> Result<(), ClusterError> {
        let header = CreateTopicRequestHeader {
            topic: topic.name.clone(),
            default_topic: "TBW102".to_owned(),
            read_queue_nums: topic.queues,
            write_queue_nums: topic.queues,
            perm: PERM,
            topic_filter_type: "SINGLE_TAG".to_owned(),
            order: false,
            ..CreateTopicRequestHeader::default()
        };
        let request =
            RemotingCommand::request(RequestCode::UpdateAndCreateTopic).with_header(&header);
        let failed = |reason: String| ClusterError::Topic {
            topic: topic.name.clone(),
            node: broker.0.to_owned(),
            reason,
        };
        let response = self
            .client
            .invoke(&broker.1.to_string(), request, REQUEST_TIMEOUT)
            .await;
        let response = response.map_err(|error| failed(error.to_string()))?;
        if response.is_success() {
            return Ok(());
        }
        Err(failed(
            response
                .remark
                .unwrap_or_else(|| format!("code {}", response.code)),
        ))
    }

    /// Waits until each name server has a route over so many brokers for the topic.
    pub(crate) async fn topic_known(
        &self,
        namesrvs: &[SocketAddr],
        topic: &str,
        broker_count: usize,
    ) -> Result<(), ClusterError> {
        let patience = Patience::new();
        for namesrv in namesrvs {
            while self.brokers_of_topic(*namesrv, topic).await < broker_count {
                let missing = || format!("name server {namesrv} has no full route for {topic}");
                patience.wait_for(missing).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn shutdown(&self) {
        self.client.shutdown().await;
    }

    async fn brokers_of(&self, namesrv: SocketAddr) -> BTreeSet<String> {
        let request = RemotingCommand::request(RequestCode::GetBrokerClusterInfo);
        let response = self
            .client
            .invoke(&namesrv.to_string(), request, REQUEST_TIMEOUT)
            .await;
        let info = response
            .ok()
            .and_then(|response| ClusterInfo::from_json(&response.body).ok());
        info.map(|info| info.broker_addr_table.into_keys().collect())
            .unwrap_or_default()
    }

    async fn brokers_of_topic(&self, namesrv: SocketAddr, topic: &str) -> usize {
        let header = GetRouteInfoRequestHeader {
            topic: topic.to_owned(),
            ..GetRouteInfoRequestHeader::default()
        };
        let request =
            RemotingCommand::request(RequestCode::GetRouteinfoByTopic).with_header(&header);
        let response = self
            .client
            .invoke(&namesrv.to_string(), request, REQUEST_TIMEOUT)
            .await;
        let response = response.ok().filter(RemotingCommand::is_success);
        let route = response.and_then(|response| TopicRouteData::from_json(&response.body).ok());
        route.map_or(0, |route| route.broker_datas.len())
    }
}

/// How long is waited for a cluster, counted from here.
#[derive(Debug, Clone, Copy)]
struct Patience {
    deadline: tokio::time::Instant,
}

impl Patience {
    fn new() -> Self {
        Self {
            deadline: tokio::time::Instant::now() + READY_WITHIN,
        }
    }

    /// Waits a moment for what is missing, unless that has been missing for too long.
    async fn wait_for(self, missing: impl FnOnce() -> String) -> Result<(), ClusterError> {
        if tokio::time::Instant::now() > self.deadline {
            return Err(ClusterError::NotReady {
                after: READY_WITHIN,
                missing: missing(),
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
        Ok(())
    }
}
