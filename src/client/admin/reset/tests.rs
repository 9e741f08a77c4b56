//! Plans as they should be, and brokers of both kinds that carry them out.

use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::{Connection, ConsumerConnection, TopicOffset, TopicStatsTable};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::plan::aim;
use super::*;
use crate::Admin;
use crate::testing::{FakeBroker, FakeNamesrv, Said, client_of};

fn queue(id: i32) -> MessageQueue {
    MessageQueue::new("T", "a", id)
}

#[test]
fn every_goal_has_a_target_within_what_is_there() {
    use ResetNote::{BeforeFirst, BehindEnd, NeverRead, NotGiven, NothingSince, TimeIsGone};
    let positions = ResetGoal::Positions([(queue(0), 60)].into());
    let elsewhere = ResetGoal::Positions([(queue(7), 60)].into());
    let other = ResetGoal::Group("other".to_owned());
    let at = ResetGoal::Timestamp(5);
    // the queue holds 50 to 99, the group is at 80
    let cases = [
        (ResetGoal::Start, None, (Some(50), None)),
        (ResetGoal::End, None, (Some(100), None)),
        (ResetGoal::Offset(70), None, (Some(70), None)),
        (
            ResetGoal::Offset(0),
            None,
            (Some(50), Some(BeforeFirst { asked: 0 })),
        ),
        (
            ResetGoal::Offset(200),
            None,
            (Some(100), Some(BehindEnd { asked: 200 })),
        ),
        (ResetGoal::Shift(-10), None, (Some(70), None)),
        (ResetGoal::Shift(10), None, (Some(90), None)),
        (
            ResetGoal::Shift(-90),
            None,
            (Some(50), Some(BeforeFirst { asked: -10 })),
        ),
        (
            ResetGoal::Shift(i64::MAX),
            None,
            (Some(100), Some(BehindEnd { asked: i64::MAX })),
        ),
        (at.clone(), Some((75, false)), (Some(75), None)),
        (
            at.clone(),
            Some((100, false)),
            (Some(100), Some(NothingSince)),
        ),
        (at.clone(), Some((50, true)), (Some(50), Some(TimeIsGone))),
        (at, Some((0, false)), (Some(50), None)),
        (other.clone(), Some((90, false)), (Some(90), None)),
        (other, None, (None, Some(NotGiven))),
        (positions, None, (Some(60), None)),
        (elsewhere, None, (None, Some(NotGiven))),
    ];
    for (goal, found, expected) in cases {
        assert_eq!(
            aim(&goal, &queue(0), (Some(80), 50, 100), found),
            expected,
            "{goal:?}"
        );
    }
    let new = aim(&ResetGoal::Shift(5), &queue(0), (None, 50, 100), None);
    assert_eq!(new, (Some(55), Some(NeverRead)));
}

#[test]
fn a_plan_counts_what_is_replayed_and_what_is_skipped() {
    let planned = |now, target| PlannedQueue {
        queue: queue(0),
        now,
        min: 50,
        max: 100,
        target,
        note: None,
    };
    let counts = |now, target| {
        let planned = planned(now, target);
        (
            planned.replays(),
            planned.skips(),
            planned.lag_before(),
            planned.lag_after(),
        )
    };
    assert_eq!(counts(Some(80), Some(60)), (20, 0, 20, 40));
    assert_eq!(counts(Some(80), Some(95)), (0, 15, 20, 5));
    assert_eq!(counts(Some(80), None), (0, 0, 20, 20));
    assert_eq!(counts(None, Some(60)), (0, 0, 0, 40));
    // 10 to 49 are gone: only 50 to 59 are skipped
    assert_eq!(counts(Some(10), Some(60)), (0, 10, 90, 40));
    assert!(!planned(Some(60), Some(60)).is_change());
    assert!(!planned(Some(60), None).is_change());
}

/// A topic of two queues with the offsets 5 to 9 on one broker; the group is at 8 and 9.
struct Cluster {
    _namesrv: FakeNamesrv,
    broker: FakeBroker,
    admin: Admin,
    /// Queue and offset of each 222.
    resets: Arc<Mutex<Vec<(String, String, String)>>>,
}

impl Cluster {
    async fn start(is_server_side: bool, members: usize) -> Self {
        let (namesrv, broker) = (FakeNamesrv::start().await, FakeBroker::start("a").await);
        namesrv.set_topic("T", 2, &[&broker]);
        namesrv.set_topic("%RETRY%g", 1, &[&broker]);
        broker.set_offset("g", "T", 0, 8);
        broker.set_offset("g", "T", 1, 9);
        broker.on(RequestCode::GetTopicStatsInfo, |_| {
            let offset = TopicOffset {
                min_offset: 5,
                max_offset: 10,
                last_update_timestamp: 1,
            };
            let table = TopicStatsTable {
                offset_table: [(queue(0), offset), (queue(1), offset)].into(),
                ..TopicStatsTable::default()
            };
            Said::body(table.to_json())
        });
        broker.on(RequestCode::GetConsumerConnectionList, move |_| {
            if members == 0 {
                return Said::code(ResponseCode::ConsumerNotOnline, "not online");
            }
            let connection = ConsumerConnection {
                connection_set: (0..members)
                    .map(|number| Connection {
                        client_id: number.to_string(),
                        ..Connection::default()
                    })
                    .collect(),
                ..ConsumerConnection::default()
            };
            Said::body(connection.to_json())
        });
        broker.on(RequestCode::GetBrokerConfig, move |_| {
            Said::body(format!("useServerSideResetOffset={is_server_side}\n").into_bytes())
        });
        let resets = Arc::<Mutex<Vec<_>>>::default();
        let heard = Arc::clone(&resets);
        broker.on(RequestCode::InvokeBrokerToResetOffset, move |request| {
            let field = |name| request.ext_fields.get(name).unwrap_or_default().to_owned();
            heard
                .lock()
                .push((field("queueId"), field("offset"), field("timestamp")));
            Said::body(protocol::body::ResetOffsetBody::default().to_json())
        });
        let (client, _) = client_of(&[&namesrv]);
        Self {
            admin: client.admin(),
            _namesrv: namesrv,
            broker,
            resets,
        }
    }

