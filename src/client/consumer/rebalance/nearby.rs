//! `MACHINE_ROOM_NEARBY`: queues are read by members of their own room; rooms without a member are
//! shared by all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use protocol::body::MessageQueue;

use super::{AllocateError, AllocateStrategy};

/// Knows where brokers and clients stand.
pub trait RoomResolver: Debug + Send + Sync {
    /// The room of a queue's broker.
    fn room_of_queue(&self, queue: &MessageQueue) -> Option<String>;

    /// The room of a client.
    fn room_of_client(&self, client_id: &str) -> Option<String>;
}

/// Rooms written in front: `room1-broker-a`, `room1-10.0.0.7@consumer`.
#[derive(Debug, Clone, Copy)]
pub struct PrefixRooms {
    /// What stands between the room and the name.
    pub separator: char,
}

impl Default for PrefixRooms {
    fn default() -> Self {
        Self { separator: '-' }
    }
}

impl PrefixRooms {
    fn prefix(self, name: &str) -> Option<String> {
        let room = name.split(self.separator).next()?;
        (!room.is_empty()).then(|| room.to_owned())
    }
}

impl RoomResolver for PrefixRooms {
    fn room_of_queue(&self, queue: &MessageQueue) -> Option<String> {
        self.prefix(&queue.broker_name)
    }

    fn room_of_client(&self, client_id: &str) -> Option<String> {
        self.prefix(client_id)
    }
}

/// Another strategy, used room by room (RocketMQ `AllocateMachineRoomNearby`).
#[derive(Debug, Clone)]
pub struct MachineRoomNearby {
    /// How the queues of one room are divided.
    pub inner: Arc<dyn AllocateStrategy>,
    /// Who stands where.
    pub rooms: Arc<dyn RoomResolver>,
}

impl AllocateStrategy for MachineRoomNearby {
    fn name(&self) -> Cow<'static, str> {
        Cow::Owned(format!("MACHINE_ROOM_NEARBY-{}", self.inner.name()))
    }

    fn allocate(
        &self,
        own_id: &str,
        queues: &[MessageQueue],
        members: &[String],
    ) -> Result<Vec<MessageQueue>, AllocateError> {
        let queues = by_room(
            queues,
            |queue| self.rooms.room_of_queue(queue),
            |queue| queue.broker_name.clone(),
        )?;
        let rooms = by_room(members, |id| self.rooms.room_of_client(id), String::clone)?;
        let own_room = self.rooms.room_of_client(own_id);
        let mut own = Vec::new();
        if let Some(room) = &own_room
            && let (Some(queues), Some(neighbours)) = (queues.get(room), rooms.get(room))
        {
            own.extend(self.inner.allocate(own_id, queues, neighbours)?);
        }
        for (room, queues) in &queues {
            if !rooms.contains_key(room) {
                own.extend(self.inner.allocate(own_id, queues, members)?);
            }
        }
        Ok(own)
    }
}

/// Groups things by room, in the order of the rooms' names.
fn by_room<T: Clone>(
    things: &[T],
    room_of: impl Fn(&T) -> Option<String>,
    name_of: impl Fn(&T) -> String,
) -> Result<BTreeMap<String, Vec<T>>, AllocateError> {
    let mut rooms: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for thing in things {
        let room = room_of(thing).filter(|room| !room.is_empty());
        let room = room.ok_or_else(|| AllocateError::NoRoom { of: name_of(thing) })?;
        rooms.entry(room).or_default().push(thing.clone());
    }
    Ok(rooms)
}
