//! Everything that can go wrong between this client and a cluster, with enough in each error to tell
//! what happened, where it was looked for and what may help.
//!
//! Invariant: no variant is a bare text of another layer; servers are named with their address, and
//! a server's own words are kept apart from ours.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use protocol::body::MessageQueue;
use protocol::name::NameError;
use protocol::{RequestCode, ResponseCode};
use remoting::InvokeError;

/// Why the client could not do what it was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No connection to any of the addresses.
    #[error("{what} cannot be reached: {}", Tried(tried))]
    Unreachable {
        /// What was looked for: `name server`, `broker broker-a`.
        what: String,
        /// Each address with the reason why it did not work.
        tried: Vec<(String, String)>,
    },
    /// The request went out, and no answer came in time.
    #[error("{what} at {addr} did not answer within {}", Seconds(*after))]
    Timeout {
        /// Who was asked.
        what: String,
        /// Its address.
        addr: String,
        /// How long the client waited.
        after: Duration,
    },
    /// The server answered, and said no.
    #[error("{addr} answered {} to {}: {}", Code(*code), request.name(), remark.as_deref().unwrap_or("(no remark)"))]
    Remote {
        /// What was asked.
        request: RequestCode,
        /// Who was asked.
        addr: String,
        /// RocketMQ's response code.
        code: i32,
        /// The server's own words.
        remark: Option<String>,
    },
    /// The name server knows no such topic.
    #[error("topic {topic} not found on name server {namesrv}")]
    TopicNotFound {
        /// The topic.
        topic: String,
        /// The name server that was asked.
        namesrv: String,
    },
    /// The topic exists, but there is no queue of it to write to or to read from.
    #[error("topic {topic} has no queue that can be used: {reason}")]
    NoQueue {
        /// The topic.
        topic: String,
        /// Why there is none.
        reason: String,
    },
    /// No broker of this name is registered.
    #[error("broker {name} not found; there {}", Known(known))]
    BrokerNotFound {
        /// The name that was looked for.
        name: String,
        /// The names that are registered.
        known: Vec<String>,
    },
    /// No cluster of this name is registered.
    #[error("cluster {name} not found; there {}", Known(known))]
    ClusterNotFound {
        /// The name that was looked for.
        name: String,
        /// The names that are registered.
        known: Vec<String>,
    },
    /// The topic has no such queue.
    #[error("topic {} has no queue {} on broker {} ({known} queues in all)", queue.topic, queue.queue_id, queue.broker_name)]
    QueueNotFound {
        /// The queue that was looked for.
        queue: MessageQueue,
        /// How many queues the topic has.
        known: usize,
    },
    /// A message, key or entry that does not exist.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The server answered with something that cannot be read.
    #[error("the answer of {addr} to {} cannot be read: {reason}", request.name())]
    Protocol {
        /// What was asked.
        request: RequestCode,
        /// Who was asked.
        addr: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A message that RocketMQ does not take.
    #[error("the message cannot be sent: {reason}")]
    InvalidMessage {
        /// The rule that it breaks.
        reason: String,
    },
    /// A topic or group name that RocketMQ does not take.
    #[error("{reason}")]
    InvalidName {
        /// The rule that it breaks.
        reason: String,
    },
    /// An argument or setting that makes no sense.
    #[error("{reason}")]
    InvalidArgument {
        /// What is wrong with it.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error("cannot {doing} {}: {reason}", path.display())]
    Local {
        /// What the client was doing: `read offsets from`.
        doing: String,
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The client has been shut down.
    #[error("the client has been shut down")]
    ShutDown,
}

impl ClientError {
    /// The response code of the server, if a server said no.
    #[must_use]
    pub fn remote_code(&self) -> Option<i32> {
        match self {
            Self::Remote { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The response code by name, if a server said no with a code that RocketMQ defines.
    #[must_use]
    pub fn response_code(&self) -> Option<ResponseCode> {
        self.remote_code().and_then(ResponseCode::from_code)
    }

    /// The name of the response code: `TOPIC_NOT_EXIST`.
    #[must_use]
    pub fn code_name(&self) -> Option<&'static str> {
        self.response_code().map(ResponseCode::name)
    }

    /// The address of the server that the error is about, where there is exactly one.
    #[must_use]
    pub fn addr(&self) -> Option<&str> {
        match self {
            Self::Timeout { addr, .. }
            | Self::Remote { addr, .. }
            | Self::Protocol { addr, .. }
            | Self::TopicNotFound { namesrv: addr, .. } => Some(addr),
            Self::Unreachable { tried, .. } => match tried.as_slice() {
                [(addr, _)] => Some(addr),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the same call may work a moment later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::NoQueue { .. } => true,
            Self::Remote { code, .. } => matches!(
                ResponseCode::from_code(*code),
                Some(
                    ResponseCode::SystemBusy
                        | ResponseCode::ServiceNotAvailable
                        | ResponseCode::FlowControl
                        | ResponseCode::GoAway
                )
            ),
            _ => false,
        }
    }

    /// Whether no answer came in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether there was no connection.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether what was named does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::TopicNotFound { .. }
            | Self::BrokerNotFound { .. }
            | Self::ClusterNotFound { .. }
            | Self::QueueNotFound { .. }
            | Self::NotFound { .. } => true,
            Self::Remote { code, .. } => matches!(
                ResponseCode::from_code(*code),
                Some(
                    ResponseCode::TopicNotExist
                        | ResponseCode::QueryNotFound
                        | ResponseCode::SubscriptionGroupNotExist
                        | ResponseCode::BrokerNotExist
                )
            ),
            _ => false,
        }
    }

    fn unreachable(what: impl fmt::Display, addr: &str, reason: String) -> Self {
        Self::Unreachable {
            what: what.to_string(),
            tried: vec![(addr.to_owned(), reason)],
        }
    }

    /// A failed exchange with one server.
    pub(crate) fn invoke(what: impl fmt::Display, addr: &str, error: &InvokeError) -> Self {
        match error {
            InvokeError::Timeout { after, .. } => Self::Timeout {
                what: what.to_string(),
                addr: addr.to_owned(),
                after: *after,
            },
            InvokeError::Connect { source, .. } => Self::unreachable(what, addr, plain(source)),
            InvokeError::Closed { .. } => {
                Self::unreachable(what, addr, "it closed the connection".to_owned())
            }
            other => Self::unreachable(what, addr, other.to_string()),
        }
    }
}

impl From<NameError> for ClientError {
    fn from(error: NameError) -> Self {
        Self::InvalidName {
            reason: error.to_string(),
        }
    }
}

/// The operating system's words without the "(os error 111)" that says nothing to a reader.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

struct Tried<'a>(&'a [(String, String)]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no address is known");
        }
        for (at, (addr, reason)) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{addr}: {reason}")?;
        }
        Ok(())
    }
}

