//! What producers were promised, and whether the broker has kept it. Speaks raw frames: nothing of the
//! broker's own code says what is right.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clock::SystemClock;
use parking_lot::Mutex;
use protocol::header::{
    PullMessageRequestHeader, PullMessageResponseHeader, SendMessageRequestHeader,
    SendMessageResponseHeader, pull_sys_flag,
};
use protocol::message::records;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Client, ClientConfig, NoRequests};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const TOPIC: &str = "survival";
const QUEUES: i32 = 4;
const PRODUCERS: usize = 4;
const IN_FLIGHT: usize = 8;

const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Queue and queue offset.
type Place = (i32, i64);

#[derive(Default, Clone)]
pub(super) struct Ledger {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Default)]
struct Entries {
    next: u64,
    sent: HashSet<Bytes>,
    acknowledged: BTreeMap<Place, Bytes>,
}

/// Producers that send until they are stopped or the broker is gone.
pub(super) struct Producers {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    client: Client,
}

impl Producers {
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        self.client.shutdown().await;
    }
}

/// What a verification has seen.
pub(super) struct Report {
    pub(super) acknowledged: usize,
    stored: usize,
    unacknowledged: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            acknowledged,
            stored,
            unacknowledged,
        } = self;
        write!(
            formatter,
            "{acknowledged} acknowledged, {stored} stored, {unacknowledged} of them never acknowledged, 0 lost"
        )
    }
}

fn client() -> Client {
    Client::new(
        ClientConfig::default(),
        SystemClock::shared(),
        Arc::new(NoRequests),
    )
}

impl Ledger {
    /// Starts producers, each with several messages in flight.
    pub(super) fn produce(&self, broker: SocketAddr, random: &mut fastrand::Rng) -> Producers {
        let (stop, client) = (CancellationToken::new(), client());
        let mut tasks = JoinSet::new();
        for worker in 0..PRODUCERS * IN_FLIGHT {
            let (ledger, client, stop) = (self.clone(), client.clone(), stop.clone());
            let queue = i32::try_from(worker).unwrap() % QUEUES;
            let mut random = random.fork();
            tasks.spawn(async move {
                while !stop.is_cancelled() {
                    if !ledger.send(&client, broker, queue, &mut random).await {
                        return;
                    }
                }
            });
        }
        Producers {
            stop,
            tasks,
            client,
        }
    }

    /// Sends one message and notes the answer; `false` when the broker is gone.
    async fn send(
        &self,
        client: &Client,
        broker: SocketAddr,
        queue: i32,
        random: &mut fastrand::Rng,
    ) -> bool {
        let body = self.next_body(random);
        let header = SendMessageRequestHeader {
            producer_group: "survivors",
            topic: TOPIC,
            default_topic: "TBW102",
            default_topic_queue_nums: QUEUES,
            queue_id: queue,
            sys_flag: 0,
            born_timestamp: 1_700_000_000_000,
            flag: 0,
            properties: "TAGS\u{1}TagA\u{2}KEYS\u{1}k\u{2}",
            reconsume_times: 0,
            unit_mode: false,
            max_reconsume_times: None,
            batch: false,
        };
        let request = RemotingCommand::request(RequestCode::SendMessageV2)
            .with_header(&header)
            .with_body(body.clone());
        let Ok(answer) = client
            .invoke(&broker.to_string(), request, ANSWERED_WITHIN)
            .await
        else {
            return false;
        };
        if answer.is_success() {
            let header: SendMessageResponseHeader = answer.header().unwrap();
            let place = (header.queue_id, header.queue_offset);
            let before = self.entries.lock().acknowledged.insert(place, body);
            assert_eq!(before, None, "queue offset {place:?} was given out twice");
        }
        true
    }

    /// A body that says by itself who it is, of a size from a few bytes to more than a page.
    fn next_body(&self, random: &mut fastrand::Rng) -> Bytes {
        let mut entries = self.entries.lock();
        entries.next += 1;
        let mut body = format!("message {} ", entries.next).into_bytes();
        body.resize(body.len() + random.usize(0..6_000), b'x');
        let body = Bytes::from(body);
        entries.sent.insert(body.clone());
        body
    }

    /// Reads every queue and compares.
    pub(super) async fn verify(&self, broker: SocketAddr) -> Report {
        let client = client();
        let mut stored: BTreeMap<Place, Bytes> = BTreeMap::new();
        let mut physical = HashSet::new();
        for queue in 0..QUEUES {
            let mut next = 0;
            while let Some((records, after)) = pull(&client, broker, queue, next).await {
                for (offset, physical_offset, body) in records {
                    assert_eq!(offset, next, "queue {queue} has a gap");
                    assert!(physical.insert(physical_offset), "one record in two places");
                    stored.insert((queue, offset), body);
                    next += 1;
                }
                assert_eq!(after, next);
            }
        }
        client.shutdown().await;
        let entries = self.entries.lock();
        for (place, body) in &entries.acknowledged {
            let found = stored
                .get(place)
                .unwrap_or_else(|| panic!("{place:?} was acknowledged and is lost"));
            assert!(
                found == body,
                "{place:?} holds another message than was acknowledged"
            );
        }
        for (place, body) in &stored {
            assert!(
                entries.sent.contains(body),
                "{place:?} holds a message that nobody sent"
            );
        }
        Report {
            acknowledged: entries.acknowledged.len(),
            stored: stored.len(),
            unacknowledged: stored.len() - entries.acknowledged.len(),
        }
    }
}

/// The next messages of a queue with their offsets, and the offset after them; `None` at its end.
async fn pull(
    client: &Client,
    broker: SocketAddr,
    queue: i32,
    offset: i64,
) -> Option<(Vec<(i64, i64, Bytes)>, i64)> {
    let header = PullMessageRequestHeader {
        consumer_group: "verifiers",
        topic: TOPIC,
        queue_id: queue,
        queue_offset: offset,
        max_msg_nums: 32,
        sys_flag: pull_sys_flag::SUBSCRIPTION,
        commit_offset: 0,
        suspend_timeout_millis: 0,
        subscription: Some("*"),
        sub_version: 0,
        expression_type: None,
        max_msg_bytes: None,
    };
    let request = RemotingCommand::request(RequestCode::PullMessage).with_header(&header);
    let answer = client
        .invoke(&broker.to_string(), request, ANSWERED_WITHIN)
        .await
        .unwrap();
    if answer.response_code() != Some(ResponseCode::Success) {
        return None;
    }
    let header: PullMessageResponseHeader = answer.header().unwrap();
    let read = records(&answer.body).map(|record| {
        let record = record.unwrap();
        assert!(record.check_crc(), "the body's checksum holds");
        (
            record.queue_offset(),
            record.physical_offset(),
            Bytes::copy_from_slice(record.body()),
        )
    });
    Some((read.collect(), header.next_begin_offset))
}
