//! Telling brokers who we are: producers to masters, consumers to every broker, as RocketMQ does.

use std::sync::Arc;

use protocol::body::{HeartbeatData, ProducerData};
use protocol::header::UnregisterClientRequestHeader;
use protocol::{RemotingCommand, RequestCode};

use crate::concurrently;
use crate::peer::Peer;
use crate::route::MASTER_ID;
use crate::shared::Shared;

/// A broker that hears from us.
struct Hearer {
    name: String,
    addr: String,
}

impl Shared {
    /// Sends a heartbeat to every broker that should hear from us, and waits for the answers. A broker
    /// that cannot be told now is told the next time.
    pub(crate) async fn heartbeat_all(self: &Arc<Self>) {
        let _beating = self.beating.lock().await;
        let Some(data) = self.heartbeat_data() else {
            return;
        };
        let body = bytes::Bytes::from(data.to_json());
        let only_masters = data.consumer_data_set.is_empty();
        let beats = self.hearers(only_masters).into_iter().map(|hearer| {
            let (shared, body) = (Arc::clone(self), body.clone());
            async move {
                let code = RequestCode::HeartBeat;
                let request = RemotingCommand::request(code).with_body(body);
                let peer = Peer::broker(&hearer.name, &hearer.addr);
                if let Err(error) = shared.ask(peer, code, request).await {
                    tracing::debug!(broker = %hearer.name, %error, "a heartbeat failed");
                }
            }
        });
        concurrently::all(beats).await;
    }

    /// Tells every broker that a group has lost this member, so that the others need not wait.
    pub(crate) async fn unregister(
        self: &Arc<Self>,
        producer_group: Option<&str>,
        consumer_group: Option<&str>,
    ) {
        // Not before heartbeats that still name the group have arrived.
        let _beating = self.beating.lock().await;
        let header = UnregisterClientRequestHeader {
            client_id: self.client_id.clone(),
            producer_group: producer_group.map(str::to_owned),
            consumer_group: consumer_group.map(str::to_owned),
        };
        let farewells = self
            .hearers(consumer_group.is_none())
            .into_iter()
            .map(|hearer| {
                let (shared, header) = (Arc::clone(self), header.clone());
                async move {
                    let code = RequestCode::UnregisterClient;
                    let request = RemotingCommand::request(code).with_header(&header);
                    let peer = Peer::broker(&hearer.name, &hearer.addr);
                    if let Err(error) = shared.ask(peer, code, request).await {
                        tracing::debug!(broker = %hearer.name, %error, "a farewell failed");
                    }
                }
            });
        concurrently::all(farewells).await;
    }

    /// What there is to tell; `None` if nothing.
    fn heartbeat_data(&self) -> Option<HeartbeatData> {
        let consumers = self.groups.consumers();
        let producers = self.groups.producer_groups();
        if consumers.is_empty() && producers.is_empty() {
            return None;
        }
        let producer = |group_name| ProducerData { group_name };
        Some(HeartbeatData {
            client_id: self.client_id.clone(),
            consumer_data_set: consumers
                .iter()
                .map(|member| member.consumer_data())
                .collect(),
            producer_data_set: producers.into_iter().map(producer).collect(),
            ..HeartbeatData::default()
        })
    }

    /// The brokers of every topic that this client has to do with, each address once.
    fn hearers(&self, only_masters: bool) -> Vec<Hearer> {
        let mut hearers: Vec<Hearer> = Vec::new();
        for route in self.routes.known() {
            for (name, id, addr) in route.brokers() {
                let is_known = hearers.iter().any(|hearer| hearer.addr == addr);
                if !is_known && (id == MASTER_ID || !only_masters) {
                    hearers.push(Hearer {
                        name: name.to_owned(),
                        addr: addr.to_owned(),
                    });
                }
            }
        }
        hearers
    }
}
