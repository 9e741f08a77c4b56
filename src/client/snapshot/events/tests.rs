//! Two snapshots, and what happened between them.

use proptest::prelude::*;
use protocol::body::MessageQueue;

use super::*;
use crate::snapshot::{ClientKind, ClientState, GroupHealth, GroupQueue, GroupState, NamesrvState};

fn broker(name: &str) -> BrokerState {
    BrokerState {
        node: BrokerNode {
            cluster: "C".to_owned(),
            name: name.to_owned(),
            id: 0,
            addr: format!("{name}:1"),
        },
        is_routed: true,
        error: None,
        version: None,
        boot_ms: Some(1),
        in_per_s: None,
        out_per_s: None,
        in_today: None,
        disk_ratio: None,
        put_p99_ms: None,
        runtime: BTreeMap::new(),
    }
}

fn topic(name: &str, brokers: &[(&str, i32)]) -> TopicState {
    let brokers = brokers.iter();
    TopicState {
        topic: name.to_owned(),
        kind: TopicKind::Normal,
        brokers: brokers
            .map(|(broker, queues)| ((*broker).to_owned(), *queues, *queues, 6))
            .collect(),
        messages: None,
        in_per_s: None,
        out_per_s: None,
        groups: None,
        last_write_ms: None,
        oldest_ms: None,
        queues: None,
    }
}

fn group(name: &str) -> GroupState {
    GroupState {
        group: name.to_owned(),
        model: None,
        kind: None,
        members: None,
        topics: Vec::new(),
        lag: None,
        lag_by_topic: Vec::new(),
        lag_growth_per_s: None,
        out_per_s: None,
        retry: None,
        dead_letters: None,
        health: GroupHealth::Unknown,
        findings: None,
        owned: None,
        queues: None,
    }
}

fn client(id: &str, group: &str) -> ClientState {
    ClientState {
        client_id: id.to_owned(),
        kind: ClientKind::Consumer,
        group: group.to_owned(),
        language: String::new(),
        version: String::new(),
        addr: String::new(),
        brokers: Vec::new(),
        subscriptions: Vec::new(),
        queues: None,
        last_heartbeat_ms: None,
        in_flight: None,
        consume_rt_ms: None,
        consume_tps: None,
    }
}

fn queue(id: i32) -> MessageQueue {
    MessageQueue::new("T", "a", id)
}

/// A snapshot whose sections were all read at this time.
fn snapshot(
    at_ms: i64,
    brokers: Vec<BrokerState>,
    topics: Vec<TopicState>,
    groups: Vec<GroupState>,
    clients: Vec<ClientState>,
) -> Snapshot {
    let cluster = ClusterState {
        names: Vec::new(),
        namesrvs: Vec::new(),
        brokers,
    };
    Snapshot {
        taken_ms: at_ms,
        cluster: Section::read(cluster, at_ms, Vec::new()),
        topics: Section::read(topics, at_ms, Vec::new()),
        groups: Section::read(groups, at_ms, Vec::new()),
        allocation: Section::default(),
        clients: Section::read(clients, at_ms, Vec::new()),
    }
}

fn texts(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    between(before, after)
        .into_iter()
        .map(|event| event.text)
        .collect()
}

#[test]
fn brokers_come_go_restart_and_fall_silent() {
    let of = |brokers| snapshot(0, brokers, vec![], vec![], vec![]);
    let all = || of(vec![broker("a"), broker("b")]);
    let with_b = |change: fn(&mut BrokerState)| {
        let mut b = broker("b");
        change(&mut b);
        of(vec![broker("a"), b])
    };
    assert_eq!(
        texts(&of(vec![broker("a")]), &all()),
        ["broker b registered at b:1"]
    );
    let gone = ["broker b is gone: no name server knows it any more"];
    assert_eq!(texts(&all(), &of(vec![broker("a")])), gone);
    // one that is kept on the screen is gone just the same
    let kept = with_b(|b| (b.is_routed, b.error) = (false, Some("refused".to_owned())));
    assert_eq!(texts(&all(), &kept), gone);
    assert!(texts(&kept, &of(vec![broker("a")])).is_empty());
    let again = with_b(|b| b.boot_ms = Some(2));
    assert_eq!(
        texts(&kept, &again),
        ["broker b registered at b:1", "broker b was restarted"]
    );
    let silent = with_b(|b| b.error = Some("no answer".to_owned()));
    assert_eq!(
        texts(&all(), &silent),
        ["broker b does not answer: no answer"]
    );
    assert_eq!(texts(&silent, &all()), ["broker b answers again"]);
}

