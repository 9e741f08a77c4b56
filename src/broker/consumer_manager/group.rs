//! One connected consumer group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::body::{MessageModel, SubscriptionData};

use super::{ConsumeMode, GroupView};
use crate::connected_client::{ConnectedClient, Peer};

/// The members of a group and what it subscribes to.
#[derive(Debug)]
pub(super) struct Group<P> {
    mode: ConsumeMode,
    fingerprint: i32,
    subscriptions: BTreeMap<String, Arc<SubscriptionData>>,
    /// By connection: a client with two connections is two members, as in RocketMQ.
    members: BTreeMap<u64, ConnectedClient<P>>,
}

impl<P: Peer> Group<P> {
    pub(super) fn new(mode: ConsumeMode, fingerprint: i32) -> Self {
        Self {
            mode,
            fingerprint,
            subscriptions: BTreeMap::new(),
            members: BTreeMap::new(),
        }
    }

    /// Notes the fingerprint of a heartbeat; says whether it is another one than the last.
    pub(super) fn note_fingerprint(&mut self, fingerprint: i32) -> bool {
        std::mem::replace(&mut self.fingerprint, fingerprint) != fingerprint
    }

    /// Notes that a member is alive; says whether it is a new one.
    pub(super) fn note_member(&mut self, client: ConnectedClient<P>, mode: ConsumeMode) -> bool {
        self.mode = mode;
        self.members.insert(client.peer.id(), client).is_none()
    }

    /// Takes over the subscriptions of a heartbeat; says whether topics came or went. The expression
    /// of a topic that stays is replaced by a later one.
    pub(super) fn note_subscriptions(&mut self, name: &str, latest: Vec<SubscriptionData>) -> bool {
        let topics: BTreeSet<String> = latest.iter().map(|data| data.topic.clone()).collect();
        let count = self.subscriptions.len();
        self.subscriptions.retain(|topic, _| topics.contains(topic));
        let mut changed = self.subscriptions.len() < count;
        for data in latest {
            match self.subscriptions.get_mut(&data.topic) {
                Some(known) if data.sub_version > known.sub_version => *known = Arc::new(data),
                Some(_) => {}
                None => {
                    changed = true;
                    self.subscriptions
                        .insert(data.topic.clone(), Arc::new(data));
                }
            }
        }
        if changed {
            let topics: Vec<&String> = self.subscriptions.keys().collect();
            tracing::info!(group = name, ?topics, "subscriptions changed");
        }
        changed
    }

    /// Says whether there was such a member.
    pub(super) fn remove_member(&mut self, connection: u64) -> bool {
        self.members.remove(&connection).is_some()
    }

    pub(super) fn has(&self, connection: u64) -> bool {
        self.members.contains_key(&connection)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn members(&self) -> impl ExactSizeIterator<Item = &ConnectedClient<P>> {
        self.members.values()
    }

    /// The members to be told of a change: none where every member gets every message anyway.
    pub(super) fn to_notify(&self) -> Vec<Arc<P>> {
        match self.mode.message_model {
            MessageModel::Broadcasting => Vec::new(),
            MessageModel::Clustering => self
                .members()
                .map(|member| Arc::clone(&member.peer))
                .collect(),
        }
    }

    /// The members whose last heartbeat came before `moment`.
    pub(super) fn silent_since(&self, moment: Duration) -> Vec<Arc<P>> {
        let silent = self.members().filter(|member| member.seen_at < moment);
        silent.map(|member| Arc::clone(&member.peer)).collect()
    }

    pub(super) fn mode(&self) -> ConsumeMode {
        self.mode
    }

    pub(super) fn subscription(&self, topic: &str) -> Option<&Arc<SubscriptionData>> {
        self.subscriptions.get(topic)
    }

    pub(super) fn has_subscriptions(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    pub(super) fn view(&self) -> GroupView<P> {
        GroupView {
            mode: self.mode,
            members: self.members().cloned().collect(),
            subscriptions: self.subscriptions.clone(),
        }
    }
}
