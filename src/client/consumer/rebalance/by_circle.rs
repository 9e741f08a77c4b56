//! `AVG_BY_CIRCLE`: the queues are dealt out one by one, like cards.

use std::borrow::Cow;

use protocol::body::MessageQueue;

use super::{AllocateError, AllocateStrategy, index_of};

/// Every n-th queue (RocketMQ `AllocateMessageQueueAveragelyByCircle`).
#[derive(Debug, Clone, Copy, Default)]
pub struct AveragelyByCircle;

impl AllocateStrategy for AveragelyByCircle {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("AVG_BY_CIRCLE")
    }

    fn allocate(
        &self,
        own_id: &str,
        queues: &[MessageQueue],
        members: &[String],
    ) -> Result<Vec<MessageQueue>, AllocateError> {
        let Some(index) = index_of(own_id, members) else {
            return Ok(Vec::new());
        };
        Ok(queues
            .iter()
            .skip(index)
            .step_by(members.len())
            .cloned()
            .collect())
    }
}