#[test]
fn a_name_server_falls_silent_and_comes_back() {
    let of = |error: Option<&str>| {
        let cluster = ClusterState {
            namesrvs: vec![NamesrvState {
                addr: "n:1".to_owned(),
                error: error.map(str::to_owned),
            }],
            ..ClusterState::default()
        };
        Snapshot {
            cluster: Section::read(cluster, 0, Vec::new()),
            ..Snapshot::default()
        }
    };
    assert_eq!(
        texts(&of(None), &of(Some("refused"))),
        ["name server n:1 does not answer: refused"]
    );
    assert_eq!(
        texts(&of(Some("refused")), &of(None)),
        ["name server n:1 answers again"]
    );
}

#[test]
fn topics_are_created_deleted_and_changed() {
    let of = |topics| snapshot(0, vec![broker("a"), broker("b")], topics, vec![], vec![]);
    let two = || of(vec![topic("T", &[("a", 4), ("b", 4)])]);
    assert_eq!(
        texts(&of(vec![]), &two()),
        ["topic T was created with 8 queues on 2 brokers"]
    );
    assert_eq!(texts(&two(), &of(vec![])), ["topic T was deleted"]);
    let more = of(vec![topic("T", &[("a", 8), ("b", 4)])]);
    assert_eq!(
        texts(&two(), &more),
        ["topic T has 8 read and 8 write queues on a, was 4 and 4"]
    );
    let fewer = of(vec![topic("T", &[("a", 4)])]);
    assert_eq!(texts(&two(), &fewer), ["topic T is on other brokers: a"]);
    // that a broker is gone is told of the broker, not of each of its topics
    let alone = snapshot(
        0,
        vec![broker("a")],
        vec![topic("T", &[("a", 4)])],
        vec![],
        vec![],
    );
    assert_eq!(
        texts(&two(), &alone),
        ["broker b is gone: no name server knows it any more"]
    );
}

#[test]
fn members_come_and_go_and_queues_change_hands() {
    let of = |ids: &[(&str, Option<&[i32]>)]| {
        let mut state = group("g");
        let owned = ids.iter().map(|(id, queues)| {
            let queues = queues.map(|ids| ids.iter().map(|id| queue(*id)).collect());
            ((*id).to_owned(), queues)
        });
        state.owned = Some(owned.collect());
        state.members = Some(ids.len());
        let clients = ids.iter().map(|(id, _)| client(id, "g")).collect();
        snapshot(0, vec![], vec![], vec![state], clients)
    };
    let alone = of(&[("x", Some(&[0, 1, 2, 3]))]);
    let joining = of(&[("x", Some(&[0, 1, 2, 3])), ("y", None)]);
    let both = of(&[("x", Some(&[0, 1, 2, 3])), ("y", Some(&[2, 3]))]);
    let shared = of(&[("x", Some(&[0, 1])), ("y", Some(&[2, 3]))]);
    assert_eq!(texts(&alone, &joining), ["y joined group g"]);
    let moved = "group g rebalanced: 4 queues, 2 moved";
    assert_eq!(texts(&alone, &shared), ["y joined group g", moved]);
    assert_eq!(texts(&alone, &both), ["y joined group g", moved]);
    assert!(texts(&both, &shared).is_empty(), "told already");
    assert_eq!(texts(&shared, &alone), ["y left group g", moved]);
    assert!(
        texts(&joining, &shared).is_empty(),
        "y may have had its queues for long"
    );
}

