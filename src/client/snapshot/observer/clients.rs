//! Everybody who is connected, from what brokers and the clients themselves said.

use std::collections::BTreeMap;

use protocol::body::{Connection, ConsumerConnection, ConsumerRunningInfo, ProducerInfo};
use protocol::{name, version};

use super::gathered::{Gathered, Roll};
use super::slot::Slot;
use super::{Moment, Reading};
use crate::snapshot::{ClientKind, ClientState};

/// The section of clients.
pub(super) fn section(gathered: &Gathered, moment: &Moment) -> Reading<Vec<ClientState>> {
    let mut roll = Roll::default();
    gathered.note_namesrvs(&mut roll, moment);
    let mut clients: BTreeMap<(String, ClientKind, String), ClientState> = BTreeMap::new();
    for (group, slots) in &gathered.connections {
        for (broker, slot) in slots {
            roll.note_aside(broker, slot, moment.now, moment.patience);
            let Some(said) = slot.value().and_then(Option::as_ref) else {
                continue;
            };
            for member in &said.connection_set {
                let key = (
                    member.client_id.clone(),
                    ClientKind::Consumer,
                    group.clone(),
                );
                let client = clients
                    .entry(key)
                    .or_insert_with(|| consumer(gathered, group, member, said));
                client.brokers.push(broker.clone());
            }
        }
    }
    for (broker, slot) in &gathered.producers {
        roll.note(broker, slot, moment.now, moment.patience);
        for (group, producers) in slot.value().into_iter().flat_map(|said| &said.data) {
            for known in producers {
                let key = (known.client_id.clone(), ClientKind::Producer, group.clone());
                let client = clients.entry(key).or_insert_with(|| producer(group, known));
                client.brokers.push(broker.clone());
                client.last_heartbeat_ms = client
                    .last_heartbeat_ms
                    .max(Some(known.last_update_timestamp));
            }
        }
    }
    let mut value: Vec<ClientState> = clients.into_values().collect();
    for client in &mut value {
        client.brokers.dedup();
    }
    Reading { value, roll }
}

fn consumer(
    gathered: &Gathered,
    group: &str,
    member: &Connection,
    said: &ConsumerConnection,
) -> ClientState {
    let info = gathered
        .infos
        .get(group)
        .and_then(|infos| infos.get(&member.client_id));
    let info = info.and_then(Slot::value);
    // What a member says it wants, or else what the group wants.
    let wanted: Vec<_> = match info {
        Some(info) => info.subscription_set.iter().collect(),
        None => said.subscription_table.values().collect(),
    };
    let mut subscriptions: Vec<(String, String)> = wanted
        .into_iter()
        .filter(|data| !name::is_retry_topic(&data.topic))
        .map(|data| (data.topic.clone(), data.sub_string.clone()))
        .collect();
    subscriptions.sort();
    let doing = info.map(Doing::of);
    ClientState {
        client_id: member.client_id.clone(),
        kind: ClientKind::Consumer,
        group: group.to_owned(),
        language: member.language.name().to_lowercase(),
        version: version::name_of(member.version),
        addr: member.client_addr.clone(),
        brokers: Vec::new(),
        subscriptions,
        queues: doing.as_ref().map(|doing| doing.queues),
        last_heartbeat_ms: None,
        in_flight: doing.as_ref().map(|doing| doing.in_flight),
        consume_rt_ms: doing.as_ref().and_then(|doing| doing.rt_ms),
        consume_tps: doing.as_ref().map(|doing| doing.tps),
    }
}

fn producer(group: &str, known: &ProducerInfo) -> ClientState {
    ClientState {
        client_id: known.client_id.clone(),
        kind: ClientKind::Producer,
        group: group.to_owned(),
        language: known.language.name().to_lowercase(),
        version: version::name_of(known.version),
        // Java writes a socket address as "/10.0.0.5:51022".
        addr: known.remote_ip.trim_start_matches('/').to_owned(),
        brokers: Vec::new(),
        subscriptions: Vec::new(),
        queues: None,
        last_heartbeat_ms: None,
        in_flight: None,
        consume_rt_ms: None,
        consume_tps: None,
    }
}

/// What a consumer says it is doing.
struct Doing {
    queues: usize,
    in_flight: i64,
    rt_ms: Option<f64>,
    tps: f64,
}

impl Doing {
    fn of(info: &ConsumerRunningInfo) -> Self {
        let pulled = info.mq_table.values().filter(|state| !state.droped);
        let popped = info.mq_pop_table.values().filter(|state| !state.droped);
        let cached = pulled
            .clone()
            .map(|state| i64::from(state.cached_msg_count));
        let waiting = popped.clone().map(|state| i64::from(state.wait_ack_count));
        let mut tps = 0.0;
        let mut time = 0.0;
        for status in info.status_table.values() {
            let done = status.consume_ok_tps + status.consume_failed_tps;
            tps += status.consume_ok_tps;
            time += done * status.consume_rt;
        }
        let done: f64 = info
            .status_table
            .values()
            .map(|status| status.consume_ok_tps + status.consume_failed_tps)
            .sum();
        Self {
            queues: pulled.count() + popped.count(),
            in_flight: cached.chain(waiting).sum(),
            rt_ms: (done > 0.0).then(|| time / done),
            tps,
        }
    }
}
