//! The members of a group.

use std::borrow::Cow;
use std::collections::BTreeMap;

use protocol::body::{ConsumerConnection, ConsumerRunningInfo, SubscriptionData};
use protocol::{name, version};
use serde::Serialize;

use crate::output::{Cell, Column, Item};

/// One member.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Member {
    pub(super) client_id: String,
    addr: String,
    language: String,
    version: String,
    subscriptions: Vec<Subscription>,
    /// Queues that it reads; not known of one that was not asked or did not answer.
    #[serde(skip)]
    pub(super) queue_count: Option<usize>,
}

/// What a member wants of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Subscription {
    topic: String,
    expression: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Subscription {
    fn of(data: &SubscriptionData) -> Self {
        Self {
            topic: data.topic.clone(),
            expression: data.sub_string.clone(),
            kind: data.expression_type.to_lowercase(),
        }
    }
}

/// The members, sorted by id. `infos` holds what those that answered say of themselves; of the others
/// the group's subscriptions are shown.
pub(super) fn members(
    connection: &ConsumerConnection,
    infos: &BTreeMap<String, ConsumerRunningInfo>,
) -> Vec<Member> {
    let own = |data: &&SubscriptionData| !name::is_retry_topic(&data.topic);
    let of_group: Vec<_> = connection
        .subscription_table
        .values()
        .filter(own)
        .map(Subscription::of)
        .collect();
    let member = |known: &protocol::body::Connection| {
        let info = infos.get(&known.client_id);
        let of_member = info.map(|info| {
            info.subscription_set
                .iter()
                .filter(own)
                .map(Subscription::of)
                .collect::<Vec<_>>()
        });
        let mut subscriptions = of_member.unwrap_or_else(|| of_group.clone());
        subscriptions.sort();
        Member {
            client_id: known.client_id.clone(),
            addr: known.client_addr.clone(),
            language: known.language.name().to_lowercase(),
            version: version::name_of(known.version),
            subscriptions,
            queue_count: None,
        }
    };
    let mut members: Vec<Member> = connection.connection_set.iter().map(member).collect();
    members.sort_by(|one, other| one.client_id.cmp(&other.client_id));
    members
}

impl Item for Member {
    const SCHEMA: &'static str = "gantry.group.members/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("client_id"),
        Column::new("addr"),
        Column::new("language"),
        Column::new("version"),
        Column::number("queues"),
        Column::new("subscriptions"),
    ];

    fn row(&self) -> Vec<Cell> {
        let subscriptions = self
            .subscriptions
            .iter()
            .map(|subscription| format!("{}:{}", subscription.topic, subscription.expression));
        vec![
            (&self.client_id).into(),
            (&self.addr).into(),
            (&self.language).into(),
            (&self.version).into(),
            self.queue_count.into(),
            Cell::list(subscriptions.collect::<Vec<_>>()),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.client_id.as_str().into()
    }
}
