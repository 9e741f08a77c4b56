//! Who has read a message: what each group's offset and subscription say of it.
//!
//! Brokers keep offsets and no deliveries, so all of this is concluded, as RocketMQ's tools conclude
//! it (`DefaultMQAdminExtImpl.messageTrackDetail`): a group has consumed what lies before its offset
//! in the message's queue, if its subscription let the message through.

use filter::{Dialect, Filter, Value, View};
use protocol::ResponseCode;
use protocol::body::{
    ConsumeType, ConsumerConnection, EXPRESSION_TYPE_SQL92, MessageModel, SUB_ALL, SubscriptionData,
};
use protocol::message::{MessageExt, Properties};

use super::Admin;
use crate::{ClientError, Partial, concurrently};

/// What a group has made of a message (RocketMQ `TrackType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackState {
    /// The group's offset lies behind it.
    Consumed,
    /// So it does, and the group's subscription does not want it: it was passed over.
    ConsumedButFiltered,
    /// The group has not come to it.
    NotConsumedYet,
    /// No member is connected; its offset says how far it had come.
    NotOnline,
    /// The members pull, and may keep their progress elsewhere.
    Pull,
    /// Every member consumes every message, and keeps its own progress.
    Broadcasting,
    /// It could not be found out.
    Unknown,
}

impl TrackState {
    /// RocketMQ's name, such as `CONSUMED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consumed => "CONSUMED",
            Self::ConsumedButFiltered => "CONSUMED_BUT_FILTERED",
            Self::NotConsumedYet => "NOT_CONSUME_YET",
            Self::NotOnline => "NOT_ONLINE",
            Self::Pull => "PULL",
            Self::Broadcasting => "CONSUME_BROADCASTING",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What a group has made of a message.
#[derive(Debug, Clone)]
pub struct MessageTrack {
    /// The consumer group.
    pub group: String,
    /// What became of it.
    pub state: TrackState,
    /// The offset that the group consumes next in the message's queue, if it has one there.
    pub consumer_offset: Option<i64>,
    /// How many messages of the queue the group has to consume until it has consumed this one: 0 when
    /// it has. Nothing where the group has no offset in the queue.
    pub behind: Option<i64>,
    /// Why it could not be found out.
    pub error: Option<ClientError>,
}

impl Admin {
    /// What each group that consumes the message's topic has made of it, sorted by group. A broker
    /// that cannot be asked for the groups is named; one that cannot be asked for a group's progress
    /// makes that group's state unknown.
    ///
    /// The message must have its `broker_name`.
    ///
    /// # Errors
    /// No route to the topic.
    pub async fn message_track(
        &self,
        message: &MessageExt,
    ) -> Result<Partial<MessageTrack>, ClientError> {
        let groups = self.who_consumes(&message.topic).await?;
        // Of the message, without its body.
        let place = MessageExt {
            body: bytes::Bytes::new(),
            ..message.clone()
        };
        let asked = groups.items.into_iter().map(|group| {
            let (admin, place) = (self.clone(), place.clone());
            async move { admin.track_of(&place, group).await }
        });
        Ok(Partial {
            items: concurrently::all(asked).await,
            failed: groups.failed,
        })
    }

    /// What one group has made of a message that has its `broker_name`.
    pub async fn track_of(&self, message: &MessageExt, group: String) -> MessageTrack {
        let (connection, offset) = tokio::join!(
            self.consumer_connection(&group),
            self.offset_at(message, &group)
        );
        let mut track = MessageTrack {
            group,
            state: TrackState::Unknown,
            consumer_offset: None,
            behind: None,
            error: None,
        };
        match offset {
            Ok(offset) => {
                track.consumer_offset = offset;
                track.behind = offset.map(|next| (message.queue_offset + 1 - next).max(0));
            }
            Err(error) => track.error = Some(error),
        }
        track.state = match connection {
            Ok(_) if track.error.is_some() => TrackState::Unknown,
            Ok(connection) => state(message, &connection, track.behind),
            Err(ClientError::Remote { code, .. })
                if code == ResponseCode::ConsumerNotOnline.code() =>
            {
                TrackState::NotOnline
            }
            Err(error) => {
                track.error = Some(error);
                TrackState::Unknown
            }
        };
        track
    }

