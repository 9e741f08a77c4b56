//! What becomes of the messages with a key: where they are stored, which group reads them when, and
//! what comes back to be tried again or is given up.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use client::admin::MessageQuery;
use client::{Admin, ClientError, concurrently};
use protocol::message::MessageExt;
use protocol::name::{DLQ_PREFIX, RETRY_PREFIX, dlq_topic, retry_topic};
use serde::Serialize;
use tokio::time::Instant;

use super::lookup;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::text::escape_controls;
use crate::output::units::rfc3339;
use crate::output::{Cell, Column, Item, Role, Stream, View};
use crate::session::{self, Session};

/// How often brokers are asked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// So many of a key's messages are followed; each is a question for each group that has not read it.
const FOLLOWED_MAX: usize = 64;

/// Something that happened to a message.
#[derive(Debug, Clone, Serialize)]
struct LifeEvent {
    /// `stored`, `retry`, `dead` or `read`.
    event: &'static str,
    /// When it was stored, or when it was seen to have been read.
    at: String,
    at_ms: i64,
    /// Who read it, or in vain.
    group: Option<String>,
    topic: String,
    broker: String,
    queue: i32,
    offset: i64,
    msg_id: String,
    reconsume_times: i32,
}

impl LifeEvent {
    fn of(message: &MessageExt, event: &'static str, group: Option<&str>, at_ms: i64) -> Self {
        Self {
            event,
            at: rfc3339(at_ms),
            at_ms,
            group: group.map(str::to_owned),
            topic: message.topic.clone(),
            broker: message.broker_name.clone(),
            queue: message.queue_id,
            offset: message.queue_offset,
            msg_id: message.msg_id().into_owned(),
            reconsume_times: message.reconsume_times,
        }
    }

    /// A message that has appeared, as what its topic makes it.
    fn appeared(message: &MessageExt) -> Self {
        let topic = message.topic.as_str();
        let (event, group) = match (
            topic.strip_prefix(RETRY_PREFIX),
            topic.strip_prefix(DLQ_PREFIX),
        ) {
            (Some(group), _) => ("retry", Some(group)),
            (None, Some(group)) => ("dead", Some(group)),
            (None, None) => ("stored", None),
        };
        Self::of(message, event, group, message.store_timestamp)
    }

    fn place(&self) -> String {
        format!("{}/q{}@{}", self.broker, self.queue, self.offset)
    }

    fn words(&self) -> String {
        let group = self.group.as_deref().unwrap_or_default();
        match self.event {
            "retry" => format!("comes again to {group}, retry {}", self.reconsume_times),
            "dead" => format!("given up by {group}"),
            "read" => format!("read by {group}"),
            _ => "stored".to_owned(),
        }
    }

    fn role(&self) -> Role {
        match self.event {
            "retry" => Role::Warn,
            "dead" => Role::Bad,
            "read" => Role::Ok,
            _ => Role::Accent,
        }
    }
}

impl Item for LifeEvent {
    const SCHEMA: &'static str = "gantry.message.follow/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("at"),
        Column::new("event"),
        Column::new("group"),
        Column::new("topic"),
        Column::new("broker"),
        Column::number("queue"),
        Column::number("offset"),
        Column::new("msg_id"),
        Column::number("reconsume_times").titled("RETRY"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::time_ms(self.at_ms),
            Cell::from(self.event).role(self.role()),
            self.group.as_deref().into(),
            (&self.topic).into(),
            (&self.broker).into(),
            self.queue.into(),
            self.offset.into(),
            (&self.msg_id).into(),
            self.reconsume_times.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.msg_id.as_str().into()
    }

    fn line(&self, view: &View) -> String {
        let time = Cell::time_ms(self.at_ms).show(view);
        let cells = [
            view.palette.paint(Role::Dim, &time),
            escape_controls(&self.topic).into_owned(),
            self.place(),
            view.palette
                .paint(self.role(), &escape_controls(&self.words())),
        ];
        cells.join(if view.terminal { "  " } else { "\t" })
    }
}

/// Shows what has happened and what happens, until told to stop or until nothing does any more.
pub(super) async fn run(
    ctx: &Context,
    topic: &str,
    key: &str,
    until_idle: Option<Duration>,
) -> Result<(), CommandError> {
    let session = session::connect(ctx).await?;
    let mut stop = ctx.signals.claim();
    let mut stream = ctx.out.stream::<LifeEvent>();
    let life = Life {
        ctx,
        session: &session,
        topic,
        key,
    };
    let ended = tokio::select! {
        signal = stop.requested() => Err(CommandError::signal(signal)),
        ended = life.follow(&mut stream, until_idle) => ended,
    };
    session.close().await;
    if ended.is_ok() {
        stream.finish();
    }
    ended
}

/// The life of a key's messages.
struct Life<'a> {
    ctx: &'a Context,
    session: &'a Session,
    topic: &'a str,
    key: &'a str,
}