    async fn plan(&self, to: ResetGoal) -> ResetPlan {
        self.admin.reset_plan(&request(to)).await.unwrap()
    }
}

fn request(to: ResetGoal) -> ResetRequest {
    ResetRequest {
        group: "g".to_owned(),
        topic: "T".to_owned(),
        queues: Vec::new(),
        to,
    }
}

fn texts(resets: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let texts = resets.iter();
    texts
        .map(|(id, offset, at)| ((*id).to_owned(), (*offset).to_owned(), (*at).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_broker_that_keeps_resets_is_given_each_offset_of_the_plan() {
    let cluster = Cluster::start(true, 2).await;
    let plan = cluster.plan(ResetGoal::Offset(8)).await;
    assert_eq!((plan.members, plan.replays(), plan.skips()), (2, 1, 0));
    let outcome = cluster.admin.execute_reset(&plan).await.unwrap();
    assert_eq!(outcome.failed, vec![]);
    // the first queue is there already
    assert_eq!(*cluster.resets.lock(), texts(&[("1", "8", "0")]));
    assert_eq!(outcome.positions_before(), [(queue(1), 9)].into());
}

#[tokio::test]
async fn offline_groups_of_older_brokers_are_moved_by_hand_and_back_again() {
    let cluster = Cluster::start(false, 0).await;
    let plan = cluster.plan(ResetGoal::Start).await;
    let outcome = cluster.admin.execute_reset(&plan).await.unwrap();
    assert!(cluster.resets.lock().is_empty(), "nobody would hear it");
    assert!(outcome.moved.iter().all(MovedQueue::is_there));
    let at = |id| cluster.broker.offset("g", "T", id);
    assert_eq!((at(0), at(1)), (Some(5), Some(5)));

    let undo = ResetGoal::Positions(outcome.positions_before());
    let plan = cluster.plan(undo).await;
    assert_eq!((plan.skips(), plan.replays()), (7, 0));
    cluster.admin.execute_reset(&plan).await.unwrap();
    assert_eq!((at(0), at(1)), (Some(8), Some(9)));
}

#[tokio::test]
async fn members_that_move_themselves_can_only_be_sent_to_a_time() {
    let cluster = Cluster::start(false, 1).await;
    let plan = cluster.plan(ResetGoal::End).await;
    let outcome = cluster.admin.execute_reset(&plan).await.unwrap();
    assert_eq!(*cluster.resets.lock(), texts(&[("-1", "-1", "-1")]));
    assert!(outcome.failed.is_empty());
    assert!(
        !outcome.moved[0].is_there(),
        "the members have not moved yet"
    );

    let plan = cluster.plan(ResetGoal::Offset(5)).await;
    let outcome = cluster.admin.execute_reset(&plan).await.unwrap();
    let (broker, error) = &outcome.failed[0];
    assert_eq!(broker, "a");
    assert!(
        error.to_string().contains("stop the group's members first"),
        "{error}"
    );
    assert_eq!(cluster.resets.lock().len(), 1);
}

#[tokio::test]
async fn a_broker_that_does_not_know_the_group_is_written_to_directly() {
    let cluster = Cluster::start(true, 0).await;
    let unknown = |_: &RemotingCommand| {
        Said::code(
            ResponseCode::SubscriptionGroupNotExist,
            "Group g does not exist",
        )
    };
    cluster
        .broker
        .on(RequestCode::InvokeBrokerToResetOffset, unknown);
    let plan = cluster.plan(ResetGoal::End).await;
    let outcome = cluster.admin.execute_reset(&plan).await.unwrap();
    assert!(outcome.failed.is_empty());
    assert_eq!(cluster.broker.offset("g", "T", 0), Some(10));
}

#[tokio::test]
async fn queues_that_are_not_there_and_broadcasts_are_refused() {
    let cluster = Cluster::start(true, 1).await;
    let mut request = request(ResetGoal::End);
    request.queues = vec![("a".to_owned(), 7)];
    let error = cluster.admin.reset_plan(&request).await.unwrap_err();
    assert!(
        matches!(error, ClientError::QueueNotFound { .. }),
        "{error}"
    );
    request.queues = vec![("a".to_owned(), 1)];
    let mut plan = cluster.admin.reset_plan(&request).await.unwrap();
    assert_eq!(plan.queues.len(), 1);
    plan.model = Some(MessageModel::Broadcasting);
    let error = cluster.admin.execute_reset(&plan).await.unwrap_err();
    assert!(error.to_string().contains("broadcasts"), "{error}");
}

#[tokio::test]
async fn another_group_shows_the_way() {
    let cluster = Cluster::start(true, 0).await;
    cluster.broker.set_offset("other", "T", 0, 6);
    let plan = cluster.plan(ResetGoal::Group("other".to_owned())).await;
    let targets: Vec<_> = plan.queues.iter().map(|planned| planned.target).collect();
    assert_eq!(targets, [Some(6), None]);
    assert_eq!(plan.queues[1].note, Some(ResetNote::NotGiven));
}
