//! What brokers say of a group as a whole: its members and its progress.

use client::admin::GroupProgress;
use client::{Admin, ClientError};
use protocol::ResponseCode;
use protocol::body::{ConsumeType, ConsumerConnection, MessageModel};
use protocol::name;

/// A group as the brokers see it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Who is connected; `None` when nobody is.
    pub(super) connection: Option<ConsumerConnection>,
    pub(super) progress: GroupProgress,
    /// Brokers that did not answer, by address.
    pub(super) failed: Vec<(String, ClientError)>,
}

impl Seen {
    /// Asks the brokers that know the group.
    ///
    /// # Errors
    /// Nothing could be learnt, neither of members nor of progress.
    pub(super) async fn ask(admin: &Admin, group: &str) -> Result<Self, ClientError> {
        let (connection, progress) = tokio::join!(
            admin.consumer_connection(group),
            admin.consume_stats(group, None)
        );
        let mut seen = Self::default();
        let mut errors = Vec::new();
        match connection {
            Ok(connection) => seen.connection = Some(connection),
            Err(error) if is_not_online(&error) => {}
            Err(error) => errors.push(error),
        }
        match progress {
            Ok(mut progress) => {
                seen.failed.append(&mut progress.failed);
                seen.progress = progress;
            }
            Err(error) if error.is_not_found() || is_not_online(&error) => {}
            Err(error) => errors.push(error),
        }
        let is_alone = errors.len() == 1;
        for error in errors {
            // One of the two is better than nothing, and says what is missing.
            match error.addr().map(str::to_owned) {
                Some(addr) if is_alone => seen.failed.push((addr, error)),
                _ => return Err(error),
            }
        }
        Ok(seen)
    }

    pub(super) fn state(&self) -> &'static str {
        if self.connection.is_some() {
            "online"
        } else {
            "offline"
        }
    }

    /// `clustering` or `broadcasting`; not known of a group that is offline.
    pub(super) fn mode(&self) -> Option<&'static str> {
        self.connection
            .as_ref()
            .map(|connection| match connection.message_model {
                MessageModel::Clustering => "clustering",
                MessageModel::Broadcasting => "broadcasting",
            })
    }

    pub(super) fn consume_type(&self) -> Option<&'static str> {
        self.connection
            .as_ref()
            .map(|connection| match connection.consume_type {
                ConsumeType::ConsumeActively => "pull",
                ConsumeType::ConsumePassively => "push",
                ConsumeType::ConsumePop => "pop",
            })
    }

    /// The topics that it subscribes to or has offsets of, without its retries.
    pub(super) fn topics(&self) -> Vec<String> {
        let subscribed = self
            .connection
            .iter()
            .flat_map(|connection| connection.subscription_table.keys());
        let read = self
            .progress
            .queues
            .iter()
            .map(|progress| &progress.queue.topic);
        let mut topics: Vec<String> = subscribed
            .chain(read)
            .filter(|topic| !name::is_retry_topic(topic))
            .cloned()
            .collect();
        topics.sort();
        topics.dedup();
        topics
    }

    /// How many messages wait; `None` where brokers cannot know (broadcasting: the offsets are with the
    /// members) or nothing was ever read.
    pub(super) fn lag(&self) -> Option<i64> {
        if self.mode() == Some("broadcasting") || self.progress.queues.is_empty() {
            return None;
        }
        Some(
            self.progress
                .queues
                .iter()
                .map(|progress| progress.lag().max(0))
                .sum(),
        )
    }
}

fn is_not_online(error: &ClientError) -> bool {
    error.response_code() == Some(ResponseCode::ConsumerNotOnline)
}
