//! `MACHINE_ROOM`: only queues of brokers in certain rooms, named `room@broker`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use protocol::body::MessageQueue;

use super::{AllocateError, AllocateStrategy, index_of};

/// The queues of some rooms, divided evenly (RocketMQ `AllocateMessageQueueByMachineRoom`).
#[derive(Debug, Clone, Default)]
pub struct MachineRoom {
    /// The rooms whose queues are read.
    pub rooms: BTreeSet<String>,
}

impl AllocateStrategy for MachineRoom {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("MACHINE_ROOM")
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
        let near: Vec<&MessageQueue> = queues.iter().filter(|queue| self.has(queue)).collect();
        let each = near.len() / members.len();
        // Unlike AVG, what is left over lies behind all runs.
        let left_over = each * members.len() + index;
        let run = near.iter().skip(index * each).take(each);
        Ok(run
            .chain(near.get(left_over))
            .map(|queue| (*queue).clone())
            .collect())
    }
}

impl MachineRoom {
    fn has(&self, queue: &MessageQueue) -> bool {
        let name = queue.broker_name.split_once('@');
        name.is_some_and(|(room, broker)| {
            !broker.is_empty() && !broker.contains('@') && self.rooms.contains(room)
        })
    }
}
