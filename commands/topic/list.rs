//! `gantry topic list`.

use super::summary::{TopicSummary, is_internal, summaries};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Listing;
use crate::session;

/// List topics
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Queues are counted over all brokers of the topic.

Examples:
  gantry topic list
  gantry topic list --all --sort -write_queues
  gantry topic list -o name | xargs -n1 gantry topic describe")]
pub(crate) struct Args {
    /// Show RocketMQ's own topics and the groups' retry topics too
    #[arg(short, long)]
    all: bool,
}

/// Asks the name server for the names, and the brokers for the rest.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<Listing<TopicSummary>, CommandError> {
    let session = session::connect(ctx).await?;
    let admin = session.admin();
    let all = client::Target::All;
    let asked = async {
        tokio::try_join!(
            session.ask(|| admin.topics()),
            session.ask_many(|| admin.all_topic_configs(&all)),
        )
    };
    let (names, (brokers, failures)) = ctx.out.busy("asking the brokers", asked).await?;
    let broker_names: Vec<String> = brokers.iter().map(|on| on.broker.name.clone()).collect();
    let clusters: Vec<String> = brokers.iter().map(|on| on.broker.cluster.clone()).collect();
    let mut topics = summaries(&brokers);
    for name in names {
        // Only brokers that did not answer have it.
        topics
            .entry(name)
            .or_insert_with_key(|name| TopicSummary::of(name, []));
    }
    if args.all {
        for topic in topics.values_mut().filter(|topic| topic.kind == "normal") {
            if is_internal(&topic.topic, &broker_names, &clusters) {
                "system".clone_into(&mut topic.kind);
            }
        }
    } else {
        topics.retain(|name, _| !is_internal(name, &broker_names, &clusters));
    }
    session.close().await;
    Ok(Listing::new(topics.into_values().collect())
        .when_empty("no topics yet; next: gantry topic create NAME")
        .failures(failures))
}
