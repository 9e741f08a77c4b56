//! What everything made from one client has in common: connections, routes, groups, ids, time.

use std::sync::{Arc, Weak};
use std::time::Duration;

use clock::SharedClock;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::message::{MonthSpan, UniqueKeyGenerator};
use protocol::{RemotingCommand, RequestCode};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::groups::Groups;
use crate::namesrvs::Namesrvs;
use crate::peer::{Answer, Peer, Wire};
use crate::route_cache::RouteCache;
use crate::server_requests::ServerRequests;
use crate::{ClientConfig, ClientError};

pub(crate) struct Shared {
    pub(crate) config: ClientConfig,
    pub(crate) clock: SharedClock,
    pub(crate) client_id: String,
    pub(crate) wire: Wire,
    pub(crate) namesrvs: Arc<Namesrvs>,
    pub(crate) routes: RouteCache,
    pub(crate) groups: Groups,
    pub(crate) unique_keys: UniqueKeyGenerator,
    /// Wakes the task that sends heartbeats.
    pub(crate) heartbeat_wanted: Arc<Notify>,
    /// Held while heartbeats are on their way, so that an older one never overtakes a newer.
    pub(crate) beating: tokio::sync::Mutex<()>,
    pub(crate) stopped: CancellationToken,
}

impl Shared {
    pub(crate) fn new(config: ClientConfig, clock: SharedClock) -> Result<Arc<Self>, ClientError> {
        if config.namesrvs.is_empty() {
            let reason = "a client needs at least one name server".to_owned();
            return Err(ClientError::InvalidArgument { reason });
        }
        if config.route_refresh_interval.is_zero() || config.heartbeat_interval.is_zero() {
            let reason = "a client cannot do something every 0 s".to_owned();
            return Err(ClientError::InvalidArgument { reason });
        }
        let ip = config.ip();
        let pid = std::process::id();
        let instance = match &config.instance_name {
            Some(name) => name.clone(),
            // Several clients of one process must not be taken for one.
            None => format!("{pid}#{:08x}", fastrand::u32(..)),
        };
        let mut client_id = format!("{ip}@{instance}");
        if let Some(unit) = config.unit_name.as_deref().filter(|unit| !unit.is_empty()) {
            client_id.push('@');
            client_id.push_str(unit);
        }
        Ok(Arc::new_cyclic(|shared: &Weak<Self>| {
            let processor = Arc::new(ServerRequests::new(shared.clone()));
            let remoting = remoting::ClientConfig::default();
            let wire = Wire::new(remoting::Client::new(
                remoting,
                Arc::clone(&clock),
                processor,
            ));
            let namesrvs = Arc::new(Namesrvs::new(config.namesrvs.clone()));
            let routes = RouteCache::new(
                wire.clone(),
                Arc::clone(&namesrvs),
                Arc::clone(&clock),
                config.request_timeout,
                // The upkeep asks again at half this age; only a client without one waits for it.
                config.route_refresh_interval.saturating_mul(2),
            );
            Self {
                unique_keys: UniqueKeyGenerator::new(ip, pid, fastrand::i32(..), month_of),
                config,
                clock,
                client_id,
                wire,
                namesrvs,
                routes,
                groups: Groups::default(),
                heartbeat_wanted: Arc::default(),
                beating: tokio::sync::Mutex::default(),
                stopped: CancellationToken::new(),
            }
        }))
    }

    /// How long a request waits that has no reason to wait longer.
    pub(crate) fn timeout(&self) -> Duration {
        self.config.request_timeout
    }

    /// Asks a broker something; its no is an error.
    pub(crate) async fn ask<'a>(
        &self,
        peer: Peer<'a>,
        code: RequestCode,
        request: RemotingCommand,
    ) -> Result<Answer<'a>, ClientError> {
        self.wire
            .ask(peer, code, request, self.timeout())
            .await?
            .success()
    }

    /// Asks a name server something; its no is an error.
    pub(crate) async fn ask_namesrv(
        &self,
        code: RequestCode,
        request: RemotingCommand,
    ) -> Result<Answer<'_>, ClientError> {
        self.namesrvs
            .ask(&self.wire, code, request, self.timeout())
            .await?
            .success()
    }

    pub(crate) fn check_running(&self) -> Result<(), ClientError> {
        if self.stopped.is_cancelled() {
            Err(ClientError::ShutDown)
        } else {
            Ok(())
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stopped.cancel();
    }
}

/// The month of this machine's time zone that an instant falls in; message ids count from its start.
pub(crate) fn month_of(now_ms: i64) -> MonthSpan {
    let local = || {
        let now = Timestamp::from_millisecond(now_ms)
            .ok()?
            .to_zoned(TimeZone::system());
        let first = now.date().first_of_month();
        let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
        let start = first.to_zoned(now.time_zone().clone()).ok()?;
        let end = next.to_zoned(now.time_zone().clone()).ok()?;
        Some(MonthSpan {
            start_ms: start.timestamp().as_millisecond(),
            end_ms: end.timestamp().as_millisecond(),
        })
    };
    local().unwrap_or_else(|| MonthSpan::containing(now_ms, 0))
}
