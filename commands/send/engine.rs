//! Sending itself: messages are made in order, handed to workers, and reported as they are answered.

use std::sync::Arc;
use std::time::Duration;

use client::{ClientError, Producer};
use protocol::body::MessageQueue;
use protocol::message::Message;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::compose::Composer;
use super::rate::{Pace, Rate};
use super::receipt::Receipt;
use super::report::Report;
use super::source::Source;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::progress::Progress;
use crate::output::units::Units;
use crate::output::{Format, Render as _, Stream};
use crate::session::Session;
use crate::signals::Stop;

/// So many receipts are shown to people; after that a progress line has to do.
const RECEIPTS_SHOWN: usize = 10;

/// How long an input may be silent before a batch goes out that is not full.
const BATCH_WAIT: Duration = Duration::from_millis(50);

/// How messages go out.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) producer: Producer,
    /// The queue that all of them go to; without, each goes where the producer sends it.
    pub(super) queue: Option<MessageQueue>,
    pub(super) is_oneway: bool,
}

/// What became of one request.
#[derive(Debug)]
struct Answer {
    messages: u64,
    receipts: Result<Vec<Receipt>, ClientError>,
    /// How long it took, where an answer was waited for.
    rt: Option<Duration>,
}

impl Lane {
    /// Sends messages that go out together.
    async fn send(&self, mut messages: Vec<Message>) -> Answer {
        let count = messages.len();
        let single = if count == 1 { messages.pop() } else { None };
        let Self {
            producer,
            queue,
            is_oneway,
        } = self;
        let mut rt = None;
        let receipts = if *is_oneway {
            let message = single.unwrap_or_default();
            let told = match queue {
                Some(queue) => producer
                    .send_oneway_to_queue(queue, message)
                    .await
                    .map(|()| queue.clone()),
                None => producer.send_oneway(message).await,
            };
            told.map(|queue| vec![Receipt::oneway(&queue)])
        } else {
            let result = match (single, queue) {
                (Some(message), Some(queue)) => producer.send_to_queue(queue, message).await,
                (Some(message), None) => producer.send(message).await,
                (None, Some(queue)) => producer.send_batch_to_queue(queue, messages).await,
                (None, None) => producer.send_batch(messages).await,
            };
            result.map(|result| {
                rt = Some(result.rt);
                Receipt::of_result(&result, count)
            })
        };
        Answer {
            messages: u64::try_from(count).unwrap_or(u64::MAX),
            receipts,
            rt,
        }
    }
}

/// Everything that sending needs to know.
pub(super) struct Sending<'a> {
    pub(super) ctx: &'a Context,
    pub(super) session: &'a Session,
    pub(super) composer: &'a Composer,
    pub(super) lane: Lane,
    /// Whether the first message creates the topic.
    pub(super) is_new_topic: bool,
    pub(super) total: Option<u64>,
    pub(super) in_flight: u16,
    pub(super) batch: usize,
    pub(super) rate: Option<Rate>,
    pub(super) fail_fast: bool,
}

impl Sending<'_> {
    /// Sends all of it, shows the receipts, and says how it went.
    pub(super) async fn run(self, source: Source) -> Result<(), CommandError> {
        let mut stop = self.ctx.signals.claim();
        let (to_workers, jobs) = mpsc::channel(usize::from(self.in_flight));
        let (to_us, mut answers) = mpsc::channel(usize::from(self.in_flight) * 2);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut workers = JoinSet::new();
        for _ in 0..self.in_flight {
            workers.spawn(work(self.lane.clone(), Arc::clone(&jobs), to_us.clone()));
        }
        drop(to_us);
        let begun = self.ctx.clock.elapsed();
        let mut told = Told::new(&self);
        let ended = {
            let feeding = self.feed(source, to_workers, stop.clone());
            let telling = async {
                while let Some(answer) = answers.recv().await {
                    told.tell(answer)?;
                    if self.fail_fast && told.report.failed > 0 {
                        break;
                    }
                }
                Ok::<(), CommandError>(())
            };
            let mut telling = std::pin::pin!(telling);
            // Feeding ends with the input; telling when every answer is there, or when it has enough.
            tokio::select! {
                biased;
                fed = feeding => telling.as_mut().await.and(fed),
                heard = &mut telling => heard,
            }
        };
        workers.abort_all();
        let took = self.ctx.clock.elapsed().saturating_sub(begun);
        told.finish(took, ended, &mut stop).await
    }

    /// Makes the messages and hands them to the workers, as fast as they take them.
    async fn feed(
        &self,
        mut source: Source,
        jobs: mpsc::Sender<Vec<Message>>,
        mut stop: Stop,
    ) -> Result<(), CommandError> {
        let pace = Pace::new(self.rate);
        let mut waiting: Vec<Message> = Vec::with_capacity(self.batch);
        let mut number = 0;
        loop {
            let next = async {
                pace.wait_for(number + 1).await;
                source.next().await
            };
            let (next, is_late) = tokio::select! {
                _ = stop.requested() => (None, false),
                () = tokio::time::sleep(BATCH_WAIT), if !waiting.is_empty() => (None, true),
                next = next => (next, false),
            };
            let is_end = next.is_none() && !is_late;
            if let Some(record) = next {
                number += 1;
                waiting.push(self.composer.compose(number, record?)?);
            }
            let is_due = waiting.len() >= self.batch || is_end || is_late;
            if is_due && !waiting.is_empty() {
                let job = std::mem::take(&mut waiting);
                if jobs.send(job).await.is_err() {
                    return Ok(());
                }
            }
            if is_end {
                return Ok(());
            }
        }
    }
}

