//! `gantry client list`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use client::snapshot::{ClientKind, ClientState, Observer, Wants};
use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, Failure, codes};
use crate::output::units::rfc3339;
use crate::output::{Cell, Column, Item, Listing, Role};
use crate::session;

/// How long consumers may take to say what they are doing. Some never answer this question.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// List connected producers and consumers
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "One line for each group that a client is a member of. Queues, in flight and
times are what a consumer says of itself; those that do not answer have none.
Heartbeats are what brokers tell, which they do of producers alone.

Examples:
  gantry client list
  gantry client list --group billing -o wide
  gantry client list --kind producer -o json"
)]
pub(crate) struct Args {
    /// Only members of this group
    #[arg(short, long, value_name = "GROUP")]
    group: Option<String>,

    /// Only consumers, or only producers
    #[arg(short, long, value_enum, value_name = "KIND")]
    kind: Option<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Consumer,
    Producer,
}

/// One client in one group.
#[derive(Debug, Serialize)]
pub(crate) struct ClientEntry {
    client_id: String,
    kind: &'static str,
    group: String,
    language: String,
    version: String,
    addr: String,
    brokers: Vec<String>,
    subscriptions: Vec<Subscription>,
    queues: Option<usize>,
    in_flight: Option<i64>,
    consume_rt_ms: Option<f64>,
    consume_tps: Option<f64>,
    last_heartbeat_at: Option<String>,
    last_heartbeat_at_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Subscription {
    topic: String,
    expression: String,
}

impl ClientEntry {
    fn of(client: &ClientState) -> Self {
        let subscriptions = client.subscriptions.iter();
        Self {
            client_id: client.client_id.clone(),
            kind: match client.kind {
                ClientKind::Consumer => "consumer",
                ClientKind::Producer => "producer",
            },
            group: client.group.clone(),
            language: client.language.clone(),
            version: client.version.clone(),
            addr: client.addr.clone(),
            brokers: client.brokers.clone(),
            subscriptions: subscriptions
                .map(|(topic, expression)| Subscription {
                    topic: topic.clone(),
                    expression: expression.clone(),
                })
                .collect(),
            queues: client.queues,
            in_flight: client.in_flight,
            consume_rt_ms: client.consume_rt_ms,
            consume_tps: client.consume_tps,
            last_heartbeat_at: client.last_heartbeat_ms.map(rfc3339),
            last_heartbeat_at_ms: client.last_heartbeat_ms,
        }
    }
}

impl Item for ClientEntry {
    const SCHEMA: &'static str = "gantry.client.list/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("client_id"),
        Column::new("kind"),
        Column::new("group"),
        Column::new("language"),
        Column::new("version"),
        Column::new("addr"),
        Column::new("subscriptions").titled("TOPICS"),
        Column::number("queues"),
        Column::number("in_flight"),
        Column::new("brokers").wide(),
        Column::number("consume_rt_ms").titled("RT").wide(),
        Column::number("consume_tps").titled("TPS").wide(),
        Column::new("last_heartbeat_at_ms")
            .titled("HEARTBEAT")
            .wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        let topics = self.subscriptions.iter().map(|one| one.topic.as_str());
        vec![
            Cell::from(&self.client_id).role(Role::Accent),
            self.kind.into(),
            (&self.group).into(),
            (&self.language).into(),
            (&self.version).into(),
            (&self.addr).into(),
            Cell::list(topics),
            self.queues.into(),
            self.in_flight.into(),
            Cell::list(&self.brokers),
            self.consume_rt_ms.map_or_else(Cell::empty, Cell::decimal),
            self.consume_tps.map_or_else(Cell::empty, Cell::decimal),
            self.last_heartbeat_at_ms
                .map_or_else(Cell::empty, Cell::time_ms),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.client_id.as_str().into()
    }
}

/// Asks the brokers who is connected, and then the consumers what they are doing.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<ClientEntry>, CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    session.ask(|| admin.brokers()).await?;
    let observer = Observer::patient(session.client().clone());
    let mut wants = Wants {
        clients: true,
        ..Wants::default()
    };
    let looked = observer.read(&wants);
    let mut seen = ctx.out.busy("asking the brokers", looked).await;
    let consumers: BTreeSet<&str> = seen
        .clients
        .get()
        .into_iter()
        .flatten()
        .filter(|client| client.kind == ClientKind::Consumer && args.wants(client))
        .map(|client| client.client_id.as_str())
        .collect();
    if !consumers.is_empty() {
        wants.visible_clients = consumers.into_iter().map(str::to_owned).collect();
        let observer = observer.with_patience(ANSWER_WITHIN.min(ctx.timeout()));
        let looked = observer.read(&wants);
        seen = ctx.out.busy("asking the consumers", looked).await;
    }
    session.close().await;
    let clients = seen.clients.get().map_or(&[][..], Vec::as_slice);
    let failures = seen.clients.faults.iter().map(|fault| {
        let error = CommandError::new(&codes::BROKER_UNREACHABLE, &fault.reason);
        Failure::new(fault.server.as_str(), &error)
    });
    let shown = clients.iter().filter(|client| args.wants(client));
    Ok(Listing::new(shown.map(ClientEntry::of).collect())
        .when_empty("nobody is connected")
        .failures(failures.collect()))
}

impl Args {
    /// Those of one group, as `group clients` asks for.
    pub(crate) fn members_of(group: &str) -> Self {
        Self {
            group: Some(group.to_owned()),
            kind: Some(Kind::Consumer),
        }
    }

    fn wants(&self, client: &ClientState) -> bool {
        let is_kind = match self.kind {
            None => true,
            Some(Kind::Consumer) => client.kind == ClientKind::Consumer,
            Some(Kind::Producer) => client.kind == ClientKind::Producer,
        };
        is_kind
            && self
                .group
                .as_ref()
                .is_none_or(|group| *group == client.group)
    }
}
