//! The strategies as stories: "4 queues, consumers a b" and who holds what.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::{ProptestConfig, proptest};

use super::*;

/// Divides `queue_count` queues of broker-a among the members and says `a: 0 1 / b: 2`.
fn rebalance(strategy: &dyn AllocateStrategy, story: &str) -> String {
    let (queue_count, members) = read(story);
    let queues: Vec<_> = (0..queue_count).map(|id| queue("broker-a", id)).collect();
    render(strategy, &queues, &members)
}

/// Reads `4 queues, consumers a b`.
fn read(story: &str) -> (i32, Vec<String>) {
    let (queues, consumers) = story.split_once(" queues, consumers ").unwrap();
    (
        queues.parse().unwrap(),
        consumers.split(' ').map(str::to_owned).collect(),
    )
}

fn queue(broker_name: &str, queue_id: i32) -> MessageQueue {
    MessageQueue::new("T", broker_name, queue_id)
}

fn render(strategy: &dyn AllocateStrategy, queues: &[MessageQueue], members: &[String]) -> String {
    let one_broker = queues.iter().all(|queue| queue.broker_name == "broker-a");
    let name = |queue: &MessageQueue| match one_broker {
        true => queue.queue_id.to_string(),
        false => format!("{}:{}", queue.broker_name, queue.queue_id),
    };
    let member = |id: &String| {
        let own = strategy.allocate(id, queues, members).unwrap();
        let own: Vec<String> = own.iter().map(name).collect();
        format!("{id}: {}", own.join(" ")).trim_end().to_owned()
    };
    members.iter().map(member).collect::<Vec<_>>().join(" / ")
}

#[track_caller]
fn check_rebalance(strategy: &dyn AllocateStrategy, story: &str, expected: &str) {
    assert_eq!(
        rebalance(strategy, story),
        expected,
        "{} of {story}",
        strategy.name()
    );
}

#[test]
fn averagely_gives_runs() {
    check_rebalance(&Averagely, "4 queues, consumers a b", "a: 0 1 / b: 2 3");
    check_rebalance(
        &Averagely,
        "8 queues, consumers a b c",
        "a: 0 1 2 / b: 3 4 5 / c: 6 7",
    );
    check_rebalance(&Averagely, "2 queues, consumers a b c", "a: 0 / b: 1 / c:");
    check_rebalance(&Averagely, "1 queues, consumers a", "a: 0");
}

#[test]
fn by_circle_deals_them_out() {
    check_rebalance(
        &AveragelyByCircle,
        "4 queues, consumers a b",
        "a: 0 2 / b: 1 3",
    );
    check_rebalance(
        &AveragelyByCircle,
        "5 queues, consumers a b c",
        "a: 0 3 / b: 1 4 / c: 2",
    );
    check_rebalance(&AveragelyByCircle, "1 queues, consumers a b", "a: 0 / b:");
}

#[test]
fn consistent_hash_is_javas() {
    check_rebalance(
        &ConsistentHash::default(),
        "4 queues, consumers 10.0.0.1@1 10.0.0.2@2",
        "10.0.0.1@1: 0 3 / 10.0.0.2@2: 1 2",
    );
    let pointless = ConsistentHash { virtual_nodes: 0 };
    check_rebalance(&pointless, "2 queues, consumers a", "a:");
}

#[test]
fn configured_queues_are_those_that_exist() {
    let strategy = Configured {
        queues: vec![queue("broker-a", 1), queue("broker-a", 7)],
    };
    check_rebalance(&strategy, "3 queues, consumers a b", "a: 1 / b: 1");
}

#[test]
fn machine_rooms_have_their_queues() {
    let queues: Vec<_> = (0..5)
        .map(|id| queue("near@a", id))
        .chain([
            queue("far@b", 0),
            queue("plain", 0),
            queue("near@", 0),
            queue("near@a@b", 0),
        ])
        .collect();
    let strategy = MachineRoom {
        rooms: BTreeSet::from(["near".to_owned()]),
    };
    let members = ["a".to_owned(), "b".to_owned()];
    assert_eq!(
        render(&strategy, &queues, &members),
        "a: near@a:0 near@a:1 near@a:4 / b: near@a:2 near@a:3"
    );
}

