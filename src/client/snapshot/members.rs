//! Connected clients.

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientKind {
    /// It consumes.
    Consumer,
    /// It sends.
    Producer,
}

/// A connected client, once for each group that it is a member of.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientState {
    /// Its client id.
    pub client_id: String,
    /// What it does in this group.
    pub kind: ClientKind,
    /// The group.
    pub group: String,
    /// Its language.
    pub language: String,
    /// Its version.
    pub version: String,
    /// Its address, as a broker sees it.
    pub addr: String,
    /// The brokers that it is connected to, by name.
    pub brokers: Vec<String>,
    /// What it subscribes to: topic and expression.
    pub subscriptions: Vec<(String, String)>,
    /// How many queues it reads.
    pub queues: Option<usize>,
    /// When a broker last heard from it, in ms since the epoch; brokers tell it of producers alone.
    pub last_heartbeat_ms: Option<i64>,
    /// Messages that it holds and has not finished.
    pub in_flight: Option<i64>,
    /// How long it takes to consume a message, on average of the last minute, in ms.
    pub consume_rt_ms: Option<f64>,
    /// Messages that it consumed a second.
    pub consume_tps: Option<f64>,
}
