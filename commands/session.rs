//! A command's connection to the cluster that is meant: the client, and errors that say where it
//! looked.
//!
//! Nothing is sent until a command asks for something. Invariant: every [`ClientError`] that reaches
//! a user goes through here, so that the same failure has the same code and words everywhere.

mod errors;

use std::future::Future;
use std::time::Duration;

use client::admin::GroupEntry;
use client::{Admin, Client, ClientConfig, ClientError, Partial};

use crate::config::Origin;
use crate::config::profile::Risk;
use crate::context::{Context, Target};
use crate::error::{CommandError, Failure};

/// How long to wait before a request is tried again; longer each time.
const RETRY_STEP: Duration = Duration::from_millis(100);

/// A connection to one cluster. Clones are the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    client: Client,
    target: Target,
    retries: u32,
    /// Whether a local cluster runs; without one, starting it is what helps.
    is_local_running: bool,
}

/// Prepares to speak to the cluster that the flags, settings and running clusters name.
///
/// # Errors
/// What [`Context::target`] says.
pub(crate) async fn connect(ctx: &Context) -> Result<Session, CommandError> {
    connect_to(ctx, ctx.target()?)
}

/// The same for a command that changes something.
///
/// # Errors
/// `context_read_only` too.
pub(crate) async fn connect_for_writing(ctx: &Context) -> Result<Session, CommandError> {
    let target = ctx.target()?;
    ctx.check_writable(&target)?;
    connect_to(ctx, target)
}

/// The same for one name server alone, whatever its neighbours say.
pub(crate) fn connect_to_namesrv(ctx: &Context, addr: &str) -> Result<Session, CommandError> {
    let mut target = ctx.target()?;
    target.namesrv = vec![addr.to_owned()];
    connect_to(ctx, target)
}

/// The same for a cluster that the command has started for itself, whatever is set.
pub(crate) fn connect_to_own(ctx: &Context, namesrv: Vec<String>) -> Result<Session, CommandError> {
    let target = Target {
        context: None,
        namesrv,
        origin: Origin::Default,
        risk: Risk::Dev,
        read_only: false,
    };
    connect_to(ctx, target)
}

fn connect_to(ctx: &Context, target: Target) -> Result<Session, CommandError> {
    let mut config = ClientConfig::new(target.namesrv.clone());
    config.request_timeout = ctx.timeout();
    let is_local_running = !ctx.state.running().is_empty();
    let client = Client::new(config, ctx.clock.clone())
        .map_err(|error| errors::describe(&error, &target, is_local_running))?;
    Ok(Session {
        client,
        target,
        retries: ctx.retries(),
        is_local_running,
    })
}

impl Session {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn admin(&self) -> Admin {
        self.client.admin()
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// A further client of the same cluster: a group's members are one client each.
    pub(crate) fn another_client(&self) -> Result<Client, CommandError> {
        let config = self.client.config().clone();
        Client::new(config, self.client.clock().clone()).map_err(|error| self.error(&error))
    }

    /// Awaits what `request` does, and tries again as often as `--retries` says where that may help.
    /// A server that let a request run into its timeout is not asked again: that took long enough.
    pub(crate) async fn ask<T, F>(&self, request: impl Fn() -> F) -> Result<T, CommandError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let mut tries_left = self.retries;
        let mut wait = RETRY_STEP;
        loop {
            match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) if tries_left > 0 && error.is_retryable() && !error.is_timeout() => {
                    tracing::debug!(%error, "trying again");
                    tries_left -= 1;
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => return Err(self.explain(&error).await),
            }
        }
    }

    /// [`ask`](Self::ask) for a request to many servers: fails only when none of them answered.
    pub(crate) async fn ask_many<T, F>(
        &self,
        request: impl Fn() -> F,
    ) -> Result<(Vec<T>, Vec<Failure>), CommandError>
    where
        F: Future<Output = Result<Partial<T>, ClientError>>,
    {
        let request = || async { request().await.and_then(Partial::require_any) };
        let Partial { items, failed } = self.ask(request).await?;
        let failures = self.failures(&failed);
        Ok((items, failures))
    }

    /// The servers that did not do what they were asked to do.
    pub(crate) fn failures(&self, failed: &[(String, ClientError)]) -> Vec<Failure> {
        failed
            .iter()
            .map(|(addr, error)| Failure::new(addr.as_str(), &self.error(error)))
            .collect()
    }

    /// The error as a user meets it, with the names that may have been meant: asks the cluster for
    /// them.
    pub(crate) async fn explain(&self, error: &ClientError) -> CommandError {
        match error {
            ClientError::TopicNotFound { topic, .. } => self.topic_not_found(topic).await,
            _ => self.error(error),
        }
    }

    /// The same without asking the cluster for anything more.
    pub(crate) fn error(&self, error: &ClientError) -> CommandError {
        errors::describe(error, &self.target, self.is_local_running)
    }

    /// The error for a topic that no broker has.
    pub(crate) async fn topic_not_found(&self, topic: &str) -> CommandError {
        let topics = self.admin().topics().await.unwrap_or_default();
        let brokers = self.admin().brokers().await.unwrap_or_default();
        errors::topic_not_found(topic, &self.target, &topics, brokers.len())
    }

    /// The error for a group that no broker knows; `known` are those that they do.
    pub(crate) fn group_not_found(&self, known: &[GroupEntry], group: &str) -> CommandError {
        let names: Vec<&str> = known.iter().map(|entry| entry.group.as_str()).collect();
        errors::group_not_found(group, &self.target, &names)
    }

    /// Takes leave of the cluster.
    pub(crate) async fn close(&self) {
        self.client.shutdown().await;
    }
}
