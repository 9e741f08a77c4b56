//! Asking many servers the same thing at the same time.

use std::sync::Arc;

use protocol::{RemotingCommand, RequestCode};

use super::{Admin, BrokerNode, OnBroker};
use crate::peer::{Answer, Peer};
use crate::{ClientError, Partial, concurrently};

impl Admin {
    /// Asks each of these brokers.
    pub(super) async fn ask_each<T: Send + 'static>(
        &self,
        nodes: Vec<BrokerNode>,
        code: RequestCode,
        request: &RemotingCommand,
        read: impl Fn(Answer<'_>) -> Result<T, ClientError> + Copy + Send + Sync + 'static,
    ) -> Partial<OnBroker<T>> {
        let asked = nodes.into_iter().map(|broker| {
            let (shared, request) = (Arc::clone(&self.shared), request.clone());
            async move {
                let peer = Peer::broker(&broker.name, &broker.addr);
                let read = shared.ask(peer, code, request).await.and_then(read);
                read.map(|value| OnBroker {
                    broker: broker.clone(),
                    value,
                })
                .map_err(|error| (broker.addr, error))
            }
        });
        split(concurrently::all(asked).await)
    }

    /// Asks one broker.
    pub(crate) async fn ask_node<T>(
        &self,
        node: &BrokerNode,
        code: RequestCode,
        request: RemotingCommand,
        read: impl FnOnce(Answer<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let peer = Peer::broker(&node.name, &node.addr);
        read(self.shared.ask(peer, code, request).await?)
    }

    /// Asks one name server.
    pub(crate) async fn ask_namesrv<T>(
        &self,
        addr: &str,
        code: RequestCode,
        read: impl FnOnce(Answer<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let request = RemotingCommand::request(code);
        read(self.shared.ask(Peer::namesrv(addr), code, request).await?)
    }

    /// Tells each of these brokers, and says which have done it.
    pub(super) async fn tell_each(
        &self,
        nodes: Vec<BrokerNode>,
        code: RequestCode,
        request: &RemotingCommand,
    ) -> Partial<BrokerNode> {
        let told = self.ask_each(nodes, code, request, |_| Ok(())).await;
        told.map_items(|items| items.into_iter().map(|done| done.broker).collect())
    }

    /// Asks every name server: they do not tell each other anything.
    pub(super) async fn ask_namesrvs<T: Send + 'static>(
        &self,
        code: RequestCode,
        request: &RemotingCommand,
        read: impl Fn(Answer<'_>) -> Result<T, ClientError> + Copy + Send + Sync + 'static,
    ) -> Partial<(String, T)> {
        let asked = self.shared.namesrvs.addrs().iter().cloned().map(|addr| {
            let (shared, request) = (Arc::clone(&self.shared), request.clone());
            async move {
                let answer = shared
                    .ask(Peer::namesrv(&addr), code, request)
                    .await
                    .and_then(read);
                match answer {
                    Ok(value) => Ok((addr, value)),
                    Err(error) => Err((addr, error)),
                }
            }
        });
        split(concurrently::all(asked).await)
    }
}

pub(super) fn split<T>(results: Vec<Result<T, (String, ClientError)>>) -> Partial<T> {
    let mut partial = Partial::default();
    for result in results {
        match result {
            Ok(item) => partial.items.push(item),
            Err(failed) => partial.failed.push(failed),
        }
    }
    partial
}
