//! `gantry topic create`.

use std::collections::BTreeSet;

use client::Target;
use protocol::body::{TopicConfig, perm};
use protocol::name;

use super::change::{Outcome, TopicChange};
use super::summary::{TYPE_ATTRIBUTE, parse_perm, perm_text};
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::session::{self, Session};

/// RocketMQ's own default, on each broker.
const QUEUES_DEFAULT: i32 = 8;

/// More queues than this on one broker are a typing error.
const QUEUES_MAX: i64 = 1024;

/// What kind of messages a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Normal,
    Fifo,
    Delay,
    Transaction,
}

/// Create a topic
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Queues are created on each broker: 8 queues on 3 brokers are 24.

Examples:
  gantry topic create orders
  gantry topic create orders --queues 4 --brokers b-0,b-1
  gantry topic create audit --perm r --if-not-exists"
)]
pub(crate) struct Args {
    /// The topic's name
    topic: String,

    /// How many queues on each broker, to read and to write
    #[arg(long, value_name = "N", value_parser = queue_count(), conflicts_with_all = ["write_queues", "read_queues"])]
    queues: Option<i32>,

    /// How many queues producers write on each broker
    #[arg(long, value_name = "N", value_parser = queue_count())]
    write_queues: Option<i32>,

    /// How many queues consumers read on each broker
    #[arg(long, value_name = "N", value_parser = queue_count())]
    read_queues: Option<i32>,

    /// What clients may do: r, w or rw
    #[arg(long, value_name = "PERM", value_parser = parse_perm, default_value = "rw")]
    perm: i32,

    /// What kind of messages it is for
    #[arg(long = "type", value_enum, value_name = "KIND")]
    kind: Option<Kind>,

    /// Only on these brokers
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    brokers: Vec<String>,

    /// Do nothing, with success, if the topic exists
    #[arg(long)]
    if_not_exists: bool,
}

fn queue_count() -> clap::builder::RangedI64ValueParser<i32> {
    clap::value_parser!(i32).range(1..=QUEUES_MAX)
}

impl Args {
    fn config(&self) -> TopicConfig {
        let queues = self.queues.unwrap_or(QUEUES_DEFAULT);
        let mut config = TopicConfig::new(self.topic.as_str(), queues);
        config.write_queue_nums = self.write_queues.or(self.read_queues).unwrap_or(queues);
        config.read_queue_nums = self.read_queues.or(self.write_queues).unwrap_or(queues);
        config.perm = self.perm;
        if let Some(kind) = self.kind {
            let kind = crate::globals::word_of(&kind).to_uppercase();
            config.attributes.insert(TYPE_ATTRIBUTE.to_owned(), kind);
        }
        config
    }
}

/// Creates the topic on every broker that is meant and does not have it.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Outcome, CommandError> {
    name::validate_topic(&args.topic)
        .map_err(|error| CommandError::new(&codes::USAGE, error.to_string()))?;
    let session = session::connect_for_writing(ctx).await?;
    let outcome = ctx
        .out
        .busy("creating the topic", create(ctx, &session, args))
        .await;
    session.close().await;
    outcome
}

async fn create(ctx: &Context, session: &Session, args: &Args) -> Result<Outcome, CommandError> {
    let config = args.config();
    if config.write_queue_nums > config.read_queue_nums && perm::is_readable(config.perm) {
        ctx.out
            .warn("more queues are written than read: consumers will miss messages");
    }
    let masters = masters(session, &args.brokers).await?;
    let having = brokers_having(session, &args.topic).await?;
    let missing: Vec<&String> = masters
        .iter()
        .filter(|name| !having.contains(*name))
        .collect();
    // A topic that is on other brokers may be extended to those named.
    let exists = if args.brokers.is_empty() {
        !having.is_empty()
    } else {
        missing.is_empty()
    };
    let mut change = TopicChange {
        topic: args.topic.clone(),
        change: "created",
        brokers: masters.clone(),
        read_queues: Some(config.read_queue_nums),
        write_queues: Some(config.write_queue_nums),
        perm: Some(perm_text(config.perm)),
        dry_run: ctx.is_dry_run(),
        undo: Some(format!("gantry topic delete {}", args.topic)),
    };
    if exists {
        if !args.if_not_exists {
            return Err(already_there(session, &args.topic, &having));
        }
        change.change = "unchanged";
        change.brokers = having.into_iter().collect();
        (change.read_queues, change.write_queues, change.perm) = (None, None, None);
        change.undo = None;
        return Ok(Outcome::complete(change));
    }
    if change.dry_run {
        return Ok(Outcome::complete(change));
    }
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    let targets: Vec<Target> = if args.brokers.is_empty() {
        vec![Target::All]
    } else {
        missing.into_iter().cloned().map(Target::Broker).collect()
    };
    let admin = session.admin();
    for target in &targets {
        match session
            .ask_many(|| admin.create_topic(target, &config))
            .await
        {
            Ok((nodes, failed)) => {
                done.extend(nodes.into_iter().map(|node| node.name));
                failures.extend(failed);
            }
            Err(error) if targets.len() == 1 => return Err(error),
            Err(error) => failures.push(failure_on(target, &error)),
        }
    }
    change.brokers = done;
    Ok(Outcome {
        item: change,
        failures,
    })
}

fn failure_on(target: &Target, error: &CommandError) -> crate::error::Failure {
    let name = match target {
        Target::Broker(name) | Target::Cluster(name) | Target::Addr(name) => name.as_str(),
        Target::All => "all brokers",
    };
    crate::error::Failure::new(name, error)
}

/// The names of the masters that are meant.
async fn masters(session: &Session, wanted: &[String]) -> Result<Vec<String>, CommandError> {
    let admin = session.admin();
    let masters = session.ask(|| admin.masters(&Target::All)).await?;
    let known: Vec<String> = masters.into_iter().map(|node| node.name).collect();
    if wanted.is_empty() {
        if known.is_empty() {
            return Err(
                CommandError::new(&codes::BROKER_NOT_FOUND, "no broker is registered")
                    .looked_at(session.target().describe())
                    .next("gantry broker list"),
            );
        }
        return Ok(known);
    }
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(*name)) {
        let name = unknown.clone();
        return Err(session.error(&client::ClientError::BrokerNotFound { name, known }));
    }
    Ok(wanted.to_vec())
}

/// The brokers that have the topic now, as a name server knows it.
async fn brokers_having(session: &Session, topic: &str) -> Result<BTreeSet<String>, CommandError> {
    let admin = session.admin();
    let looked = session.ask(|| async {
        match admin.topic_route(topic).await {
            Ok(route) => Ok(Some(route)),
            Err(client::ClientError::TopicNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let route = looked.await?;
    let queues = route.into_iter().flat_map(|route| route.queue_datas);
    Ok(queues.map(|queues| queues.broker_name).collect())
}

fn already_there(session: &Session, topic: &str, having: &BTreeSet<String>) -> CommandError {
    let brokers: Vec<&str> = having.iter().map(String::as_str).collect();
    CommandError::new(&codes::TOPIC_EXISTS, format!("topic \"{topic}\" exists"))
        .looked_at(format!(
            "{}: on {}",
            session.target().describe(),
            brokers.join(", ")
        ))
        .next(format!("gantry topic describe {topic}"))
        .next("or add --if-not-exists")
        .detail("topic", topic)
}
