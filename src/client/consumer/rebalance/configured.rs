//! `CONFIG`: the queues are given; the members play no part.

use std::borrow::Cow;

use protocol::body::MessageQueue;

use super::{AllocateError, AllocateStrategy};

/// A fixed list (RocketMQ `AllocateMessageQueueByConfig`). That no two members have a queue in common
/// is up to whoever writes the lists.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    /// The queues of this member, of any topic.
    pub queues: Vec<MessageQueue>,
}

impl AllocateStrategy for Configured {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("CONFIG")
    }

    fn allocate(
        &self,
        _own_id: &str,
        queues: &[MessageQueue],
        _members: &[String],
    ) -> Result<Vec<MessageQueue>, AllocateError> {
        Ok(queues
            .iter()
            .filter(|queue| self.queues.contains(queue))
            .cloned()
            .collect())
    }
}
