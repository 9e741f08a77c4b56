//! Which member of a group reads which queue: RocketMQ's allocation strategies.
//!
//! Every member works the division out for itself, so all of them must come to the same result from
//! the same lists. Pure functions: queues and members in, own queues out. Invariant: the queues and
//! members are sorted as Java sorts them, [`sort_members`] for the latter.

mod averagely;
mod by_circle;
mod configured;
mod consistent_hash;
mod machine_room;
mod nearby;

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use protocol::body::MessageQueue;
use protocol::message::java_compare;

pub use averagely::Averagely;
pub use by_circle::AveragelyByCircle;
pub use configured::Configured;
pub use consistent_hash::ConsistentHash;
pub use machine_room::MachineRoom;
pub use nearby::{MachineRoomNearby, PrefixRooms, RoomResolver};

/// A way to divide the queues of a topic among the members of a group.
pub trait AllocateStrategy: Debug + Send + Sync {
    /// The name that RocketMQ knows it by.
    fn name(&self) -> Cow<'static, str>;

    /// The queues that the member `own_id` reads. A member that is not in the list gets none.
    ///
    /// # Errors
    /// The strategy cannot place a queue or a member.
    fn allocate(
        &self,
        own_id: &str,
        queues: &[MessageQueue],
        members: &[String],
    ) -> Result<Vec<MessageQueue>, AllocateError>;
}

/// Why a strategy cannot divide the queues.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllocateError {
    /// A broker or a client whose machine room is not known.
    #[error("the machine room of {of} is not known")]
    NoRoom {
        /// The broker name or client id.
        of: String,
    },
}

/// The strategies that need no settings, by RocketMQ's name or by an easier one.
#[must_use]
pub fn strategy_by_name(name: &str) -> Option<Arc<dyn AllocateStrategy>> {
    let name = name.to_ascii_uppercase().replace('-', "_");
    match name.as_str() {
        "AVG" | "AVERAGELY" => Some(Arc::new(Averagely)),
        "AVG_BY_CIRCLE" | "AVERAGELY_BY_CIRCLE" | "CIRCLE" => Some(Arc::new(AveragelyByCircle)),
        "CONSISTENT_HASH" | "HASH" => Some(Arc::new(ConsistentHash::default())),
        _ => None,
    }
}

/// Sorts client ids as Java does, by UTF-16 units, and drops what is there twice: a member that
/// reconnects may be listed under both of its connections.
pub fn sort_members(members: &mut Vec<String>) {
    members.sort_by(|one, other| java_compare(one, other));
    members.dedup();
}

/// The place of a member in the list.
fn index_of(own_id: &str, members: &[String]) -> Option<usize> {
    members.iter().position(|member| member == own_id)
}

#[cfg(test)]
mod tests;
