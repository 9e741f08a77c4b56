//! What a request came to: the answer, or why it is refused.
//!
//! Functions that only read and change tables return one of the two and never touch the connection;
//! those on the hot path write their answers themselves.

use std::io;

use protocol::ResponseCode;
use protocol::codec::{HeaderError, WriteHeader};
use protocol::frame::FRAME_LENGTH_MAX;
use protocol::json::JsonError;
use protocol::name::NameError;
use protocol::remoting_command::ExtFields;
use remoting::{Deferred, Reply};

use crate::connected_client::TableFull;
use crate::consumer_offset::TooManyOffsets;
use crate::subscription_group::GroupError;
use crate::topic_attributes::AttributeError;
use crate::topic_config::TopicError;

/// Bytes of an answer's body: a peer closes the connection on a longer frame, and the header needs
/// room too.
const BODY_LENGTH_MAX: usize = FRAME_LENGTH_MAX - 64 * 1024;

/// What a request came to.
pub(super) type Answered = Result<Answer, Refusal>;

/// The answer to a request that was done.
#[derive(Debug, Default)]
pub(super) struct Answer {
    fields: ExtFields,
    body: Vec<u8>,
    remark: Option<String>,
    /// Whether name servers should know before the answer is given.
    pub(super) waits_for_namesrv: bool,
}

impl Answer {
    /// Done, and nothing to tell.
    pub(super) fn done() -> Self {
        Self::default()
    }

    /// A body.
    pub(super) fn body(body: Vec<u8>) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    /// Fields.
    pub(super) fn header(header: &impl WriteHeader) -> Self {
        Self::default().with_header(header)
    }

    /// The same, with these fields too.
    pub(super) fn with_header(mut self, header: &impl WriteHeader) -> Self {
        header.write(&mut self.fields);
        self
    }

    /// The same, with a word for people.
    pub(super) fn with_remark(self, remark: &str) -> Self {
        Self {
            remark: Some(remark.to_owned()),
            ..self
        }
    }

    /// The same, once name servers know of it.
    pub(super) fn after_registration(self) -> Self {
        Self {
            waits_for_namesrv: true,
            ..self
        }
    }
}

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: ResponseCode,
    pub(super) remark: String,
}

impl Refusal {
    pub(super) fn new(code: ResponseCode, remark: impl Into<String>) -> Self {
        Self {
            code,
            remark: remark.into(),
        }
    }

    pub(super) fn system_error(remark: impl Into<String>) -> Self {
        Self::new(ResponseCode::SystemError, remark)
    }
}

macro_rules! refused_with {
    ($($error:ty => $code:ident;)+) => {$(
        impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                Self::new(ResponseCode::$code, error.to_string())
            }
        }
    )+};
}

refused_with! {
    HeaderError => SystemError;
    JsonError => SystemError;
    NameError => InvalidParameter;
    TableFull => SystemError;
    TooManyOffsets => SystemError;
    GroupError => SystemError;
    TopicError => SystemError;
    AttributeError => SystemError;
    store::QueueError => SystemError;
}

/// A change is made, but cannot be written down: whoever asked for it must not rely on it.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::system_error(format!("the change may be gone after a restart: {error}"))
    }
}

/// Gives the answer at once.
pub(super) fn send(reply: Reply<'_>, answered: Answered) {
    match fitting(answered) {
        Ok(Answer {
            fields,
            body,
            remark,
            ..
        }) => reply.answer(ResponseCode::Success, remark.as_deref(), &fields, &body),
        Err(refusal) => reply.error(refusal.code, &refusal.remark),
    }
}

/// Gives the answer that was left for later.
pub(super) fn send_deferred(reply: Deferred, answered: Answered) {
    match fitting(answered) {
        Ok(Answer {
            fields,
            body,
            remark,
            ..
        }) => reply.answer(ResponseCode::Success, remark.as_deref(), &fields, &body),
        Err(refusal) => reply.error(refusal.code, &refusal.remark),
    }
}

/// The answer, or a refusal where it is larger than what a peer accepts.
fn fitting(answered: Answered) -> Answered {
    let answer = answered?;
    let length = answer.body.len();
    if length > BODY_LENGTH_MAX {
        let remark = format!(
            "the answer has {length} bytes, no more than {BODY_LENGTH_MAX} fit into a frame"
        );
        return Err(Refusal::system_error(remark));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_no_peer_accepts_is_a_refusal() {
        assert!(fitting(Ok(Answer::body(vec![0; BODY_LENGTH_MAX]))).is_ok());
        let refusal = fitting(Ok(Answer::body(vec![0; BODY_LENGTH_MAX + 1]))).unwrap_err();
        assert_eq!(refusal.code, ResponseCode::SystemError);
    }
}
