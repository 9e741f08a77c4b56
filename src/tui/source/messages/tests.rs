//! The reading of messages against queues that are in memory.

use std::collections::BTreeMap;

use client::admin::TrackState;
use clock::ManualClock;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::*;
use crate::testing::{NOW_MS, message};

/// Queues in memory.
#[derive(Debug, Default)]
struct FakeMessages {
    queues: Mutex<BTreeMap<i32, Vec<MessageExt>>>,
    /// The first offset of every queue.
    min: i64,
    /// Queues that do not answer.
    dead: Mutex<Vec<i32>>,
    pulls: Mutex<Vec<(i32, i64)>>,
    news: Notify,
}

impl FakeMessages {
    /// This many messages in each of some queues; one each ms, queue after queue.
    fn with(queues: i32, each: i64) -> Arc<Self> {
        let fake = Self::default();
        for id in 0..queues {
            let all = (0..each).map(|offset| {
                let at = NOW_MS - (each - offset) * i64::from(queues) + i64::from(id);
                MessageExt {
                    store_timestamp: at,
                    ..message(id, offset, format!("{{\"n\":{offset}}}").as_bytes())
                }
            });
            fake.queues.lock().insert(id, all.collect());
        }
        Arc::new(fake)
    }

    fn append(&self, id: i32) {
        let mut queues = self.queues.lock();
        let queue = queues.get_mut(&id).unwrap();
        let offset = i64::try_from(queue.len()).unwrap();
        queue.push(message(id, offset, b"new"));
        self.news.notify_waiters();
    }

    fn check(&self, queue: &MessageQueue) -> Result<(), String> {
        if self.dead.lock().contains(&queue.queue_id) {
            return Err("refused".to_owned());
        }
        Ok(())
    }

    fn len(&self, queue: &MessageQueue) -> i64 {
        let queues = self.queues.lock();
        i64::try_from(queues[&queue.queue_id].len()).unwrap()
    }
}

impl MessageSource for FakeMessages {
    fn queues<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<Vec<MessageQueue>, String>> {
        Box::pin(async move {
            if topic == "gone" {
                return Err("topic gone does not exist".to_owned());
            }
            let queues = self.queues.lock();
            Ok(queues
                .keys()
                .map(|id| MessageQueue::new(topic, "b-0", *id))
                .collect())
        })
    }

    fn bounds<'a>(&'a self, queue: &'a MessageQueue) -> BoxFuture<'a, Result<(i64, i64), String>> {
        Box::pin(async move {
            self.check(queue)?;
            Ok((self.min, self.len(queue)))
        })
    }

    fn offset_at<'a>(
        &'a self,
        queue: &'a MessageQueue,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<i64, String>> {
        Box::pin(async move {
            let queues = self.queues.lock();
            let before = |message: &MessageExt| message.store_timestamp < at_ms;
            let at = queues[&queue.queue_id].partition_point(before);
            Ok(i64::try_from(at).unwrap())
        })
    }

    fn pull<'a>(
        &'a self,
        queue: &'a MessageQueue,
        offset: i64,
        max: i32,
        wait: Duration,
    ) -> BoxFuture<'a, Result<Pulled, String>> {
        Box::pin(async move {
            self.check(queue)?;
            self.pulls.lock().push((queue.queue_id, offset));
            let news = self.news.notified();
            if !wait.is_zero() && offset >= self.len(queue) {
                let _ = tokio::time::timeout(wait, news).await;
            }
            let queues = self.queues.lock();
            let messages: Vec<MessageExt> = queues[&queue.queue_id]
                .iter()
                .skip(usize::try_from(offset).unwrap())
                .take(usize::try_from(max).unwrap())
                .cloned()
                .collect();
            Ok(Pulled {
                next_offset: offset + i64::try_from(messages.len()).unwrap(),
                is_at_end: messages.is_empty(),
                messages,
            })
        })
    }

    fn by_key<'a>(
        &'a self,
        _topic: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<MessageExt>, String>> {
        Box::pin(async move {
            let queues = self.queues.lock();
            let all = queues.values().flatten();
            Ok(all
                .filter(|message| message.keys().contains(&key))
                .cloned()
                .collect())
        })
    }

    fn marks<'a>(&'a self, message: &'a MessageExt) -> BoxFuture<'a, Result<Vec<Mark>, String>> {
        Box::pin(async move {
            Ok(vec![Mark {
                group: "billing".to_owned(),
                state: TrackState::NotConsumedYet,
                behind: Some(message.queue_offset),
            }])
        })
    }
}

