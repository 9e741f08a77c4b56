//! `gantry broker describe`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use client::Target;
use serde::Serialize;

use super::status::{BrokerStatus, ask_each};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Listing, Output, Page, Render};
use crate::session;

/// Show a broker: how it runs and, with --config, how it is set up
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry broker describe b-0
  gantry broker describe b-0 --config
  gantry broker describe b-0 -o json --fields runtime.putTps")]
pub(crate) struct Args {
    /// The broker's name; master and slaves share it
    broker: String,

    /// Show its settings too
    #[arg(long)]
    config: bool,
}

/// One broker in detail.
#[derive(Debug, Serialize)]
pub(crate) struct BrokerPage {
    #[serde(flatten)]
    status: BrokerStatus,
    /// Everything that the broker says of itself, by RocketMQ's names.
    runtime: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<BTreeMap<String, String>>,
}

impl Item for BrokerPage {
    const SCHEMA: &'static str = "gantry.broker.describe/1";
    const COLUMNS: &'static [Column] = BrokerStatus::COLUMNS;

    fn row(&self) -> Vec<Cell> {
        self.status.row()
    }

    fn name(&self) -> Cow<'_, str> {
        self.status.name()
    }

    fn page(&self, page: &mut Page) {
        for (column, cell) in Self::COLUMNS.iter().zip(self.row()) {
            let label = column.key.trim_end_matches("_at_ms").replace('_', " ");
            page.field(&label, cell);
        }
        for (heading, table) in [
            ("Runtime", Some(&self.runtime)),
            ("Config", self.config.as_ref()),
        ] {
            let Some(table) = table.filter(|table| !table.is_empty()) else {
                continue;
            };
            page.heading(heading);
            for (name, value) in table {
                page.field(name, value);
            }
        }
    }
}

/// Master alone, or master and slaves.
#[derive(Debug)]
pub(crate) enum Brokers {
    One(Box<BrokerPage>),
    Several(Listing<BrokerPage>),
}

impl Render for Brokers {
    fn render(&self, out: &Output) -> Result<(), CommandError> {
        match self {
            Self::One(page) => page.render(out),
            Self::Several(list) => list.render(out),
        }
    }
}

/// Asks the brokers of this name.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Brokers, CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    let target = Target::Broker(args.broker.clone());
    let asked = async {
        let nodes = session.ask(|| admin.nodes(&target)).await?;
        Ok::<_, CommandError>(ask_each(&admin, nodes).await)
    };
    let brokers = ctx.out.busy("asking the broker", asked).await?;
    let mut pages = Vec::new();
    for (node, runtime) in brokers {
        let config = if args.config && runtime.is_ok() {
            Some(session.ask(|| admin.broker_config(&node.addr)).await?)
        } else {
            None
        };
        let status = BrokerStatus::new(node, runtime.as_ref().ok());
        let runtime = runtime.map(|runtime| runtime.table).unwrap_or_default();
        pages.push(BrokerPage {
            status,
            runtime,
            config,
        });
    }
    session.close().await;
    Ok(if pages.len() == 1 {
        Brokers::One(Box::new(pages.remove(0)))
    } else {
        Brokers::Several(Listing::new(pages))
    })
}
