//! What is shown of what was read: messages on stdout, the rest on stderr.

use std::collections::BTreeSet;

use super::show::Mode;
use super::{Event, place};
use crate::error::{CommandError, Failure};
use crate::message_item::{LineOptions, MessageItem};
use crate::output::item::partial;
use crate::output::units::counted;
use crate::output::{Format, Listing, Output, Render as _, Stream};
use crate::session::Session;

/// Shows messages as they come, or all of them in one document.
pub(super) struct Shown {
    out: Output,
    sink: Sink,
    options: LineOptions,
    /// Brokers that cannot be read now.
    lost: BTreeSet<String>,
}

enum Sink {
    Stream(Stream<MessageItem>),
    /// A document has an end, and is written there.
    Document(Vec<MessageItem>),
}

impl Shown {
    pub(super) fn new(out: &Output, options: LineOptions, mode: Mode) -> Self {
        let is_document = matches!(out.options().format, Format::Json | Format::Yaml);
        let sink = match mode {
            Mode::Peek if is_document => Sink::Document(Vec::new()),
            Mode::Peek | Mode::Tail { .. } => Sink::Stream(out.stream()),
        };
        Self {
            out: out.clone(),
            sink,
            options,
            lost: BTreeSet::new(),
        }
    }

    /// Whether as many messages are shown as are wanted.
    pub(super) fn is_full(&self) -> bool {
        match &self.sink {
            Sink::Stream(stream) => stream.is_full(),
            Sink::Document(items) => self
                .out
                .options()
                .limit
                .is_some_and(|limit| items.len() >= limit),
        }
    }

    pub(super) fn count(&self) -> usize {
        match &self.sink {
            Sink::Stream(stream) => stream.written(),
            Sink::Document(items) => items.len(),
        }
    }

    /// The proper end, with the queues that could not be read.
    pub(super) fn finish(self, failures: Vec<Failure>) -> Result<(), CommandError> {
        match self.sink {
            Sink::Document(items) => Listing::new(items).failures(failures).render(&self.out),
            Sink::Stream(stream) if failures.is_empty() => {
                stream.finish();
                Ok(())
            }
            Sink::Stream(_) => Err(partial(&failures)),
        }
    }

    pub(super) fn show(
        &mut self,
        session: &Session,
        events: Vec<Event>,
    ) -> Result<(), CommandError> {
        let mut items = Vec::with_capacity(events.len());
        for event in events {
            match event {
                Event::Message(message) => items.push(MessageItem::new(message, self.options)),
                // What is said comes at its place between the messages.
                event => {
                    self.put(std::mem::take(&mut items))?;
                    self.say(session, event);
                }
            }
        }
        self.put(items)
    }

    fn put(&mut self, mut items: Vec<MessageItem>) -> Result<(), CommandError> {
        match &mut self.sink {
            _ if items.is_empty() => Ok(()),
            Sink::Stream(stream) => stream.push_all(&items),
            Sink::Document(kept) => {
                kept.append(&mut items);
                Ok(())
            }
        }
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
