//! Stories of consumers that come, change their minds, fall silent and go.

use clock::ManualClock;

use super::*;
use crate::connected_client::tests::{FakePeer, client};

const TIMEOUT: Duration = Duration::from_secs(120);

struct Story {
    table: ConsumerTable<FakePeer>,
    clock: Arc<ManualClock>,
}

fn story() -> Story {
    let clock = ManualClock::at(1_700_000_000_000);
    Story {
        table: ConsumerTable::new(Arc::clone(&clock) as _),
        clock,
    }
}

fn subscription(topic: &str, version: i64) -> SubscriptionData {
    SubscriptionData::build(topic, "*", None, version).unwrap()
}

fn group_of(group: &str, topics: &[&str]) -> ConsumerData {
    ConsumerData {
        group_name: group.to_owned(),
        subscription_data_set: topics.iter().map(|topic| subscription(topic, 1)).collect(),
        ..ConsumerData::default()
    }
}

fn ids(peers: &[Arc<FakePeer>]) -> Vec<u64> {
    peers.iter().map(|peer| peer.id()).collect()
}

impl Story {
    /// A heartbeat of a client; gives back the connections that are told of a change.
    fn beat(&self, connection: u64, data: ConsumerData) -> Vec<u64> {
        let client = client(connection, &format!("c{connection}"));
        ids(&self.table.register(client, data, 0, false).unwrap().notify)
    }

    fn beat_v2(
        &self,
        connection: u64,
        topics: &[&str],
        fingerprint: i32,
        without_sub: bool,
    ) -> bool {
        let client = client(connection, &format!("c{connection}"));
        let data = group_of("g", topics);
        self.table
            .register(client, data, fingerprint, without_sub)
            .unwrap()
            .wants_subscriptions
    }

    fn topics(&self) -> Vec<String> {
        self.table
            .view("g")
            .unwrap()
            .subscriptions
            .into_keys()
            .collect()
    }
}

#[test]
fn everybody_is_told_when_a_member_joins_and_when_one_leaves() {
    let story = story();
    assert_eq!(story.beat(1, group_of("g", &["orders"])), [1]);
    assert_eq!(
        story.beat(1, group_of("g", &["orders"])),
        [0; 0],
        "a heartbeat is no news"
    );
    assert_eq!(story.beat(2, group_of("g", &["orders"])), [1, 2]);
    assert_eq!(story.table.client_ids("g").unwrap(), ["c1", "c2"]);
    assert_eq!(ids(&story.table.unregister("g", 1)), [2]);
    assert!(story.table.unregister("g", 1).is_empty());
    assert!(story.table.unregister("g", 2).is_empty());
    assert!(story.table.view("g").is_none());
}

#[test]
fn everybody_is_told_when_the_topics_change_but_not_when_an_expression_does() {
    let story = story();
    story.beat(1, group_of("g", &["orders"]));
    story.beat(2, group_of("g", &["orders"]));
    assert_eq!(story.beat(1, group_of("g", &["orders", "bills"])), [1, 2]);
    assert_eq!(story.beat(1, group_of("g", &["bills"])), [1, 2]);
    assert_eq!(story.topics(), ["bills"]);

    let later = SubscriptionData::build("bills", "TagA", None, 2).unwrap();
    let mut data = group_of("g", &[]);
    data.subscription_data_set = vec![later];
    assert_eq!(story.beat(1, data), [0; 0]);
    assert_eq!(
        story
            .table
            .find_subscription("g", "bills")
            .unwrap()
            .sub_string,
        "TagA"
    );
    story.beat(2, group_of("g", &["bills"]));
    assert_eq!(
        story
            .table
            .find_subscription("g", "bills")
            .unwrap()
            .sub_string,
        "TagA",
        "the older one does not count"
    );
}

#[test]
fn a_broadcasting_group_is_told_nothing() {
    let story = story();
    let data = || ConsumerData {
        message_model: MessageModel::Broadcasting,
        ..group_of("g", &["orders"])
    };
    assert_eq!(story.beat(1, data()), [0; 0]);
    assert_eq!(story.beat(2, data()), [0; 0]);
    let departures = story.table.connection_closed(1);
    assert!(
        departures
            .iter()
            .all(|departure| departure.notify.is_empty())
    );
    assert_eq!(
        story.table.mode("g").unwrap().message_model,
        MessageModel::Broadcasting
    );
}

#[test]
fn a_closed_connection_leaves_all_its_groups_at_once() {
    let story = story();
    for group in ["g", "h"] {
        story.beat(1, group_of(group, &["orders"]));
        story.beat(2, group_of(group, &["orders"]));
    }
    story.beat(1, group_of("alone", &["orders"]));
    let departures = story.table.connection_closed(1);
    let told: Vec<_> = departures
        .iter()
        .map(|gone| (gone.group.as_str(), ids(&gone.notify)))
        .collect();
    assert_eq!(told, [("alone", vec![]), ("g", vec![2]), ("h", vec![2])]);
    assert!(story.table.view("alone").is_none());
    assert!(story.table.connection_closed(1).is_empty());
    assert!(!story.table.state.read().groups_of.contains_key(&1));
}