#[test]
fn nearby_members_read_first() {
    let strategy = MachineRoomNearby {
        inner: Arc::new(Averagely),
        rooms: Arc::new(PrefixRooms::default()),
    };
    let queues = [
        queue("r1-x", 0),
        queue("r1-x", 1),
        queue("r2-y", 0),
        queue("r3-z", 0),
    ];
    let members = ["r1-a".to_owned(), "r1-b".to_owned(), "r2-c".to_owned()];
    assert_eq!(
        render(&strategy, &queues, &members),
        "r1-a: r1-x:0 r3-z:0 / r1-b: r1-x:1 / r2-c: r2-y:0"
    );
    assert_eq!(strategy.name(), "MACHINE_ROOM_NEARBY-AVG");
    let nowhere = strategy.allocate("r1-a", &[queue("-x", 0)], &members);
    assert_eq!(
        nowhere,
        Err(AllocateError::NoRoom {
            of: "-x".to_owned()
        })
    );
}

#[test]
fn who_is_not_listed_gets_nothing() {
    let queues = [queue("broker-a", 0)];
    let members = ["a".to_owned()];
    for name in ["AVG", "circle", "consistent-hash"] {
        let strategy = strategy_by_name(name).unwrap();
        assert_eq!(
            strategy.allocate("b", &queues, &members),
            Ok(vec![]),
            "{name}"
        );
    }
    assert!(strategy_by_name("lottery").is_none());
}

#[test]
fn members_are_sorted_as_java_sorts_them() {
    // U+FF5E sorts behind U+1F600 in UTF-16, where the latter begins with a surrogate.
    let mut members: Vec<String> = ["b", "\u{FF5E}", "a", "\u{1F600}", "b"]
        .map(str::to_owned)
        .into();
    sort_members(&mut members);
    assert_eq!(members, ["a", "b", "\u{1F600}", "\u{FF5E}"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_queue_has_exactly_one_reader(queue_count in 0..70, member_count in 1..12) {
        let queues: Vec<_> = (0..queue_count)
            .map(|id| queue(if id % 3 == 0 { "r1@a" } else { "r2@b" }, id))
            .collect();
        let members: Vec<String> = (0..member_count).map(|id| format!("r{}@{id}", id % 4)).collect();
        let rooms = BTreeSet::from(["r1".to_owned(), "r2".to_owned()]);
        let strategies: [Arc<dyn AllocateStrategy>; 5] = [
            Arc::new(Averagely),
            Arc::new(AveragelyByCircle),
            Arc::new(ConsistentHash::default()),
            Arc::new(MachineRoom { rooms }),
            Arc::new(MachineRoomNearby {
                inner: Arc::new(Averagely),
                rooms: Arc::new(PrefixRooms { separator: '@' }),
            }),
        ];
        for strategy in strategies {
            let mut read: Vec<MessageQueue> = members
                .iter()
                .flat_map(|member| strategy.allocate(member, &queues, &members).unwrap())
                .collect();
            read.sort_by_key(|queue| queue.queue_id);
            assert_eq!(read, queues, "{}", strategy.name());
        }
    }

    #[test]
    fn averagely_is_javas_formula(queue_count in 1..70_usize, member_count in 1..12_usize) {
        for index in 0..member_count {
            let (each, left_over) = (queue_count / member_count, queue_count % member_count);
            let average = match queue_count <= member_count {
                true => 1,
                false => each + usize::from(left_over > 0 && index < left_over),
            };
            let ahead = left_over > 0 && index < left_over;
            let start = if ahead { index * average } else { index * average + left_over };
            let range = average.min(queue_count.saturating_sub(start));
            let java: Vec<i32> = (start..start + range).map(|id| i32::try_from(id).unwrap()).collect();

            let queues: Vec<_> =
                (0..queue_count).map(|id| queue("b", i32::try_from(id).unwrap())).collect();
            let members: Vec<String> = (0..member_count).map(|id| format!("{id:02}")).collect();
            let own = Averagely.allocate(&members[index], &queues, &members).unwrap();
            assert_eq!(own.iter().map(|queue| queue.queue_id).collect::<Vec<_>>(), java);
        }
    }
}
