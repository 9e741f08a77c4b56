//! The way from queues to the output: the backlog, then what comes in.

use std::sync::Arc;
use std::time::Duration;

use client::{ClientError, TOOLS_CONSUMER_GROUP, concurrently};
use protocol::body::MessageQueue;

use super::args::ReadArgs;
use super::backlog::Backlog;
use super::follow::{Follow, Growth};
use super::look_back::{self, LookedBack};
use super::plan::{End, QueuePlan};
use super::queue_reader::{QueueReader, Readers};
use super::range::{Point, Range, Until};
use super::selection::Selection;
use super::shown::Shown;
use super::{Event, place};
use crate::context::Context;
use crate::error::{CommandError, Failure};
use crate::message_item::LineOptions;
use crate::output::units::counted;
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

/// A queue and how far it was read, with what kept it from going on.
type Read = (QueueReader, Option<ClientError>);

/// Everything that reading needs to know.
struct Reading<'a> {
    ctx: &'a Context,
    session: &'a Session,
    readers: Readers,
    selection: Selection,
    range: Range,
    last: Option<usize>,
    /// So many messages that match are looked for, from the end on.
    looks_back: Option<usize>,
    mode: Mode,
}

/// Reads what the flags say and shows it as it comes; gives how many messages were shown.
pub(crate) async fn run(ctx: &Context, args: &ReadArgs, mode: Mode) -> Result<usize, CommandError> {
    let filter = args.filter(ctx)?;
    let (mut range, last) = args.range(ctx)?;
    let looks_back = last.filter(|_| matches!(mode, Mode::Peek) && filter.is_selective());
    if looks_back.is_some() {
        range.begin = Point::Start;
    }
    let session = session::connect(ctx).await?;
    let consumer = session
        .client()
        .pull_consumer(TOOLS_CONSUMER_GROUP)
        .map_err(|error| session.error(&error))?;
    let readers = Readers {
        consumer,
        filter: Arc::new(filter),
        clock: ctx.clock.clone(),
    };
    let reading = Reading {
        ctx,
        session: &session,
        readers,
        selection: args.selection(),
        range,
        last,
        looks_back,
        mode,
    };
    let options = LineOptions {
        full: args.full,
        with_topic: args.has_several_topics(),
    };
    let mut stop = ctx.signals.claim();
    let mut shown = Shown::new(&ctx.out, options, mode);
    let ended = reading.run(&mut shown, &mut stop).await;
    let count = shown.count();
    let ended = match ended {
        Err(error) if !stop.is_requested() => Err(error),
        Ok(failures) => shown.finish(failures),
        Err(_) => shown.finish(Vec::new()),
    };
    session.close().await;
    if stop.is_requested() {
        ctx.out
            .note(&format!("{} shown", counted(count, "message")));
        return Err(CommandError::signal(stop.requested().await));
    }
    ended.map(|()| count)
}

impl Reading<'_> {
    /// Gives the queues that could not be read.
    async fn run(&self, shown: &mut Shown, stop: &mut Stop) -> Result<Vec<Failure>, CommandError> {
        let plans = async {
            let queues = self
                .selection
                .resolve(self.session, &self.readers.consumer)
                .await?;
            self.plans(queues).await
        };
        let (plans, lost) = tokio::select! {
            _ = stop.requested() => return Ok(Vec::new()),
            plans = self.ctx.out.busy("looking at the queues", plans) => plans?,
        };
        self.announce(&plans);
        if let Some(count) = self.looks_back {
            return tokio::select! {
                _ = stop.requested() => Ok(Vec::new()),
                failures = self.show_last(plans, lost, count, shown) => failures,
            };
        }
        let readers = plans
            .into_iter()
            .map(|plan| self.readers.reader(plan))
            .collect();
        let backlog = Backlog::start(readers, self.ctx.retries());
        let readers = tokio::select! {
            _ = stop.requested() => return Ok(Vec::new()),
            readers = self.show_backlog(backlog, shown) => readers?,
        };
        if shown.is_full() {
            return Ok(Vec::new());
        }
        let Mode::Tail { until_idle } = self.mode else {
            return Ok(self.failures(&readers, &lost));
        };
        let now_ms = self.ctx.clock.now_ms();
        let readers = readers.into_iter().map(|(reader, _)| reader);
        let mut follow = Follow::start(
            readers
                .filter(|reader| !reader.plan.is_over(reader.next, now_ms))
                .collect(),
        );
        for (queue, error) in lost {
            shown.show(self.session, vec![Event::Lost(queue.clone(), error)])?;
            follow.add_lost(self.readers.clone(), queue, self.range);
        }
        tokio::select! {
            _ = stop.requested() => Ok(Vec::new()),
            ended = self.follow(follow, until_idle, shown) => ended.map(|()| Vec::new()),
        }
    }

    /// Shows the last messages that match, however far back they lie.
    async fn show_last(
        &self,
        plans: Vec<QueuePlan>,
        lost: Vec<(MessageQueue, ClientError)>,
        count: usize,
        shown: &mut Shown,
    ) -> Result<Vec<Failure>, CommandError> {
        let looking = look_back::last_of(&self.readers, plans, count, self.ctx.retries());
        let LookedBack { messages, failed } = self.ctx.out.busy("looking back", looking).await;
        let events = messages.into_iter().map(Event::Message);
        shown.show(self.session, events.collect())?;
        let failed = failed.iter().chain(&lost);
        Ok(failed
            .map(|(queue, error)| self.failure(queue, error))
            .collect())
    }

    fn failure(&self, queue: &MessageQueue, error: &ClientError) -> Failure {
        Failure::new(place(queue), &self.session.error(error))
    }

    /// The queues that nothing, or not everything, was read of.
    fn failures(&self, readers: &[Read], lost: &[(MessageQueue, ClientError)]) -> Vec<Failure> {
        let failed = readers
            .iter()
            .filter_map(|(reader, error)| error.as_ref().map(|error| (&reader.plan.queue, error)));
        let lost = lost.iter().map(|(queue, error)| (queue, error));
        let failure = |(queue, error)| self.failure(queue, error);
        failed.chain(lost).map(failure).collect()
    }

    /// Where to begin and end in each queue. Queues that cannot be asked are left out and named.
    async fn plans(
        &self,
        queues: Vec<MessageQueue>,
    ) -> Result<(Vec<QueuePlan>, Vec<(MessageQueue, ClientError)>), CommandError> {
        let asked = queues.into_iter().map(|queue| {
            let (consumer, range) = (self.readers.consumer.clone(), self.range);
            async move { (queue.clone(), QueuePlan::make(consumer, queue, range).await) }
        });
        let (mut plans, mut lost) = (Vec::new(), Vec::new());
        for (queue, plan) in concurrently::all(asked).await {
            match plan {
                Ok(plan) => plans.push(plan),
                Err(error) => lost.push((queue, error)),
            }
        }
        match lost.first() {
            Some((_, error)) if plans.is_empty() => Err(self.session.explain(error).await),
            _ => Ok((plans, lost)),
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
    ) -> Result<Vec<Read>, CommandError> {
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
            if shown.is_full() {
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
        let growth = Growth {
            session: self.session,
            selection: &self.selection,
            readers: &self.readers,
            end: self.end_of_new_queues(),
        };
        // Longer than any process runs.
        const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
        let idle = until_idle.unwrap_or(FOR_EVER);
        while !shown.is_full() {
            match tokio::time::timeout(idle, follow.next(&growth)).await {
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
