//! The way from queues to the output: the backlog, then what comes in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use client::{PullConsumer, TOOLS_CONSUMER_GROUP};

use super::args::ReadArgs;
use super::backlog::Backlog;
use super::filter::Filter;
use super::follow::{Follow, Growth};
use super::plan::{End, QueuePlan};
use super::queue_reader::QueueReader;
use super::range::{Point, Range, Until};
use super::selection::Selection;
use super::{Event, place};
use crate::concurrently;
use crate::context::Context;
use crate::error::{CommandError, Failure};
use crate::message_item::{LineOptions, MessageItem};
use crate::output::item::partial;
use crate::output::units::counted;
use crate::output::{Output, Stream};
use crate::session::{self, Session};
use crate::signals::Stop;

/// How reading ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    /// With what is there.
    Peek,
    /// Not by itself; or after no message has come for this long.
    Tail { until_idle: Option<Duration> },
}

/// Everything that reading needs to know.
struct Reading<'a> {
    ctx: &'a Context,
    session: &'a Session,
    reader: PullConsumer,
    selection: Selection,
    filter: Arc<Filter>,
    range: Range,
    last: Option<usize>,
    mode: Mode,
}

/// What is shown, and where.
struct Shown {
    out: Output,
    stream: Stream<MessageItem>,
    options: LineOptions,
    /// Brokers that cannot be read now.
    lost: BTreeSet<String>,
}

/// Reads what the flags say and shows it as it comes.
pub(crate) async fn run(ctx: &Context, args: &ReadArgs, mode: Mode) -> Result<(), CommandError> {
    let (range, last) = args.range(ctx)?;
    let session = session::connect(ctx).await?;
    let reader = session
        .client()
        .pull_consumer(TOOLS_CONSUMER_GROUP)
        .map_err(|error| session.error(&error))?;
    let reading = Reading {
        ctx,
        session: &session,
        reader,
        selection: args.selection(),
        filter: Arc::new(args.filter()),
        range,
        last,
        mode,
    };
    let options = LineOptions {
        full: args.full,
        with_topic: args.has_several_topics(),
    };
    let mut stop = ctx.signals.claim();
    let mut shown = Shown {
        out: ctx.out.clone(),
        stream: ctx.out.stream(),
        options,
        lost: BTreeSet::new(),
    };
    let ended = reading.run(&mut shown, &mut stop).await;
    let count = shown.stream.written();
    if ended.is_ok() || stop.is_requested() {
        shown.stream.finish();
    }
    session.close().await;
    if stop.is_requested() {
        ctx.out
            .note(&format!("{} shown", counted(count, "message")));
        return Err(CommandError::signal(stop.requested().await));
    }
    ended
}

