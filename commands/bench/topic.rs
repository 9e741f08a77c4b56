//! The topic that a load uses: one of its own, gone afterwards, or one that is there.

use super::site::Site;
use crate::context::Context;
use crate::error::CommandError;

/// Which topic is used.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TopicArgs {
    /// Use this existing topic [default: one of its own]
    #[arg(long, value_name = "TOPIC")]
    pub(super) topic: Option<String>,

    /// Queues of its own topic on each broker
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=1024), hide_short_help = true)]
    pub(super) queues: i32,

    /// Leave its own topic and messages there
    #[arg(long, hide_short_help = true)]
    keep: bool,
}

/// A topic that is there.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) name: String,
    /// How many queues it has on each of the site's brokers.
    pub(super) queues: Vec<i32>,
    /// Whether it goes when the measurement is over.
    is_ours: bool,
    /// Whether it was made for this and stays.
    is_kept: bool,
}

impl Topic {
    /// Finds or makes the topic that the flags mean.
    pub(super) async fn open(
        site: &Site,
        args: &TopicArgs,
        what: &str,
        run: u32,
    ) -> Result<Self, CommandError> {
        if let Some(name) = &args.topic {
            return Ok(Self {
                name: name.clone(),
                queues: site.queues_of(name, args.queues).await?,
                is_ours: false,
                is_kept: false,
            });
        }
        let name = format!("bench_{what}_{run:08x}");
        let topic = Self::create(site, name, args.queues).await?;
        Ok(Self {
            is_ours: !args.keep,
            is_kept: args.keep,
            ..topic
        })
    }

    /// Makes a topic that goes afterwards.
    pub(super) async fn create(
        site: &Site,
        name: String,
        queues: i32,
    ) -> Result<Self, CommandError> {
        site.create_topic(&name, queues).await?;
        Ok(Self {
            name,
            queues: vec![queues; site.brokers.len()],
            is_ours: true,
            is_kept: false,
        })
    }

    /// No topic: for loads that name theirs themselves.
    pub(super) fn none() -> Self {
        Self {
            name: String::new(),
            queues: Vec::new(),
            is_ours: false,
            is_kept: false,
        }
    }

    /// How many messages its queues have taken, ever.
    pub(super) fn stored(&self, site: &Site) -> Result<u64, CommandError> {
        let ends = site.ends(&self.name, &self.queues)?;
        let sum: i64 = ends.iter().flatten().sum();
        Ok(u64::try_from(sum).unwrap_or(0))
    }

    /// Tidies up. What is left behind is worth a warning, not a failure.
    pub(super) async fn close(&self, ctx: &Context, site: &Site) {
        if self.is_kept {
            ctx.out
                .note(&format!("the messages stay in topic {}", self.name));
        }
        if self.is_ours
            && let Err(error) = site.delete_topic(&self.name).await
        {
            ctx.out.warn(&format!(
                "topic {} is left behind: {}",
                self.name,
                error.message()
            ));
        }
    }
}

/// A number that no other run has, as far as chance goes.
pub(super) fn new_run() -> u32 {
    fastrand::u32(1..)
}
