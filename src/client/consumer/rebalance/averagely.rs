//! `AVG`: each member gets a run of neighbouring queues, the first members one more where it does not
//! come out even.

use std::borrow::Cow;

use protocol::body::MessageQueue;

use super::{AllocateError, AllocateStrategy, index_of};

/// RocketMQ's default (RocketMQ `AllocateMessageQueueAveragely`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Averagely;

impl AllocateStrategy for Averagely {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("AVG")
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
        let each = queues.len() / members.len();
        let left_over = queues.len() % members.len();
        let start = index * each + index.min(left_over);
        let count = each + usize::from(index < left_over);
        Ok(queues.iter().skip(start).take(count).cloned().collect())
    }
}
