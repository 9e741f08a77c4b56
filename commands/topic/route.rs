//! `gantry topic route`: what a name server tells clients of a topic.

use std::borrow::Cow;

use protocol::body::{BrokerData, QueueData};
use serde::Serialize;

use super::summary::perm_text;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Cell, Column, Item, Listing, Role};
use crate::session;

/// Show where a topic's queues are, as clients are told
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry topic route orders
  gantry topic route %RETRY%billing -o json")]
pub(crate) struct Args {
    /// The topic
    topic: String,
}

/// The part of a topic that lies on one broker.
#[derive(Debug, Serialize)]
pub(crate) struct RouteEntry {
    topic: String,
    broker: String,
    cluster: String,
    read_queues: i32,
    write_queues: i32,
    perm: String,
    addrs: Vec<BrokerAddr>,
}

#[derive(Debug, Serialize)]
struct BrokerAddr {
    id: i64,
    role: &'static str,
    addr: String,
}

impl RouteEntry {
    fn new(topic: &str, queues: &QueueData, broker: Option<&BrokerData>) -> Self {
        let addr = |(id, addr): (&i64, &String)| BrokerAddr {
            id: *id,
            role: if *id == 0 { "master" } else { "slave" },
            addr: addr.clone(),
        };
        Self {
            topic: topic.to_owned(),
            broker: queues.broker_name.clone(),
            cluster: broker
                .map(|broker| broker.cluster.clone())
                .unwrap_or_default(),
            read_queues: queues.read_queue_nums,
            write_queues: queues.write_queue_nums,
            perm: perm_text(queues.perm),
            addrs: broker
                .map(|broker| broker.broker_addrs.iter().map(addr).collect())
                .unwrap_or_default(),
        }
    }
}

impl Item for RouteEntry {
    const SCHEMA: &'static str = "gantry.topic.route/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("broker"),
        Column::new("cluster"),
        Column::number("read_queues"),
        Column::number("write_queues"),
        Column::new("perm"),
        Column::new("addrs"),
    ];

    fn row(&self) -> Vec<Cell> {
        let addrs = self.addrs.iter().map(|known| match known.role {
            "master" => known.addr.clone(),
            _ => format!("{} (id {})", known.addr, known.id),
        });
        let has_master = self.addrs.iter().any(|known| known.role == "master");
        let addrs = Cell::list(addrs.collect::<Vec<_>>());
        vec![
            Cell::from(&self.broker).role(Role::Accent),
            (&self.cluster).into(),
            self.read_queues.into(),
            self.write_queues.into(),
            (&self.perm).into(),
            if has_master {
                addrs
            } else {
                addrs.role(Role::Warn)
            },
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.broker.as_str().into()
    }
}

/// Asks a name server.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<RouteEntry>, CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    let asked = session.ask(|| admin.topic_route(&args.topic));
    let route = ctx.out.busy("asking the name server", asked).await?;
    let entry = |queues: &QueueData| {
        let broker = route
            .broker_datas
            .iter()
            .find(|broker| broker.broker_name == queues.broker_name);
        RouteEntry::new(&args.topic, queues, broker)
    };
    let mut entries: Vec<_> = route.queue_datas.iter().map(entry).collect();
    entries.sort_by(|one, other| one.broker.cmp(&other.broker));
    session.close().await;
    let mut listing = Listing::new(entries);
    if let Some(order) = route.order_topic_conf.filter(|order| !order.is_empty()) {
        listing = listing.summary(format!("ordered topic: producers write to {order}"));
    }
    Ok(listing)
}
