//! What became of a sent message.

use std::time::Duration;

use protocol::ResponseCode;
use protocol::body::MessageQueue;
use protocol::header::SendMessageResponseHeader;

use crate::ClientError;
use crate::peer::Answer;

/// How safe a stored message is (RocketMQ `SendStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendStatus {
    /// As safe as the broker is set up to make it.
    SendOk,
    /// Stored, but not on disk in time.
    FlushDiskTimeout,
    /// Stored, but not on a slave in time.
    FlushSlaveTimeout,
    /// Stored, but there is no slave.
    SlaveNotAvailable,
}

impl SendStatus {
    /// RocketMQ's name: `SEND_OK`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendOk => "SEND_OK",
            Self::FlushDiskTimeout => "FLUSH_DISK_TIMEOUT",
            Self::FlushSlaveTimeout => "FLUSH_SLAVE_TIMEOUT",
            Self::SlaveNotAvailable => "SLAVE_NOT_AVAILABLE",
        }
    }

    fn of(code: Option<ResponseCode>) -> Option<Self> {
        match code? {
            ResponseCode::Success => Some(Self::SendOk),
            ResponseCode::FlushDiskTimeout => Some(Self::FlushDiskTimeout),
            ResponseCode::FlushSlaveTimeout => Some(Self::FlushSlaveTimeout),
            ResponseCode::SlaveNotAvailable => Some(Self::SlaveNotAvailable),
            _ => None,
        }
    }
}

/// The broker's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendResult {
    /// How safe the message is.
    pub status: SendStatus,
    /// The id that the client gave the message; those of a batch, joined by commas.
    pub msg_id: String,
    /// The id that says where the message lies; those of a batch, joined by commas.
    pub offset_msg_id: String,
    /// The queue that the message went to.
    pub queue: MessageQueue,
    /// Its number in the queue; of a batch, that of the first message.
    pub queue_offset: i64,
    /// The id of its transaction, if it is part of one.
    pub transaction_id: Option<String>,
    /// How long the send took, with all of its tries.
    pub rt: Duration,
    /// The broker's address.
    pub addr: String,
}

impl SendResult {
    /// Reads a broker's answer to a send.
    pub(super) fn read(
        answer: Answer<'_>,
        queue: &MessageQueue,
        msg_id: String,
        rt: Duration,
    ) -> Result<Self, ClientError> {
        let Some(status) = SendStatus::of(answer.response.response_code()) else {
            return Err(answer.into_error());
        };
        let header: SendMessageResponseHeader = answer.header()?;
        Ok(Self {
            status,
            msg_id: header.batch_uniq_id.unwrap_or(msg_id),
            offset_msg_id: header.msg_id,
            queue: MessageQueue {
                queue_id: header.queue_id,
                ..queue.clone()
            },
            queue_offset: header.queue_offset,
            transaction_id: header.transaction_id,
            rt,
            addr: answer.addr.to_owned(),
        })
    }
}