    /// The offset that a group consumes next in the queue of a message, if it has one there.
    async fn offset_at(
        &self,
        message: &MessageExt,
        group: &str,
    ) -> Result<Option<i64>, ClientError> {
        let progress = match self.consume_stats(group, Some(&message.topic)).await {
            Ok(progress) => progress,
            // A broker says no for a group that it has nothing of.
            Err(ClientError::Remote { code, .. })
                if code == ResponseCode::ConsumerNotOnline.code() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let here = progress.queues.into_iter().find(|progress| {
            let queue = &progress.queue;
            queue.broker_name == message.broker_name
                && queue.topic == message.topic
                && queue.queue_id == message.queue_id
        });
        match here {
            Some(progress) => {
                Ok((progress.consumer_offset >= 0).then_some(progress.consumer_offset))
            }
            // Perhaps the broker that has the queue is the one that did not answer.
            None => match progress.failed.into_iter().next() {
                Some((_, error)) => Err(error),
                None => Ok(None),
            },
        }
    }
}

/// What a connected group has made of a message that it is so many messages away from.
fn state(message: &MessageExt, connection: &ConsumerConnection, behind: Option<i64>) -> TrackState {
    if connection.message_model == MessageModel::Broadcasting {
        return TrackState::Broadcasting;
    }
    if connection.consume_type == ConsumeType::ConsumeActively {
        return TrackState::Pull;
    }
    if behind != Some(0) {
        return TrackState::NotConsumedYet;
    }
    match connection.subscription_table.get(&message.topic) {
        Some(subscription) if !wants(subscription, message) => TrackState::ConsumedButFiltered,
        _ => TrackState::Consumed,
    }
}

/// Whether a subscription lets a message through.
fn wants(subscription: &SubscriptionData, message: &MessageExt) -> bool {
    if subscription.expression_type == EXPRESSION_TYPE_SQL92 {
        return Filter::parse(&subscription.sub_string, Dialect::Broker)
            .is_ok_and(|filter| filter.matches(&AsSent(&message.properties)));
    }
    let tags = &subscription.tags_set;
    tags.is_empty()
        || tags.contains(SUB_ALL)
        || message.tags().is_some_and(|tag| tags.contains(tag))
}

/// Properties as a broker's filter sees them.
struct AsSent<'a>(&'a Properties);

impl View for AsSent<'_> {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        self.0.get(name).map(Value::Text)
    }
}

#[cfg(test)]
mod tests {
    use protocol::message::property;

    use super::*;
    use crate::testing::message;

    fn group(expression: &str, kind: Option<&str>) -> ConsumerConnection {
        let subscription = SubscriptionData::build("T", expression, kind, 1).unwrap();
        ConsumerConnection {
            subscription_table: [("T".to_owned(), subscription)].into(),
            ..ConsumerConnection::default()
        }
    }

    #[test]
    fn a_group_has_consumed_what_lies_before_its_offset_and_is_wanted() {
        let mut message = message("T", 7);
        message.properties.insert(property::TAGS, "paid");
        message.properties.insert("amount", "50");
        for (connection, behind, expected) in [
            (group("*", None), Some(0), TrackState::Consumed),
            (group("*", None), Some(3), TrackState::NotConsumedYet),
            (group("*", None), None, TrackState::NotConsumedYet),
            (group("paid || open", None), Some(0), TrackState::Consumed),
            (
                group("open", None),
                Some(0),
                TrackState::ConsumedButFiltered,
            ),
            (group("open", None), Some(1), TrackState::NotConsumedYet),
            (
                group("amount > 10", Some("SQL92")),
                Some(0),
                TrackState::Consumed,
            ),
            (
                group("amount > 100", Some("SQL92")),
                Some(0),
                TrackState::ConsumedButFiltered,
            ),
            (
                ConsumerConnection {
                    message_model: MessageModel::Broadcasting,
                    ..group("*", None)
                },
                Some(0),
                TrackState::Broadcasting,
            ),
            (
                ConsumerConnection {
                    consume_type: ConsumeType::ConsumeActively,
                    ..group("*", None)
                },
                Some(0),
                TrackState::Pull,
            ),
        ] {
            assert_eq!(
                state(&message, &connection, behind),
                expected,
                "{connection:?}"
            );
        }
    }
}
