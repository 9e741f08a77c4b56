//! Looking at a cluster and changing it, one file a family of requests (RocketMQ `MQAdminExt`).
//!
//! A call that concerns several servers asks them at the same time and says which did not answer
//! ([`Partial`]); it is an error only where nothing can be said at all.

mod broker;
mod cluster;
mod connection;
mod fan_out;
mod group;
mod message;
mod message_track;
mod namesrv;
mod offset;
mod progress;
mod properties_text;
mod reset;
mod topic;

use std::sync::Arc;

use protocol::{RemotingCommand, RequestCode};

pub use broker::BrokerRuntime;
pub(crate) use cluster::nodes_of;
pub use cluster::{BrokerNode, OnBroker, Target};
pub use group::GroupEntry;
pub use message::{MessageQuery, QueryBy};
pub use message_track::{MessageTrack, TrackState};
pub use offset::{ResetOffset, ResetTo};
pub use progress::{GroupProgress, QueueProgress};
pub use reset::{
    MovedQueue, PlannedQueue, ResetGoal, ResetNote, ResetOutcome, ResetPlan, ResetRequest,
};
pub use topic::QueueStats;

use crate::ClientError;
use crate::peer::{Answer, Peer};
use crate::shared::Shared;

#[cfg(doc)]
use crate::Partial;

/// Administers the cluster of one [`Client`](crate::Client).
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("namesrvs", &self.shared.namesrvs.addrs())
            .finish_non_exhaustive()
    }
}

impl Admin {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The name servers, as they were given.
    pub(crate) fn namesrvs(&self) -> &[String] {
        self.shared.namesrvs.addrs()
    }

    /// Asks one broker by its address.
    async fn ask<'a>(
        &self,
        addr: &'a str,
        code: RequestCode,
        request: RemotingCommand,
    ) -> Result<Answer<'a>, ClientError> {
        self.shared.ask(Peer::broker_at(addr), code, request).await
    }
}

#[cfg(test)]
mod tests;
