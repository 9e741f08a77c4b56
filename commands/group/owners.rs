//! Which member reads which queue: as the members say, else as the default strategy divides.

use std::collections::BTreeMap;
use std::time::Duration;

use client::consumer::rebalance::{AllocateStrategy as _, Averagely, sort_members};
use client::{Admin, concurrently};
use protocol::body::{ConsumerConnection, ConsumerRunningInfo, MessageModel, MessageQueue};
use protocol::name;

/// How long a member may take to speak of itself. Some clients never answer this question.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Who reads a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) client_id: String,
    /// Whether the member said so itself.
    pub(super) is_reported: bool,
}

/// What the members say of themselves; those that do not answer are not in it.
pub(super) async fn running_infos(
    admin: &Admin,
    group: &str,
    connection: &ConsumerConnection,
    within: Duration,
) -> BTreeMap<String, ConsumerRunningInfo> {
    let asked = connection.connection_set.iter().map(|member| {
        let (admin, group, id) = (admin.clone(), group.to_owned(), member.client_id.clone());
        async move {
            let answer = admin.consumer_running_info(&group, &id, false);
            let answer = tokio::time::timeout(within.min(ANSWER_WITHIN), answer).await;
            Some((id, answer.ok()?.ok()?))
        }
    });
    concurrently::all(asked)
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// The owner of each queue, where one can be told. `queues` are those of all topics, sorted.
pub(super) fn owners(
    group: &str,
    connection: &ConsumerConnection,
    infos: &BTreeMap<String, ConsumerRunningInfo>,
    queues: &[MessageQueue],
) -> BTreeMap<MessageQueue, Owner> {
    if connection.message_model == MessageModel::Broadcasting {
        return BTreeMap::new();
    }
    let mut owners = BTreeMap::new();
    for (client_id, info) in infos {
        let pulled = info
            .mq_table
            .iter()
            .filter(|(_, state)| !state.droped)
            .map(|(queue, _)| queue);
        let popped = info
            .mq_pop_table
            .iter()
            .filter(|(_, state)| !state.droped)
            .map(|(queue, _)| queue);
        for queue in pulled.chain(popped) {
            let owner = Owner {
                client_id: client_id.clone(),
                is_reported: true,
            };
            owners.insert(queue.clone(), owner);
        }
    }
    let mut members: Vec<String> = connection
        .connection_set
        .iter()
        .map(|member| member.client_id.clone())
        .collect();
    sort_members(&mut members);
    let silent: Vec<&String> = members
        .iter()
        .filter(|id| !infos.contains_key(*id))
        .collect();
    for topic in topics(queues) {
        let is_read =
            connection.subscription_table.contains_key(topic) || topic == name::retry_topic(group);
        if !is_read {
            continue;
        }
        let of_topic: Vec<MessageQueue> = queues
            .iter()
            .filter(|queue| queue.topic == topic)
            .cloned()
            .collect();
        for client_id in &silent {
            // The default strategy places every queue; if it could not, nothing would be known.
            let share = Averagely
                .allocate(client_id, &of_topic, &members)
                .unwrap_or_default();
            for queue in share {
                let owner = Owner {
                    client_id: (*client_id).clone(),
                    is_reported: false,
                };
                owners.entry(queue).or_insert(owner);
            }
        }
    }
    owners
}

fn topics(queues: &[MessageQueue]) -> Vec<&str> {
    let mut topics: Vec<&str> = queues.iter().map(|queue| queue.topic.as_str()).collect();
    topics.dedup();
    topics
}

#[cfg(test)]
mod tests {
    use protocol::body::{Connection, ProcessQueueInfo, SubscriptionData};

    use super::*;

    fn connection(ids: &[&str]) -> ConsumerConnection {
        let member = |id: &&str| Connection {
            client_id: (*id).to_owned(),
            ..Connection::default()
        };
        let subscription = ("t".to_owned(), SubscriptionData::default());
        ConsumerConnection {
            connection_set: ids.iter().map(member).collect(),
            subscription_table: [subscription].into(),
            ..ConsumerConnection::default()
        }
    }

    fn queues(topic: &str, count: i32) -> Vec<MessageQueue> {
        (0..count)
            .map(|id| MessageQueue::new(topic, "b", id))
            .collect()
    }

    fn shown(owners: &BTreeMap<MessageQueue, Owner>) -> String {
        let shown = owners.iter().map(|(queue, owner)| {
            let sign = if owner.is_reported { "" } else { "?" };
            format!("{}={}{sign}", queue.queue_id, owner.client_id)
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn members_speak_for_themselves_and_silent_ones_get_their_share_computed() {
        let connection = connection(&["y", "x"]);
        let nobody = BTreeMap::new();
        let computed = owners("g", &connection, &nobody, &queues("t", 4));
        assert_eq!(shown(&computed), "0=x? 1=x? 2=y? 3=y?");

        let table = [0, 2].map(|id| (MessageQueue::new("t", "b", id), ProcessQueueInfo::default()));
        let info = ConsumerRunningInfo {
            mq_table: table.into(),
            ..ConsumerRunningInfo::default()
        };
        let spoken = BTreeMap::from([("x".to_owned(), info)]);
        let mixed = owners("g", &connection, &spoken, &queues("t", 4));
        assert_eq!(shown(&mixed), "0=x 2=x 3=y?");
    }

    #[test]
    fn nobody_owns_a_queue_of_a_broadcast_or_of_a_topic_that_is_not_subscribed() {
        let mut connection = connection(&["x"]);
        let nobody = BTreeMap::new();
        assert!(owners("g", &connection, &nobody, &queues("other", 4)).is_empty());
        assert_eq!(
            owners("g", &connection, &nobody, &queues("%RETRY%g", 1)).len(),
            1
        );
        connection.message_model = MessageModel::Broadcasting;
        assert!(owners("g", &connection, &nobody, &queues("t", 4)).is_empty());
    }
}