#[test]
fn a_silent_member_is_gone_after_two_minutes_and_the_others_are_told() {
    let story = story();
    story.beat(1, group_of("g", &["orders"]));
    story.beat(2, group_of("g", &["orders"]));
    story.clock.advance(TIMEOUT);
    story.beat(2, group_of("g", &["orders"]));
    assert!(story.table.remove_expired(TIMEOUT).0.is_empty());
    story.clock.advance(Duration::from_millis(1));
    story.clock.set_wall_ms(0);
    let (gone, departures) = story.table.remove_expired(TIMEOUT);
    assert_eq!(ids(&gone), [1]);
    assert_eq!(ids(&departures[0].notify), [2]);
    assert_eq!(story.table.client_ids("g").unwrap(), ["c2"]);
}

#[test]
fn one_client_with_two_connections_is_there_twice() {
    let story = story();
    for connection in [1, 2] {
        let same = client(connection, "same");
        story
            .table
            .register(same, group_of("g", &["orders"]), 0, false)
            .unwrap();
    }
    assert_eq!(story.table.client_ids("g").unwrap(), ["same", "same"]);
}

#[test]
fn a_heartbeat_without_subscriptions_keeps_those_that_are_known() {
    let story = story();
    assert!(
        !story.beat_v2(1, &["orders"], 7, false),
        "the first heartbeat brings all there is"
    );
    assert!(!story.beat_v2(1, &[], 7, true));
    assert_eq!(story.topics(), ["orders"]);
    assert!(
        story.beat_v2(2, &[], 8, true),
        "another fingerprint: send them again"
    );
    assert!(!story.beat_v2(2, &["orders"], 8, false));
}

#[test]
fn a_restarted_broker_asks_for_the_subscriptions_that_it_does_not_know() {
    let story = story();
    assert!(story.beat_v2(1, &[], 7, true));
}

#[test]
fn a_topic_knows_its_groups() {
    let story = story();
    story.beat(1, group_of("g", &["orders"]));
    story.beat(1, group_of("h", &["orders", "bills"]));
    assert_eq!(
        story.table.groups_of_topic("orders"),
        ["g".to_owned(), "h".to_owned()].into()
    );
    assert_eq!(
        story.table.groups_of_topic("bills"),
        ["h".to_owned()].into()
    );
    assert!(story.table.subscribes_elsewhere_only("g", "bills"));
    assert!(!story.table.subscribes_elsewhere_only("offline", "bills"));
}

#[test]
fn tables_are_as_large_as_their_limits_say() {
    let story = story();
    // Nobody is told of newcomers in such a group, which makes it quick to fill.
    let data = || ConsumerData {
        message_model: MessageModel::Broadcasting,
        ..group_of("g", &[])
    };
    for connection in 0..CONSUMERS_PER_GROUP_MAX as u64 {
        story
            .table
            .register(client(connection, "c"), data(), 0, false)
            .unwrap();
    }
    let next = CONSUMERS_PER_GROUP_MAX as u64;
    let refused = story.table.register(client(next, "c"), data(), 0, false);
    assert!(matches!(refused, Err(TableFull::Clients { .. })));
    assert!(
        story
            .table
            .register(client(0, "c"), data(), 0, false)
            .is_ok()
    );
    assert!(
        !story.table.state.read().groups_of.contains_key(&next),
        "nothing is left of who was refused"
    );

    for number in 0..CONSUMER_GROUPS_PER_CONNECTION_MAX {
        let data = group_of(&format!("g{number}"), &[]);
        story
            .table
            .register(client(next, "c"), data, 0, false)
            .unwrap();
    }
    let refused = story
        .table
        .register(client(next, "c"), group_of("h", &[]), 0, false);
    assert!(matches!(refused, Err(TableFull::GroupsOfConnection { .. })));
}

#[test]
fn subscriptions_are_bounded() {
    let story = story();
    let mut many = group_of("g", &[]);
    many.subscription_data_set = vec![subscription("orders", 1); SUBSCRIPTIONS_PER_GROUP_MAX + 1];
    let refused = story.table.register(client(1, "c"), many, 0, false);
    assert!(matches!(refused, Err(TableFull::Subscriptions { .. })));
    let mut long = group_of("g", &["orders"]);
    long.subscription_data_set[0].sub_string = "x".repeat(SUBSCRIPTION_LENGTH_MAX + 1);
    let refused = story.table.register(client(1, "c"), long, 0, false);
    assert!(matches!(refused, Err(TableFull::SubscriptionLength { .. })));
    assert!(story.table.view("g").is_none());
}
