//! `gantry cluster info`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use client::{ClientError, Target};
use serde::Serialize;

use crate::broker::status::{BrokerStatus, ask_each};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Page, Role};
use crate::session;

/// Show name servers, clusters, brokers and totals
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry cluster info
  gantry cluster info -o json --fields clusters")]
pub(crate) struct Args {}

/// What the name servers know, and how the brokers run.
#[derive(Debug, Serialize)]
pub(crate) struct ClusterPage {
    namesrv: Vec<NamesrvLine>,
    /// Broker names by cluster.
    clusters: BTreeMap<String, Vec<String>>,
    brokers: Vec<BrokerStatus>,
    /// How many topics there are, RocketMQ's own included.
    topics: usize,
    groups: Option<usize>,
    in_tps: f64,
    out_tps: f64,
}

/// One name server, asked on its own.
#[derive(Debug, Serialize)]
struct NamesrvLine {
    addr: String,
    state: &'static str,
    /// How many brokers it knows: all name servers should know the same.
    brokers: Option<usize>,
}

impl Item for NamesrvLine {
    const SCHEMA: &'static str = "gantry.cluster.namesrv/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("addr"),
        Column::new("state"),
        Column::number("brokers"),
    ];

    fn row(&self) -> Vec<Cell> {
        let role = if self.brokers.is_some() {
            Role::Ok
        } else {
            Role::Bad
        };
        vec![
            (&self.addr).into(),
            Cell::text(self.state).role(role),
            self.brokers.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.addr.as_str().into()
    }
}

impl Item for ClusterPage {
    const SCHEMA: &'static str = "gantry.cluster.info/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("namesrv"),
        Column::new("clusters"),
        Column::new("brokers"),
        Column::number("topics"),
        Column::number("groups"),
        Column::number("in_tps").titled("IN/s"),
        Column::number("out_tps").titled("OUT/s"),
    ];

    fn row(&self) -> Vec<Cell> {
        let running = self
            .brokers
            .iter()
            .filter(|broker| broker.is_running())
            .count();
        let brokers = Cell::text(format!("{running}/{}", self.brokers.len()));
        let is_whole = running == self.brokers.len();
        vec![
            Cell::list(self.namesrv.iter().map(|namesrv| namesrv.addr.as_str())),
            Cell::list(self.clusters.keys()),
            brokers.role(if is_whole { Role::Ok } else { Role::Bad }),
            self.topics.into(),
            self.groups.into(),
            Cell::decimal(self.in_tps),
            Cell::decimal(self.out_tps),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.clusters
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(",")
            .into()
    }

    fn page(&self, page: &mut Page) {
        for (column, cell) in Self::COLUMNS.iter().zip(self.row()).skip(1) {
            page.field(&column.key.replace('_', " "), cell);
        }
        page.gap();
        page.table(&self.namesrv);
        page.gap();
        page.table(&self.brokers);
    }
}

/// Asks every name server, then every broker.
pub(crate) async fn run(ctx: &Context, _args: &Args) -> Result<ClusterPage, CommandError> {
    let session = session::connect(ctx).await?;
    let asked = async {
        let admin = session.admin();
        let nodes = session.ask(|| admin.nodes(&Target::All)).await?;
        let topics = session.ask(|| admin.topics()).await?;
        // The brokers say which groups there are; without any of them it stays unknown.
        let groups = admin
            .groups()
            .await
            .ok()
            .filter(client::Partial::is_complete);
        let mut clusters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for node in &nodes {
            let names = clusters.entry(node.cluster.clone()).or_default();
            if !names.contains(&node.name) {
                names.push(node.name.clone());
            }
        }
        let asked = ask_each(&admin, nodes).await;
        let runtimes = || {
            asked
                .iter()
                .filter_map(|(_, runtime)| runtime.as_ref().ok())
        };
        let (in_tps, out_tps) = (
            runtimes()
                .filter_map(client::admin::BrokerRuntime::put_tps)
                .sum(),
            runtimes()
                .filter_map(client::admin::BrokerRuntime::get_tps)
                .sum(),
        );
        let status = |(node, runtime): &(_, Result<_, ClientError>)| {
            BrokerStatus::new(client::BrokerNode::clone(node), runtime.as_ref().ok())
        };
        Ok::<_, CommandError>(ClusterPage {
            namesrv: namesrvs(ctx).await?,
            clusters,
            brokers: asked.iter().map(status).collect(),
            topics: topics.len(),
            groups: groups.map(|groups| groups.items.len()),
            in_tps,
            out_tps,
        })
    };
    let page = ctx
        .out
        .busy("asking name servers and brokers", Box::pin(asked))
        .await;
    session.close().await;
    page
}

/// How many brokers each name server knows: each one by a client of its own, since clients ask only
/// the first that answers.
async fn namesrvs(ctx: &Context) -> Result<Vec<NamesrvLine>, CommandError> {
    let target = ctx.target()?;
    let mut lines = Vec::new();
    for addr in &target.namesrv {
        let session = session::connect_to_namesrv(ctx, addr)?;
        let brokers = session
            .admin()
            .brokers()
            .await
            .ok()
            .map(|brokers| brokers.len());
        session.close().await;
        let state = if brokers.is_some() {
            "running"
        } else {
            "unreachable"
        };
        lines.push(NamesrvLine {
            addr: addr.clone(),
            state,
            brokers,
        });
    }
    Ok(lines)
}
