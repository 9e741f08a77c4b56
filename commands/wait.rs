//! `gantry wait`: blocks until something holds, so that scripts need no sleep.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::{Cell, Column, Item, Page, Render as _};
use crate::session;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long to wait where nothing is said.
const WAIT_DEFAULT: Duration = Duration::from_secs(30);

/// Wait until something holds
#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "Exit code 6 when --timeout (30s by default) has passed.

Examples:
  gantry wait ready --timeout 10s
  gantry wait ready --brokers 3
  gantry -n mq1:9876 wait ready"
)]
pub(crate) enum Command {
    Ready(ReadyArgs),
}

/// Wait until a name server knows brokers that answer
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry wait ready --timeout 10s
  gantry wait ready --brokers 3")]
pub(crate) struct ReadyArgs {
    /// How many brokers
    #[arg(long, value_name = "N", default_value_t = 1)]
    brokers: usize,
}

/// A cluster that is ready.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    namesrv: Vec<String>,
    brokers: Vec<String>,
    waited_ms: u64,
}

impl Item for Ready {
    const SCHEMA: &'static str = "gantry.wait.ready/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("namesrv"),
        Column::new("brokers"),
        Column::number("waited_ms"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::list(&self.namesrv),
            Cell::list(&self.brokers),
            self.waited_ms.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.namesrv.join(";").into()
    }

    fn page(&self, page: &mut Page) {
        page.line(&format!(
            "ready: {} at {} after {} ms",
            self.brokers.join(", "),
            self.namesrv.join(";"),
            self.waited_ms
        ));
    }
}

/// Runs one of them.
pub(crate) async fn run(ctx: &Context, command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Ready(args) => ready(ctx, args).await?.render(&ctx.out),
    }
}

async fn ready(ctx: &Context, args: &ReadyArgs) -> Result<Ready, CommandError> {
    let within = ctx.timeout_if_set().unwrap_or(WAIT_DEFAULT);
    let begun = ctx.clock.elapsed();
    loop {
        // Looked up each time: a local cluster may come up meanwhile.
        let last = match answering(ctx).await {
            Ok((namesrv, brokers)) if brokers.len() >= args.brokers => {
                let waited = ctx.clock.elapsed().saturating_sub(begun);
                let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
                return Ok(Ready {
                    namesrv,
                    brokers,
                    waited_ms,
                });
            }
            Ok((_, brokers)) => format!("{} of {} brokers answer", brokers.len(), args.brokers),
            Err(error) => error.message().to_owned(),
        };
        if ctx.clock.elapsed().saturating_sub(begun) >= within {
            let text = format!(
                "not ready after {}: {last}",
                humantime::format_duration(within)
            );
            let error = CommandError::new(&codes::TIMEOUT, text);
            return Err(match ctx.target() {
                Ok(target) => error.looked_at(target.describe()),
                Err(_) => error,
            });
        }
        ctx.out
            .busy("waiting for the cluster", tokio::time::sleep(LOOK_EVERY))
            .await;
    }
}

/// The brokers that a name server knows and that answer themselves.
async fn answering(ctx: &Context) -> Result<(Vec<String>, Vec<String>), CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.client().admin();
    let known = admin.brokers().await.map_err(|error| session.error(&error));
    let mut answering = Vec::new();
    if let Ok(known) = &known {
        for broker in known.iter().filter(|broker| broker.is_master()) {
            if admin.runtime_info(&broker.addr).await.is_ok() {
                answering.push(broker.name.clone());
            }
        }
    }
    session.client().shutdown().await;
    known?;
    Ok((ctx.target()?.namesrv, answering))
}