impl Reading<'_> {
    async fn run(&self, shown: &mut Shown, stop: &mut Stop) -> Result<(), CommandError> {
        let plans = async {
            let queues = self.selection.resolve(self.session, &self.reader).await?;
            self.plans(queues).await
        };
        let (plans, mut failures) = tokio::select! {
            _ = stop.requested() => return Ok(()),
            plans = self.ctx.out.busy("looking at the queues", plans) => plans?,
        };
        self.announce(&plans);
        let readers = plans.into_iter().map(|plan| self.reader_of(plan)).collect();
        let backlog = Backlog::start(readers, self.session_retries());
        let readers = tokio::select! {
            _ = stop.requested() => return Ok(()),
            readers = self.show_backlog(backlog, shown) => readers?,
        };
        if shown.stream.is_full() {
            return Ok(());
        }
        let mut follow = Vec::new();
        for (reader, error) in readers {
            match error {
                Some(error) if matches!(self.mode, Mode::Peek) => {
                    let failure =
                        Failure::new(place(&reader.plan.queue), &self.session.error(&error));
                    failures.push(failure);
                }
                _ if reader.plan.is_over(reader.next, self.ctx.clock.now_ms()) => {}
                _ => follow.push(reader),
            }
        }
        if let Mode::Tail { until_idle } = self.mode
            && !follow.is_empty()
        {
            tokio::select! {
                _ = stop.requested() => return Ok(()),
                ended = self.follow(Follow::start(follow), until_idle, shown) => ended?,
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(partial(&failures))
        }
    }

    fn session_retries(&self) -> u32 {
        self.ctx.retries()
    }

    fn reader_of(&self, plan: QueuePlan) -> QueueReader {
        let (reader, filter) = (self.reader.clone(), Arc::clone(&self.filter));
        QueueReader::new(reader, filter, self.ctx.clock.clone(), plan)
    }

    /// Where to begin and end in each queue. Queues that cannot be asked are left out and named.
    async fn plans(
        &self,
        queues: Vec<protocol::body::MessageQueue>,
    ) -> Result<(Vec<QueuePlan>, Vec<Failure>), CommandError> {
        let asked = queues.into_iter().map(|queue| {
            let (reader, range) = (self.reader.clone(), self.range);
            async move { (queue.clone(), QueuePlan::make(reader, queue, range).await) }
        });
        let (mut plans, mut failures, mut first) = (Vec::new(), Vec::new(), None);
        for (queue, plan) in concurrently::all(asked).await {
            match plan {
                Ok(plan) => plans.push(plan),
                Err(error) => {
                    failures.push(Failure::new(place(&queue), &self.session.error(&error)));
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            Some(error) if plans.is_empty() => Err(self.session.explain(&error).await),
            _ => Ok((plans, failures)),
        }
    }

    /// Says what is read, and that nothing else happens.
    fn announce(&self, plans: &[QueuePlan]) {
        let mut topics: Vec<&str> = plans.iter().map(|plan| plan.queue.topic.as_str()).collect();
        topics.dedup();
        let topics = match topics.as_slice() {
            [only] => (*only).to_owned(),
            several => counted(several.len(), "topic"),
        };
        let queues = counted(plans.len(), "queue");
        self.ctx.out.note(&format!(
            "reading {topics}, {queues}: joins no group, moves no offset"
        ));
    }

    async fn show_backlog(
        &self,
        mut backlog: Backlog,
        shown: &mut Shown,
    ) -> Result<Vec<(QueueReader, Option<client::ClientError>)>, CommandError> {
        // Each queue's last ones are read; which of them are the last of all shows only at the end.
        let mut kept = Vec::new();
        while let Some(events) = backlog.next().await {
            match self.last {
                Some(last) => {
                    kept.extend(events);
                    let surplus = kept.len().saturating_sub(last);
                    kept.drain(..surplus);
                }
                None => shown.show(self.session, events)?,
            }
            if shown.stream.is_full() {
                break;
            }
        }
        shown.show(self.session, kept)?;
        Ok(backlog.into_readers().await)
    }

    async fn follow(
        &self,
        mut follow: Follow,
        until_idle: Option<Duration>,
        shown: &mut Shown,
    ) -> Result<(), CommandError> {
        let make = |plan| self.reader_of(plan);
        let grow = Growth {
            session: self.session,
            selection: &self.selection,
            reader: &self.reader,
            end: self.end_of_new_queues(),
            make: &make,
        };
        // Longer than any process runs.
        const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
        let idle = until_idle.unwrap_or(FOR_EVER);
        while !shown.stream.is_full() {
            match tokio::time::timeout(idle, follow.next(&grow)).await {
                Ok(Some(events)) => shown.show(self.session, events)?,
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }

    fn end_of_new_queues(&self) -> Option<End> {
        match self.range.until {
            Some(Until::Point(Point::Time(time))) => Some(End::Time(time)),
            _ => None,
        }
    }
}

impl Shown {
    fn show(&mut self, session: &Session, events: Vec<Event>) -> Result<(), CommandError> {
        let mut items = Vec::with_capacity(events.len());
        for event in events {
            match event {
                Event::Message(message) => items.push(MessageItem::new(message, self.options)),
                // What is said comes at its place between the messages.
                event => {
                    self.flush(&mut items)?;
                    self.say(session, event);
                }
            }
        }
        self.flush(&mut items)
    }

    fn flush(&mut self, items: &mut Vec<MessageItem>) -> Result<(), CommandError> {
        if items.is_empty() {
            return Ok(());
        }
        self.stream.push_all(&std::mem::take(items))
    }

    /// Tells of what is no message. A broker that is down is told of once, not for each of its queues.
    fn say(&mut self, session: &Session, event: Event) {
        match event {
            Event::Message(_) => {}
            Event::Gap(queue, from, to) => {
                let gone = counted(usize::try_from(to - from).unwrap_or_default(), "message");
                let (topic, place) = (&queue.topic, place(&queue));
                self.out.warn(&format!(
                    "gap: {gone} of {topic} {place} from offset {from} on: deleted by retention"
                ));
            }
            Event::Lost(queue, error) => {
                if self.lost.insert(queue.broker_name) {
                    self.out
                        .warn(&format!("{}; trying on", session.error(&error).message()));
                }
            }
            Event::Back(queue) => {
                if self.lost.remove(&queue.broker_name) {
                    self.out
                        .note(&format!("broker {} is read again", queue.broker_name));
                }
            }
        }
    }
}
