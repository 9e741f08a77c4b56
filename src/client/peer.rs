//! One exchange with one server: the request out, the answer in, and every way in which that can fail
//! turned into an error that names the server.

use std::fmt;
use std::time::Duration;

use protocol::codec::ReadHeader;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use crate::ClientError;

/// A server that is asked something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'a> {
    pub(crate) role: Role<'a>,
    pub(crate) addr: &'a str,
}

/// What a server is to us.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role<'a> {
    Namesrv,
    /// A broker with its name, where that is known.
    Broker(Option<&'a str>),
}

impl<'a> Peer<'a> {
    pub(crate) const fn namesrv(addr: &'a str) -> Self {
        Self {
            role: Role::Namesrv,
            addr,
        }
    }

    pub(crate) const fn broker(name: &'a str, addr: &'a str) -> Self {
        Self {
            role: Role::Broker(Some(name)),
            addr,
        }
    }

    /// A broker of which only the address is known.
    pub(crate) const fn broker_at(addr: &'a str) -> Self {
        Self {
            role: Role::Broker(None),
            addr,
        }
    }
}

impl fmt::Display for Role<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namesrv => f.write_str("name server"),
            Self::Broker(Some(name)) => write!(f, "broker {name}"),
            Self::Broker(None) => f.write_str("broker"),
        }
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) addr: &'a str,
    pub(crate) request: RequestCode,
    pub(crate) response: RemotingCommand,
}

impl Answer<'_> {
    /// Itself, if the server said that all went well.
    pub(crate) fn success(self) -> Result<Self, ClientError> {
        if self.response.is_success() {
            Ok(self)
        } else {
            Err(self.into_error())
        }
    }

    /// The server's no.
    pub(crate) fn into_error(self) -> ClientError {
        ClientError::Remote {
            request: self.request,
            addr: self.addr.to_owned(),
            code: self.response.code,
            remark: self.response.remark,
        }
    }

    pub(crate) fn is(&self, code: ResponseCode) -> bool {
        self.response.code == code.code()
    }

    /// The header fields, typed.
    pub(crate) fn header<H: ReadHeader>(&self) -> Result<H, ClientError> {
        self.response
            .header()
            .map_err(|error| self.unreadable(error))
    }

    /// The body, read by one of the body types' own readers.
    pub(crate) fn body<T, E: fmt::Display>(
        &self,
        read: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, ClientError> {
        read(&self.response.body).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn unreadable(&self, reason: impl fmt::Display) -> ClientError {
        ClientError::Protocol {
            request: self.request,
            addr: self.addr.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Sends requests and waits for answers; clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    remoting: remoting::Client,
}

impl Wire {
    pub(crate) const fn new(remoting: remoting::Client) -> Self {
        Self { remoting }
    }

    /// The server's answer, whatever it says.
    pub(crate) async fn ask<'a>(
        &self,
        peer: Peer<'a>,
        code: RequestCode,
        request: RemotingCommand,
        timeout: Duration,
    ) -> Result<Answer<'a>, ClientError> {
        let failed = |error| ClientError::invoke(peer.role, peer.addr, &error);
        let response = self
            .remoting
            .invoke(peer.addr, request, timeout)
            .await
            .map_err(failed)?;
        if response.code == ResponseCode::GoAway.code() {
            // A server that is shutting down: whoever tries again should find its successor.
            self.remoting.close(peer.addr);
        }
        Ok(Answer {
            addr: peer.addr,
            request: code,
            response,
        })
    }

    /// Sends what nobody answers.
    pub(crate) async fn tell(
        &self,
        peer: Peer<'_>,
        request: RemotingCommand,
    ) -> Result<(), ClientError> {
        let failed = |error| ClientError::invoke(peer.role, peer.addr, &error);
        self.remoting
            .oneway(peer.addr, request)
            .await
            .map_err(failed)
    }

    pub(crate) async fn shutdown(&self) {
        self.remoting.shutdown().await;
    }
}
