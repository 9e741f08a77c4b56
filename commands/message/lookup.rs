//! Finding a message by its id, whichever of the two it is.
//!
//! The broker's id says where a message lies; the producer's is looked up in the index of a topic.
//! Both are 32 hexadecimal digits, so the place is tried first where it is one of this cluster.

use client::admin::MessageQuery;
use client::{ClientError, concurrently};
use protocol::message::{MessageExt, OffsetMsgId};
use protocol::name::is_system_topic;

use crate::error::{CommandError, codes};
use crate::output::units::counted;
use crate::session::Session;

/// An id without a topic is looked for in so many topics at most: each is a question to each broker.
const TOPICS_MAX: usize = 256;

/// A search from the beginning: an id that was made before last month does not say when.
const FROM_THE_BEGINNING: i64 = 1;

/// The messages with an id, oldest first: the one at a place, or all copies with a producer's id.
///
/// # Errors
/// `message_not_found`; a topic that is not there; brokers that do not answer.
pub(super) async fn by_id(
    session: &Session,
    id: &str,
    topic: Option<&str>,
) -> Result<Vec<MessageExt>, CommandError> {
    if let Some(message) = by_place(session, id, topic).await? {
        return Ok(vec![message]);
    }
    by_unique_key(session, id, topic).await
}

/// The message that lies where the id says, if that is a place of this cluster.
async fn by_place(
    session: &Session,
    id: &str,
    topic: Option<&str>,
) -> Result<Option<MessageExt>, CommandError> {
    let Ok(place) = id.parse::<OffsetMsgId>() else {
        return Ok(None);
    };
    let admin = session.admin();
    let addr = place.host.to_string();
    let brokers = session.ask(|| admin.brokers()).await?;
    if brokers.iter().all(|broker| broker.addr != addr) {
        return Ok(None);
    }
    let found = admin
        .view_message_at(&addr, topic, place.physical_offset)
        .await;
    match found {
        Ok(message) => Ok(topic
            .is_none_or(|topic| topic == message.topic)
            .then_some(message)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(session.error(&error)),
    }
}

/// All copies of the message that a producer gave this id.
///
/// # Errors
/// As for [`by_id`].
pub(super) async fn by_unique_key(
    session: &Session,
    id: &str,
    topic: Option<&str>,
) -> Result<Vec<MessageExt>, CommandError> {
    let topics = match topic {
        Some(topic) => vec![topic.to_owned()],
        None => searched_topics(session).await?,
    };
    for begin_ms in [0, FROM_THE_BEGINNING] {
        let queries = topics.iter().map(|topic| MessageQuery {
            begin_ms,
            ..MessageQuery::by_unique_key(topic, id)
        });
        let found = search(session, queries.collect(), topic.is_some()).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(not_found(
        session,
        &format!("no message with id {id}"),
        &topics,
    ))
}

/// The topics that a message may be in. What waits in the broker's own topics is on its way.
async fn searched_topics(session: &Session) -> Result<Vec<String>, CommandError> {
    let admin = session.admin();
    let mut topics = session.ask(|| admin.topics()).await?;
    topics.retain(|topic| !is_system_topic(topic));
    if topics.len() > TOPICS_MAX {
        let text = format!(
            "which topic? The cluster has {}, too many to search them all",
            topics.len()
        );
        return Err(CommandError::new(&codes::USAGE, text).next("name it with --topic"));
    }
    Ok(topics)
}

/// What several searches find, oldest first. Fails where a broker that did not answer may have what
/// nobody else has.
pub(super) async fn search(
    session: &Session,
    queries: Vec<MessageQuery>,
    is_topic_named: bool,
) -> Result<Vec<MessageExt>, CommandError> {
    let asked = queries.into_iter().map(|query| {
        let admin = session.admin();
        async move { admin.find_messages(&query).await }
    });
    let (mut found, mut failed) = (Vec::new(), None);
    for result in concurrently::all(asked).await {
        match result {
            Ok(partial) => {
                found.extend(partial.items);
                failed =
                    failed.or_else(|| partial.failed.into_iter().next().map(|(_, error)| error));
            }
            // A topic that was listed may be gone, or have no queue yet.
            Err(ClientError::TopicNotFound { .. }) if !is_topic_named => {}
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(session.explain(&error).await),
        _ => {
            found.sort_by_key(|message| (message.store_timestamp, message.physical_offset));
            Ok(found)
        }
    }
}

/// The error for a search that has found nothing.
pub(super) fn not_found(session: &Session, what: &str, topics: &[String]) -> CommandError {
    let searched = match topics {
        [only] => format!("topic {only}"),
        several => counted(several.len(), "topic"),
    };
    CommandError::new(&codes::MESSAGE_NOT_FOUND, what)
        .looked_at(format!("{}: {searched}", session.target().describe()))
}