fn wanted(begin: Begin, condition: &str) -> Wanted {
    Wanted {
        topic: "orders".to_owned(),
        begin,
        condition: condition.to_owned(),
        key: None,
        follows: false,
        max: 2_000,
    }
}

struct Scene {
    desk: Desk,
    actions: mpsc::Receiver<Action>,
}

impl Scene {
    fn new(source: Arc<FakeMessages>, wanted: Wanted) -> Self {
        let (sender, actions) = mpsc::channel(crate::source::ACTIONS_MAX);
        let mut desk = Desk::new(Some(source), ManualClock::at(NOW_MS), sender);
        desk.carry_out(Order::Read { ticket: 7, wanted });
        Self { desk, actions }
    }

    async fn told(&mut self) -> Told {
        match self.actions.recv().await.unwrap() {
            Action::Messages { ticket: 7, told } => told,
            other => panic!("{other:?}"),
        }
    }

    /// Everything up to the end of what is stored: queue and offset of each, and how many were looked at.
    async fn stored(&mut self) -> (Vec<(i32, i64)>, u64) {
        let (mut places, mut all) = (Vec::new(), 0);
        loop {
            match self.told().await {
                Told::Found { messages, looked } => {
                    all += looked;
                    places.extend(messages.iter().map(|it| (it.queue_id, it.queue_offset)));
                }
                Told::CaughtUp => return (places, all),
                Told::QueueLost { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn read(source: &Arc<FakeMessages>, wanted: Wanted) -> (Vec<(i32, i64)>, u64) {
    Scene::new(Arc::clone(source), wanted).stored().await
}

#[tokio::test(start_paused = true)]
async fn the_last_ones_of_all_queues_are_read_from_the_end() {
    let source = FakeMessages::with(3, 1_000);
    let (places, looked) = read(&source, wanted(Begin::Last(5), "")).await;
    assert_eq!(places, [(2, 999), (1, 999), (0, 999), (2, 998), (1, 998)]);
    assert_eq!(looked, 5);
    // A block of each queue, not the queues.
    let first = source.pulls.lock().iter().map(|(_, at)| *at).min();
    assert_eq!(first, Some(968));
    let (places, _) = read(&source, wanted(Begin::Last(200), "")).await;
    assert_eq!(places.len(), 200);
    assert_eq!(places.last(), Some(&(1, 933)));
}

#[tokio::test(start_paused = true)]
async fn a_condition_looks_further_back_but_not_without_end() {
    let source = FakeMessages::with(2, 1_000);
    let (places, looked) = read(&source, wanted(Begin::Last(4), "body.n < 100")).await;
    assert_eq!(places, [(1, 99), (0, 99), (1, 98), (0, 98)]);
    assert_eq!(looked, 1_804);
    let source = FakeMessages::with(1, 30_000);
    let (places, looked) = read(&source, wanted(Begin::Last(1), "body.n < 100")).await;
    assert!(places.is_empty());
    assert!((LOOK_MAX..LOOK_MAX + 64).contains(&looked), "{looked}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_read_onwards_up_to_the_limit() {
    let source = FakeMessages::with(2, 100);
    let queue = MessageQueue::new("orders", "b-0", 1);
    let (places, _) = read(&source, wanted(Begin::At(queue, 97), "")).await;
    assert_eq!(places, [(1, 97), (1, 98), (1, 99)]);
    let limited = Wanted {
        max: 40,
        ..wanted(Begin::Start, "")
    };
    let (places, _) = read(&source, limited).await;
    assert_eq!(places.len(), 40);
    let (places, _) = read(&source, wanted(Begin::Ago(4), "")).await;
    assert_eq!(places, [(0, 98), (0, 99), (1, 98), (1, 99)]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_is_told_until_it_is_stopped() {
    let source = FakeMessages::with(2, 10);
    let follows = Wanted {
        follows: true,
        ..wanted(Begin::Last(2), "offset == 10")
    };
    let mut scene = Scene::new(Arc::clone(&source), follows);
    assert_eq!(scene.stored().await.0, []);
    source.append(1);
    source.append(1);
    let (mut places, mut all) = (Vec::new(), 0);
    while all < 2 {
        let Told::Found { messages, looked } = scene.told().await else {
            panic!("something else than messages");
        };
        all += looked;
        places.extend(messages.iter().map(|it| (it.queue_id, it.queue_offset)));
    }
    assert_eq!((places, all), (vec![(1, 10)], 2));
    scene.desk.carry_out(Order::Stop);
    // Its tasks let go of the source.
    while Arc::strong_count(&source) > 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_answer_is_told_once_and_taken_up_again() {
    let source = FakeMessages::with(2, 3);
    source.dead.lock().push(0);
    let follows = Wanted {
        follows: true,
        ..wanted(Begin::Last(9), "")
    };
    let mut scene = Scene::new(Arc::clone(&source), follows);
    let Told::QueueLost { queue, reason } = scene.told().await else {
        panic!("the queue was not missed");
    };
    assert_eq!((queue.queue_id, reason.as_str()), (0, "refused"));
    assert_eq!(scene.stored().await.0, [(1, 2), (1, 1), (1, 0)]);
    source.dead.lock().clear();
    assert_eq!(scene.told().await, Told::QueueBack(queue));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said() {
    let source = FakeMessages::with(1, 1);
    let gone = Wanted {
        topic: "gone".to_owned(),
        ..wanted(Begin::Start, "")
    };
    let mut scene = Scene::new(Arc::clone(&source), gone);
    let reason = "topic gone does not exist".to_owned();
    assert_eq!(scene.told().await, Told::Failed(reason));
    source.dead.lock().push(0);
    let mut scene = Scene::new(source, wanted(Begin::Start, ""));
    assert!(matches!(scene.told().await, Told::QueueLost { .. }));
    assert_eq!(scene.told().await, Told::Failed("refused".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_key_and_who_has_read_it() {
    let source = FakeMessages::with(2, 3);
    let key = Wanted {
        key: Some("A-2".to_owned()),
        ..wanted(Begin::Last(1), "")
    };
    let mut scene = Scene::new(source, key);
    assert_eq!(scene.stored().await.0, [(0, 2), (1, 2)]);
    let asked = Arc::new(message(1, 2, b""));
    let messages = vec![Arc::clone(&asked)];
    scene.desk.carry_out(Order::Track {
        ticket: 7,
        messages,
    });
    let Told::Marks(about, Ok(marks)) = scene.told().await else {
        panic!("no marks");
    };
    assert_eq!((about, marks[0].behind), (asked, Some(2)));
}

#[tokio::test]
async fn an_export_is_lines_of_json_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut actions) = mpsc::channel(8);
    let mut desk = Desk::new(None, ManualClock::at(NOW_MS), sender);
    desk.folder = folder.path().to_owned();
    let export = Order::Export {
        file: "m.jsonl".to_owned(),
        messages: vec![
            Arc::new(message(0, 1, "订单\n".as_bytes())),
            Arc::new(message(0, 2, b"\xff")),
        ],
    };
    let mut reports = Vec::new();
    for _ in 0..2 {
        desk.carry_out(export.clone());
        match actions.recv().await {
            Some(Action::Report(report)) => reports.push(report),
            other => panic!("{other:?}"),
        }
    }
    let done = Report::Done("2 messages written to m.jsonl".to_owned());
    assert_eq!(reports[0], done);
    assert!(matches!(&reports[1], Report::Failed(why) if why.starts_with("m.jsonl: ")));
    let text = std::fs::read_to_string(folder.path().join("m.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["body"], &lines[0]["keys"][0]),
        (&"订单\n".into(), &"A-1".into())
    );
    assert_eq!(lines[1]["body_b64"], "/w==");
}