struct Known<'a>(&'a [String]);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("is none"),
            [one] => write!(f, "is {one}"),
            many => write!(f, "are {}", many.join(", ")),
        }
    }
}

struct Code(i32);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match ResponseCode::from_code(self.0) {
            Some(code) => write!(f, "{} ({})", code.name(), self.0),
            None => write!(f, "code {}", self.0),
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_and_where() {
        let refused = ClientError::Unreachable {
            what: "name server".into(),
            tried: vec![
                ("127.0.0.1:9876".into(), "connection refused".into()),
                ("127.0.0.1:9877".into(), "it closed the connection".into()),
            ],
        };
        assert_eq!(
            refused.to_string(),
            "name server cannot be reached: 127.0.0.1:9876: connection refused; \
             127.0.0.1:9877: it closed the connection"
        );
        let denied = ClientError::Remote {
            request: RequestCode::SendMessage,
            addr: "127.0.0.1:10911".into(),
            code: 16,
            remark: Some("read only".into()),
        };
        assert_eq!(
            denied.to_string(),
            "127.0.0.1:10911 answered NO_PERMISSION (16) to SEND_MESSAGE: read only"
        );
        let late = ClientError::Timeout {
            what: "broker a".into(),
            addr: "x:1".into(),
            after: Duration::from_millis(1500),
        };
        assert_eq!(
            late.to_string(),
            "broker a at x:1 did not answer within 1.5 s"
        );
        let unknown = ClientError::BrokerNotFound {
            name: "b".into(),
            known: vec!["a".into(), "c".into()],
        };
        assert_eq!(unknown.to_string(), "broker b not found; there are a, c");
    }

    #[test]
    fn codes_say_whether_to_try_again() {
        let remote = |code| ClientError::Remote {
            request: RequestCode::SendMessage,
            addr: "x:1".into(),
            code,
            remark: None,
        };
        assert!(remote(2).is_retryable());
        assert!(!remote(16).is_retryable());
        assert!(remote(17).is_not_found());
        assert_eq!(remote(12_345).code_name(), None);
        assert_eq!(remote(16).code_name(), Some("NO_PERMISSION"));
    }
}