#[test]
fn lags_grow_and_drain_and_offsets_go_back() {
    let of = |health, lag, next| {
        let mut state = group("g");
        (state.health, state.lag) = (health, Some(lag));
        state.queues = Some(vec![GroupQueue {
            queue: queue(0),
            consumer_offset: next,
            max_offset: 10_000,
        }]);
        snapshot(0, vec![], vec![], vec![state], vec![])
    };
    let ok = of(GroupHealth::Ok, 0, 10_000);
    let behind = of(GroupHealth::Lagging, 5_000, 10_000);
    assert_eq!(texts(&ok, &behind), ["group g lags by 5000 messages"]);
    assert_eq!(
        texts(&behind, &ok),
        ["group g has caught up: nothing waits, 5000 messages did"]
    );
    assert_eq!(
        texts(&ok, &of(GroupHealth::Ok, 3, 9_997)),
        ["group g went back by 3 messages in 1 queue"]
    );
    assert!(texts(&of(GroupHealth::Ok, 3, 9_997), &ok).is_empty());
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let names: BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), EventKind::ALL.len());
}

/// Names from a small set, so that two snapshots have some in common.
fn names() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[a-d]", 0..4)
}

prop_compose! {
    fn snapshots()(
        at_ms in 0..10_i64,
        brokers in names(),
        unrouted in names(),
        topics in names(),
        groups in names(),
        members in names(),
        owned in prop::collection::btree_map("[a-d]", prop::option::of(0..4_i32), 0..4),
        next in 0..3_i64,
    ) -> Snapshot {
        let brokers = brokers.iter().map(|name| {
            let mut state = broker(name);
            state.is_routed = !unrouted.contains(name);
            state
        });
        let groups = groups.iter().map(|name| {
            let mut state = group(name);
            let own = owned.iter().map(|(id, own)| (id.clone(), own.map(|id| vec![queue(id)])));
            state.owned = Some(own.collect());
            state.queues = Some(vec![GroupQueue { queue: queue(0), consumer_offset: next, max_offset: 5 }]);
            state
        });
        snapshot(
            at_ms,
            brokers.collect(),
            topics.iter().map(|name| topic(name, &[("a", 1)])).collect(),
            groups.collect(),
            members.iter().map(|id| client(id, "g")).collect(),
        )
    }
}

proptest! {
    #[test]
    fn nothing_happens_between_a_snapshot_and_itself(one in snapshots()) {
        prop_assert_eq!(between(&one, &one), vec![]);
    }

    #[test]
    fn what_was_not_read_makes_no_event(one in snapshots()) {
        prop_assert_eq!(between(&Snapshot::default(), &one), vec![]);
        prop_assert_eq!(between(&one, &Snapshot::default()), vec![]);
    }

    #[test]
    fn what_comes_in_one_direction_goes_in_the_other(one in snapshots(), other in snapshots()) {
        let of = |before, after, kind| {
            let events = between(before, after).into_iter();
            let events = events.filter(|event| event.kind == kind);
            let mut subjects: Vec<_> = events.map(|event| event.subject).collect();
            subjects.sort();
            subjects
        };
        for (comes, goes) in [
            (EventKind::BrokerJoined, EventKind::BrokerLeft),
            (EventKind::TopicCreated, EventKind::TopicDeleted),
            (EventKind::GroupAppeared, EventKind::GroupGone),
            (EventKind::MemberJoined, EventKind::MemberLeft),
        ] {
            prop_assert_eq!(of(&one, &other, comes), of(&other, &one, goes));
        }
    }

    #[test]
    fn events_carry_the_time_of_the_later_look(one in snapshots(), other in snapshots()) {
        for event in between(&one, &other) {
            prop_assert_eq!(event.at_ms, other.taken_ms);
            prop_assert!(event.text.contains(&event.subject));
        }
    }
}
