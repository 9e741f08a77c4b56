//! `gantry broker kill|stop|start|restart`: what can be done to a broker of a local cluster.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::control::ControlRequest;
use crate::local::{BrokerEntry, running};
use crate::output::{Cell, Column, Item, Page, Role};

/// How long a broker may take to recover and be known again.
const DONE_WITHIN: Duration = Duration::from_secs(60);

/// Which broker.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The broker's name, as in b-0
    #[arg(value_name = "BROKER")]
    broker: String,
}

/// Which broker, and how long it stays away.
#[derive(Debug, clap::Args)]
pub(crate) struct RestartArgs {
    /// The broker's name, as in b-0
    #[arg(value_name = "BROKER")]
    broker: String,

    /// How long it stays away, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "0s")]
    after: Duration,
}

/// What is done.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Kill,
    Stop,
    Start,
    Restart,
}

/// A broker after something was done to it.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    action: Action,
    #[serde(flatten)]
    broker: BrokerEntry,
    /// What clients will notice.
    effect: &'static str,
}

impl Action {
    /// What clients see of it, by the protocol's own timers.
    const fn effect(self) -> &'static str {
        match self {
            Self::Kill => {
                "name servers drop its route at once, because its connection is gone; clients learn of it at their next failed request or route refresh (30 s)"
            }
            Self::Stop => {
                "it has told the name servers; clients learn of it at their next route refresh (30 s)"
            }
            Self::Start => {
                "name servers know it again; clients use it from their next route refresh (30 s) on"
            }
            Self::Restart => "name servers know it again; clients reconnect by themselves",
        }
    }

    fn request(self, broker: String, after: Duration) -> ControlRequest {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Kill => ControlRequest::Kill { broker },
            Self::Stop => ControlRequest::Stop { broker },
            Self::Start => ControlRequest::Start { broker },
            Self::Restart => ControlRequest::Restart { broker, after_ms },
        }
    }
}

impl Item for Done {
    const SCHEMA: &'static str = "gantry.broker.control/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::new("state"),
        Column::new("addr"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.broker.name).into(),
            (&self.broker.state).into(),
            (&self.broker.addr).into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.broker.name.as_str().into()
    }

    fn page(&self, page: &mut Page) {
        let BrokerEntry {
            name, addr, state, ..
        } = &self.broker;
        page.line(&format!("broker {name} at {addr} is {state}"));
        page.painted(&[(Some(Role::Dim), self.effect)]);
    }
}

/// Kills, stops or starts.
pub(crate) async fn run(ctx: &Context, action: Action, args: &Args) -> Result<Done, CommandError> {
    act(ctx, action, &args.broker, Duration::ZERO).await
}

/// Stops and starts again.
pub(crate) async fn restart(ctx: &Context, args: &RestartArgs) -> Result<Done, CommandError> {
    act(ctx, Action::Restart, &args.broker, args.after).await
}

async fn act(
    ctx: &Context,
    action: Action,
    broker: &str,
    after: Duration,
) -> Result<Done, CommandError> {
    let target = ctx.target()?;
    let run_file = running::find(ctx, target.context.as_deref()).map_err(|error| {
        if target.context.is_none() && ctx.state.running().is_empty() {
            return error;
        }
        let text = format!(
            "only brokers of a local cluster can be controlled, not those of {}",
            target.describe()
        );
        CommandError::new(&codes::PRECONDITION, text).next("gantry status")
    })?;
    let request = action.request(broker.to_owned(), after);
    let within = ctx
        .timeout_if_set()
        .unwrap_or(DONE_WITHIN)
        .saturating_add(after);
    let answer = ctx
        .out
        .busy(
            "waiting for the broker",
            running::ask(&run_file, &request, within),
        )
        .await?;
    let brokers: Vec<BrokerEntry> =
        serde_json::from_value(answer["brokers"].clone()).unwrap_or_default();
    let broker = brokers
        .into_iter()
        .find(|entry| entry.name == broker)
        .ok_or_else(|| {
            CommandError::new(
                &codes::FAILED,
                "the cluster's process gave an answer without this broker",
            )
        })?;
    Ok(Done {
        action,
        broker,
        effect: action.effect(),
    })
}
