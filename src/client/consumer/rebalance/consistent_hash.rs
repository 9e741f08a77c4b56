//! `CONSISTENT_HASH`: members and queues lie on a ring, a queue belongs to the next member on it, so
//! that a member that comes or goes moves few queues.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use md5::{Digest as _, Md5};
use protocol::body::MessageQueue;

use super::{AllocateError, AllocateStrategy};

/// A ring with several points for each member (RocketMQ `AllocateMessageQueueConsistentHash`).
#[derive(Debug, Clone, Copy)]
pub struct ConsistentHash {
    /// How many points of the ring each member has.
    pub virtual_nodes: usize,
}

impl Default for ConsistentHash {
    fn default() -> Self {
        Self { virtual_nodes: 10 }
    }
}

impl AllocateStrategy for ConsistentHash {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("CONSISTENT_HASH")
    }

    fn allocate(
        &self,
        own_id: &str,
        queues: &[MessageQueue],
        members: &[String],
    ) -> Result<Vec<MessageQueue>, AllocateError> {
        // Where two points meet, the later one stays, as in Java's map.
        let mut ring = BTreeMap::new();
        for member in members {
            for node in 0..self.virtual_nodes {
                ring.insert(point(format_args!("{member}-{node}")), member.as_str());
            }
        }
        let owner = |queue: &MessageQueue| {
            let at = point(queue);
            ring.range(at..)
                .next()
                .or_else(|| ring.first_key_value())
                .map(|(_, member)| *member)
        };
        Ok(queues
            .iter()
            .filter(|queue| owner(queue) == Some(own_id))
            .cloned()
            .collect())
    }
}

/// The place of a text on the ring: the first four bytes of its MD5.
fn point(text: impl Display) -> u32 {
    let digest: [u8; 16] = Md5::digest(text.to_string()).into();
    let [a, b, c, d, ..] = digest;
    u32::from_be_bytes([a, b, c, d])
}
