//! Clusters for tests: states to draw, and a source that is told what to answer.

use std::sync::Arc;

use client::BrokerNode;
use client::snapshot::{
    AllocatedQueue, Allocation, BrokerState, ClientKind, ClientState, ClusterState, GroupHealth,
    GroupQueue, GroupState, Member, NamesrvState, OwnedBy, Section, Snapshot, TopicKind,
    TopicState, Wants,
};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use protocol::body::{MessageModel, MessageQueue};
use protocol::message::{MessageExt, Properties, property};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::BoxFuture;
use crate::action::Action;
use crate::effect::Effect;
use crate::key::Key;
use crate::keymap::Keymap;
use crate::source::Source;
use crate::state::{State, Target};
use crate::theme::{Theme, ThemeName};
use crate::update::update;

/// What time it is in tests: 2023-11-14 22:13:20 UTC.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// A source that gives one answer and notes what it was asked.
#[derive(Debug)]
pub(crate) struct FakeSource {
    answer: Snapshot,
    asked: Mutex<Vec<Wants>>,
}

impl FakeSource {
    pub(crate) fn answering(answer: Snapshot) -> Arc<Self> {
        Arc::new(Self {
            answer,
            asked: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn asked(&self) -> Vec<Wants> {
        self.asked.lock().clone()
    }
}

impl Source for FakeSource {
    fn read<'a>(&'a self, wants: &'a Wants) -> BoxFuture<'a, Snapshot> {
        self.asked.lock().push(wants.clone());
        let answer = self.answer.clone();
        Box::pin(async move { answer })
    }
}

/// A state without data, in a terminal of this size, without colours.
pub(crate) fn empty(columns: u16, rows: u16) -> State {
    let target = Target {
        name: "default".to_owned(),
        namesrv: vec!["127.0.0.1:9876".to_owned()],
        is_ephemeral: true,
        is_local: true,
        ..Target::default()
    };
    let theme = Theme {
        name: ThemeName::Mono,
        ..Theme::default()
    };
    let mut state = State::new(target, Keymap::default(), theme, TimeZone::UTC);
    state.now_ms = NOW_MS;
    update(&mut state, Action::Resize(columns, rows));
    state
}

/// The same after a reading.
pub(crate) fn state(columns: u16, rows: u16) -> State {
    let mut state = empty(columns, rows);
    give(&mut state, snapshot(NOW_MS));
    state
}

/// A reading arrives.
pub(crate) fn give(state: &mut State, snapshot: Snapshot) -> Vec<Effect> {
    update(state, Action::Data(Box::new(snapshot)))
}

/// Presses keys, written as in the settings and separated by spaces.
pub(crate) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.split_whitespace() {
        let key = Key::parse(key).unwrap();
        effects.extend(update(state, Action::Key(key)));
    }
    effects
}

/// Types a text.
pub(crate) fn type_in(state: &mut State, text: &str) {
    for c in text.chars() {
        update(state, Action::Key(Key::char(c)));
    }
}

/// The screen as text, without the spaces at the ends of lines.
pub(crate) fn screen(state: &State) -> String {
    let (columns, rows) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| crate::view::view(state, frame))
        .unwrap();
    let shown = terminal.backend().to_string();
    let lines = shown.lines().map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

/// A cluster of three brokers, three topics, three groups, at a moment.
pub(crate) fn snapshot(taken_ms: i64) -> Snapshot {
    Snapshot {
        taken_ms,
        cluster: cluster_section(3, taken_ms),
        topics: Section::read(
            vec![
                topic("%DLQ%billing", TopicKind::DeadLetter, Some(0.0)),
                topic("orders", TopicKind::Fifo, Some(812.4)),
                topic("orders-returns", TopicKind::Normal, Some(14.0)),
            ],
            taken_ms,
            Vec::new(),
        ),
        groups: Section::read(
            vec![
                group("audit", GroupHealth::Ok, Some(212)),
                group("billing", GroupHealth::Lagging, Some(3_912)),
                group("nightly", GroupHealth::Offline, Some(88_120)),
            ],
            taken_ms,
            Vec::new(),
        ),
        clients: Section::read(clients(), taken_ms, Vec::new()),
        ..Snapshot::default()
    }
}

/// Two members of a group, one of them slow, and a producer.
pub(crate) fn clients() -> Vec<ClientState> {
    let member = |id: &str, rt: f64| ClientState {
        client_id: id.to_owned(),
        kind: ClientKind::Consumer,
        group: "billing".to_owned(),
        language: "JAVA".to_owned(),
        version: "V5_3_0".to_owned(),
        addr: "10.0.0.7:40112".to_owned(),
        brokers: vec!["b-0".to_owned(), "b-1".to_owned()],
        subscriptions: vec![("orders".to_owned(), "*".to_owned())],
        queues: Some(6),
        last_heartbeat_ms: None,
        in_flight: Some(128),
        consume_rt_ms: Some(rt),
        consume_tps: Some(221.0),
    };
    vec![
        ClientState {
            kind: ClientKind::Producer,
            group: "api-out".to_owned(),
            language: "RUST".to_owned(),
            subscriptions: Vec::new(),
            queues: None,
            last_heartbeat_ms: Some(NOW_MS - 800),
            in_flight: None,
            consume_rt_ms: None,
            consume_tps: None,
            ..member("10.0.0.5@api-1", 0.0)
        },
        member("10.0.0.7@web-1", 180.0),
        ClientState {
            subscriptions: vec![("orders".to_owned(), "paid || sent".to_owned())],
            ..member("10.0.0.8@web-2", 2.5)
        },
    ]
}

/// How far a group is in the queues of `orders` on three brokers.
fn group_queues(lag: i64) -> Vec<GroupQueue> {
    let queue = |broker: i32, id: i32| MessageQueue {
        topic: "orders".to_owned(),
        broker_name: format!("b-{broker}"),
        queue_id: id,
    };
    let behind = |at: i64| if at == 3 { lag } else { 0 };
    (0..6)
        .map(|at| GroupQueue {
            queue: queue(at / 2, at % 2),
            consumer_offset: 60_000,
            max_offset: 60_000 + behind(at.into()) + i64::from(at % 2),
        })
        .collect()
}

pub(crate) fn cluster_section(brokers: u16, taken_ms: i64) -> Section<ClusterState> {
    let cluster = ClusterState {
        names: vec!["DefaultCluster".to_owned()],
        namesrvs: vec![NamesrvState {
            addr: "127.0.0.1:9876".to_owned(),
            error: None,
        }],
        brokers: (0..brokers).map(broker).collect(),
    };
    Section::read(cluster, taken_ms, Vec::new())
}

pub(crate) fn broker(at: u16) -> BrokerState {
    BrokerState {
        node: BrokerNode {
            cluster: "DefaultCluster".to_owned(),
            name: format!("b-{at}"),
            id: 0,
            addr: format!("127.0.0.1:{}", 10_911 + 10 * at),
        },
        is_routed: true,
        error: None,
        version: Some("V5_3_2".to_owned()),
        boot_ms: Some(NOW_MS - 252_000),
        in_per_s: Some(400.0 + f64::from(at)),
        out_per_s: Some(390.5),
        in_today: Some(100_800),
        disk_ratio: Some(0.12),
        put_p99_ms: Some(1.9),
        runtime: [("bootTimestamp".to_owned(), (NOW_MS - 252_000).to_string())].into(),
    }
}

pub(crate) fn topic(name: &str, kind: TopicKind, in_per_s: Option<f64>) -> TopicState {
    TopicState {
        topic: name.to_owned(),
        kind,
        brokers: (0..3).map(|at| (format!("b-{at}"), 8, 8, 6)).collect(),
        messages: Some(184_210),
        in_per_s,
        out_per_s: in_per_s.map(|rate| rate * 0.99),
        groups: Some(vec![("billing".to_owned(), 3_912), ("audit".to_owned(), 0)]),
        last_write_ms: Some(NOW_MS - 800),
        oldest_ms: Some(NOW_MS - 169_920_000),
        queues: None,
    }
}

/// This many topics.
pub(crate) fn topics_section(count: usize, taken_ms: i64) -> Section<Vec<TopicState>> {
    let topics =
        (0..count).map(|at| topic(&format!("topic-{at:05}"), TopicKind::Normal, Some(1.0)));
    Section::read(topics.collect(), taken_ms, Vec::new())
}

pub(crate) fn group(name: &str, health: GroupHealth, lag: Option<i64>) -> GroupState {
    let is_offline = health == GroupHealth::Offline;
    GroupState {
        group: name.to_owned(),
        model: (!is_offline).then_some(MessageModel::Clustering),
        kind: (!is_offline).then_some("push"),
        members: Some(if is_offline { 0 } else { 4 }),
        topics: vec!["orders".to_owned()],
        lag,
        lag_by_topic: lag
            .map(|lag| ("orders".to_owned(), lag))
            .into_iter()
            .collect(),
        lag_growth_per_s: Some(if health == GroupHealth::Lagging {
            41.0
        } else {
            0.0
        }),
        out_per_s: Some(221.0),
        retry: Some(12),
        dead_letters: Some(7),
        health,
        owned: None,
        queues: lag.map(group_queues),
        findings: (!is_offline).then(Vec::new),
    }
}

/// Who of group `billing` reads which queue of topic `orders`: a letter for each queue, `-` for nobody.
pub(crate) fn allocation(owners: &str) -> Allocation {
    let owners: Vec<&str> = owners.split_whitespace().collect();
    let mut ids: Vec<&str> = owners.iter().copied().filter(|id| *id != "-").collect();
    ids.sort_unstable();
    ids.dedup();
    let brokers = owners.len().div_ceil(8);
    let mut queues = queues(brokers, 8);
    queues.truncate(owners.len());
    for (queue, owner) in queues.iter_mut().zip(owners) {
        if owner != "-" {
            queue.owner = OwnedBy::Said(owner.to_owned());
        }
    }
    Allocation {
        group: "billing".to_owned(),
        topic: "orders".to_owned(),
        members: ids.into_iter().map(member).collect(),
        queues,
        strategy: Some("AVG"),
    }
}

pub(crate) fn allocation_section(owners: &str, taken_ms: i64) -> Section<Allocation> {
    Section::read(allocation(owners), taken_ms, Vec::new())
}

pub(crate) fn member(id: &str) -> Member {
    Member {
        client_id: id.to_owned(),
        addr: "10.0.0.7:40112".to_owned(),
        language: "JAVA".to_owned(),
        version: "V5_3_0".to_owned(),
    }
}

/// The queues of `orders` on some brokers, with lags of many sizes and nobody who reads them.
pub(crate) fn queues(brokers: usize, each: i32) -> Vec<AllocatedQueue> {
    let mut queues = Vec::new();
    for broker in 0..brokers {
        for id in 0..each {
            let at = i64::try_from(queues.len()).unwrap();
            let lag = [3, 40, 200, 700, 2_597, 0, 12_000, 90][queues.len() % 8];
            queues.push(AllocatedQueue {
                queue: MessageQueue::new("orders", format!("b-{broker:02}"), id),
                owner: OwnedBy::Nobody,
                min_offset: Some(0),
                max_offset: Some(60_000 + at),
                consumer_offset: Some(60_000 + at - lag),
                in_per_s: Some(33.0 + f64::from(id)),
                out_per_s: Some(12.0),
                next_stored_ms: Some(NOW_MS - lag * 10),
                last_write_ms: Some(NOW_MS - 1_000),
            });
        }
    }
    queues
}

/// A message of `orders` on `b-0` that was made 25 ms before it was stored.
pub(crate) fn message(queue: i32, offset: i64, body: &[u8]) -> MessageExt {
    let mut properties = Properties::default();
    properties.insert(property::KEYS, format!("A-{offset}"));
    properties.insert(property::TAGS, "paid");
    properties.insert(property::UNIQUE_KEY, format!("7F0000010000{offset:020}"));
    properties.insert("region", "eu");
    MessageExt {
        broker_name: "b-0".to_owned(),
        topic: "orders".to_owned(),
        body: body.to_vec().into(),
        properties,
        flag: 0,
        queue_id: queue,
        queue_offset: offset,
        physical_offset: 41_220_118,
        sys_flag: 0,
        born_timestamp: NOW_MS - 25,
        born_host: ([10, 0, 0, 5], 51_022).into(),
        store_timestamp: NOW_MS,
        store_host: ([127, 0, 0, 1], 10_911).into(),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        store_size: 300,
        body_crc: 0,
    }
}
