//! The name servers of a client: one is used as long as it answers, then the next (RocketMQ
//! `NettyRemotingClient.getAndCreateNameserverChannel`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protocol::{RemotingCommand, RequestCode};

use crate::ClientError;
use crate::peer::{Answer, Peer, Wire};

/// The list, and which of it is in use.
#[derive(Debug)]
pub(crate) struct Namesrvs {
    addrs: Vec<String>,
    in_use: AtomicUsize,
}

impl Namesrvs {
    /// Starts with any of them, so that many clients spread over the list.
    pub(crate) fn new(addrs: Vec<String>) -> Self {
        let in_use = AtomicUsize::new(fastrand::usize(..addrs.len().max(1)));
        Self { addrs, in_use }
    }

    pub(crate) fn addrs(&self) -> &[String] {
        &self.addrs
    }

    /// Asks the one in use, or the next that answers at all.
    pub(crate) async fn ask(
        &self,
        wire: &Wire,
        code: RequestCode,
        request: RemotingCommand,
        timeout: Duration,
    ) -> Result<Answer<'_>, ClientError> {
        let mut tried = Vec::new();
        let first = self.in_use.load(Ordering::Relaxed);
        for step in 0..self.addrs.len() {
            let at = (first + step) % self.addrs.len();
            let Some(addr) = self.addrs.get(at) else {
                break;
            };
            match wire
                .ask(Peer::namesrv(addr), code, request.clone(), timeout)
                .await
            {
                Ok(answer) => {
                    self.in_use.store(at, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(ClientError::Unreachable { tried: reasons, .. }) => tried.extend(reasons),
                Err(late @ ClientError::Timeout { .. }) if self.addrs.len() == 1 => {
                    return Err(late);
                }
                Err(error) => tried.push((addr.clone(), error.to_string())),
            }
        }
        Err(ClientError::Unreachable {
            what: "name server".to_owned(),
            tried,
        })
    }
}