/// What is known so far.
#[derive(Debug, Default)]
struct Known {
    messages: Vec<Arc<MessageExt>>,
    ids: BTreeSet<String>,
    /// Message and group.
    read: BTreeSet<(String, String)>,
}

impl Life<'_> {
    async fn follow(
        &self,
        stream: &mut Stream<LifeEvent>,
        until_idle: Option<Duration>,
    ) -> Result<(), CommandError> {
        let mut known = Known::default();
        let mut changed = Instant::now();
        let mut is_first = true;
        loop {
            let events = match self.look(&mut known).await {
                Ok(events) => events,
                Err(error) if is_first => return Err(error),
                // A broker that is away may come back.
                Err(error) => {
                    tracing::warn!(%error, "cannot look");
                    Vec::new()
                }
            };
            if is_first && events.is_empty() {
                let (key, topic) = (self.key, self.topic);
                self.ctx.out.note(&format!(
                    "no message of {topic} has the key {key} yet: waiting"
                ));
            }
            is_first = false;
            if !events.is_empty() {
                changed = Instant::now();
                stream.push_all(&events)?;
            }
            let is_idle = until_idle.is_some_and(|idle| changed.elapsed() >= idle);
            if stream.is_full() || is_idle {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What has happened since the last look, in the order of time.
    async fn look(&self, known: &mut Known) -> Result<Vec<LifeEvent>, CommandError> {
        let admin = self.session.admin();
        let groups = match admin.who_consumes(self.topic).await {
            Ok(groups) => groups.items,
            Err(error @ ClientError::TopicNotFound { .. }) => {
                return Err(self.session.explain(&error).await);
            }
            // Some brokers say no where nobody consumes.
            Err(_) => Vec::new(),
        };
        let mut events = self.appeared(&groups, known).await?;
        events.append(&mut self.read(&admin, &groups, known).await);
        events.sort_by_key(|event| event.at_ms);
        Ok(events)
    }

    async fn appeared(
        &self,
        groups: &[String],
        known: &mut Known,
    ) -> Result<Vec<LifeEvent>, CommandError> {
        let query = |topic: String| MessageQuery::by_key(topic, self.key);
        let named = vec![query(self.topic.to_owned())];
        let mut found = lookup::search(self.session, named, true).await?;
        let of_groups = groups
            .iter()
            .flat_map(|group| [retry_topic(group), dlq_topic(group)]);
        let of_groups = of_groups.map(query).collect();
        found.extend(lookup::search(self.session, of_groups, false).await?);
        let mut events = Vec::new();
        for message in found {
            if known.messages.len() < FOLLOWED_MAX && known.ids.insert(message.offset_msg_id()) {
                events.push(LifeEvent::appeared(&message));
                known.messages.push(Arc::new(message));
            }
        }
        Ok(events)
    }

    /// Which groups have come past which messages.
    async fn read(&self, admin: &Admin, groups: &[String], known: &mut Known) -> Vec<LifeEvent> {
        let mut asked = Vec::new();
        for message in &known.messages {
            let topic = message.topic.as_str();
            for group in readers_of(topic, groups) {
                let pair = (message.offset_msg_id(), group.clone());
                if !known.read.contains(&pair) {
                    let (admin, message) = (admin.clone(), Arc::clone(message));
                    asked.push(async move {
                        let track = admin.track_of(&message, group).await;
                        (track, message, pair)
                    });
                }
            }
        }
        let now_ms = self.ctx.clock.now_ms();
        let mut events = Vec::new();
        for (track, message, pair) in concurrently::all(asked).await {
            if track.behind == Some(0) {
                known.read.insert(pair);
                let group = track.group.as_str();
                events.push(LifeEvent::of(&message, "read", Some(group), now_ms));
            }
        }
        events
    }
}

/// The groups that read a topic: a retry topic belongs to one, and a dead letter topic to nobody.
fn readers_of(topic: &str, groups: &[String]) -> Vec<String> {
    if let Some(group) = topic.strip_prefix(RETRY_PREFIX) {
        return vec![group.to_owned()];
    }
    if topic.starts_with(DLQ_PREFIX) {
        return Vec::new();
    }
    groups.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message_item::tests::message;

    #[test]
    fn a_topic_says_what_happened() {
        let of = |topic: &str| {
            let mut message = message(b"x");
            message.topic = topic.to_owned();
            message.reconsume_times = 2;
            let event = LifeEvent::appeared(&message);
            (event.event, event.words())
        };
        assert_eq!(of("orders"), ("stored", "stored".to_owned()));
        let again = "comes again to billing, retry 2".to_owned();
        assert_eq!(of("%RETRY%billing"), ("retry", again));
        let dead = "given up by billing".to_owned();
        assert_eq!(of("%DLQ%billing"), ("dead", dead));
        let groups = ["billing".to_owned(), "audit".to_owned()];
        assert_eq!(readers_of("orders", &groups), groups);
        assert_eq!(readers_of("%RETRY%audit", &groups), ["audit"]);
        assert!(readers_of("%DLQ%audit", &groups).is_empty());
    }
}