/// Takes jobs until there are none.
async fn work(
    lane: Lane,
    jobs: Arc<Mutex<mpsc::Receiver<Vec<Message>>>>,
    answers: mpsc::Sender<Answer>,
) {
    loop {
        let job = jobs.lock().await.recv().await;
        let Some(messages) = job else {
            return;
        };
        if answers.send(lane.send(messages).await).await.is_err() {
            return;
        }
    }
}

/// What has been shown of the answers so far.
struct Told<'a> {
    sending: &'a Sending<'a>,
    stream: Option<Stream<Receipt>>,
    progress: Option<Progress>,
    report: Report,
    /// Whether all receipts are shown: for programs they are.
    shows_all: bool,
    shown: usize,
}

impl<'a> Told<'a> {
    fn new(sending: &'a Sending<'a>) -> Self {
        let out = &sending.ctx.out;
        let is_single = sending.total == Some(1);
        Self {
            sending,
            stream: (!is_single).then(|| out.stream()),
            progress: (!is_single).then(|| out.progress("sending", sending.total)),
            report: Report::new(),
            shows_all: !matches!(out.options().format, Format::Table | Format::Wide),
            shown: 0,
        }
    }

    fn tell(&mut self, answer: Answer) -> Result<(), CommandError> {
        let out = &self.sending.ctx.out;
        if let Some(progress) = &self.progress {
            progress.advance(answer.messages);
        }
        let receipts = match answer.receipts {
            Ok(receipts) => receipts,
            Err(error) => {
                let error = self.sending.session.error(&error);
                let is_last_word = self.sending.total == Some(1);
                let text = error.message().to_owned();
                if self.report.count_failed(error, answer.messages) && !is_last_word {
                    out.warn(&format!("not sent: {text}"));
                }
                return Ok(());
            }
        };
        if self.report.sent == 0 && self.sending.is_new_topic {
            out.note(&format!(
                "topic {} is new: this message created it",
                self.sending.composer.topic()
            ));
        }
        self.report.count_sent(&receipts, answer.rt);
        let room = if self.shows_all {
            usize::MAX
        } else {
            RECEIPTS_SHOWN.saturating_sub(self.shown)
        };
        let shown = &receipts[..receipts.len().min(room)];
        self.shown += shown.len();
        match (&mut self.stream, shown) {
            (_, []) => Ok(()),
            (Some(stream), shown) => stream.push_all(shown),
            (None, shown) => shown.iter().try_for_each(|receipt| receipt.render(out)),
        }
    }

    /// The summary, and what the command ends with.
    async fn finish(
        self,
        took: Duration,
        ended: Result<(), CommandError>,
        stop: &mut Stop,
    ) -> Result<(), CommandError> {
        let out = &self.sending.ctx.out;
        let is_single = self.stream.is_none();
        if let Some(progress) = self.progress {
            progress.finish();
        }
        if ended.is_ok()
            && self.report.failed == 0
            && let Some(stream) = self.stream
        {
            stream.finish();
        }
        if !is_single {
            if self.report.sent + self.report.failed == 0 && ended.is_ok() {
                out.note("nothing was sent: the input is empty");
            } else {
                let units_raw = out.view().units == Units::Raw;
                out.note(&self.report.summary(took, units_raw));
            }
        }
        if stop.is_requested() {
            return Err(CommandError::signal(stop.requested().await));
        }
        ended?;
        self.report.outcome()
    }
}
