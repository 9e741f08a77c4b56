//! The messages that are kept, in the order in which they were stored.

use std::sync::Arc;

use protocol::message::MessageExt;

/// The most messages that are kept.
pub const MESSAGES_MAX: usize = 2_000;

/// The most bytes of their bodies; one message is kept however large it is.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;

/// Where a message lies: broker, queue, offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    topic: String,
    broker: String,
    queue: i32,
    offset: i64,
}

impl Place {
    pub(super) fn of(message: &MessageExt) -> Self {
        Self {
            topic: message.topic.clone(),
            broker: message.broker_name.clone(),
            queue: message.queue_id,
            offset: message.queue_offset,
        }
    }
}

/// The messages that are kept.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Oldest first.
    all: Vec<Arc<MessageExt>>,
    /// What came while everything was frozen.
    held: Vec<Arc<MessageExt>>,
    /// How many have gone to make room.
    dropped: u64,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// The message of a row, from one end or the other.
    pub(super) fn get(&self, row: usize, is_oldest_first: bool) -> Option<&Arc<MessageExt>> {
        self.all.get(self.turned(row, is_oldest_first)?)
    }

    /// The row of a message.
    pub(super) fn find(&self, place: &Place, is_oldest_first: bool) -> Option<usize> {
        let is_it = |message: &Arc<MessageExt>| Place::of(message) == *place;
        let at = self.all.iter().rposition(is_it)?;
        self.turned(at, is_oldest_first)
    }

    fn turned(&self, at: usize, is_oldest_first: bool) -> Option<usize> {
        if is_oldest_first {
            return Some(at);
        }
        self.all.len().checked_sub(at + 1)
    }

    /// The newest ones, oldest first.
    pub(super) fn newest(&self, count: usize) -> Vec<Arc<MessageExt>> {
        let from = self.all.len().saturating_sub(count);
        self.all.iter().skip(from).cloned().collect()
    }

    /// Adds messages, or holds them back while everything is frozen.
    pub(super) fn add(&mut self, messages: Vec<Arc<MessageExt>>, is_frozen: bool) {
        if is_frozen {
            self.held.extend(messages);
            self.dropped += shrink(&mut self.held);
            return;
        }
        self.all.extend(messages);
        self.all.sort_by(|a, b| {
            let key = |message: &MessageExt| (message.store_timestamp, message.queue_id);
            (key(a), &a.broker_name, a.queue_offset).cmp(&(key(b), &b.broker_name, b.queue_offset))
        });
        self.dropped += shrink(&mut self.all);
    }

    /// Adds what was held back; whether there was anything.
    pub(super) fn release(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        let had_some = !held.is_empty();
        if had_some {
            self.add(held, false);
        }
        had_some
    }
}

/// Drops the first ones until the limits are kept; how many.
fn shrink(messages: &mut Vec<Arc<MessageExt>>) -> u64 {
    let (mut kept, mut bytes) = (0, 0_usize);
    for message in messages.iter().rev().take(MESSAGES_MAX) {
        bytes = bytes.saturating_add(message.body.len());
        if bytes > BYTES_MAX && kept > 0 {
            break;
        }
        kept += 1;
    }
    let gone = messages.len() - kept;
    drop(messages.drain(..gone));
    u64::try_from(gone).unwrap_or(u64::MAX)
}
