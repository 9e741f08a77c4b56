//! Remarks that several processors give, in RocketMQ's words.

/// Where RocketMQ's remarks send people.
const FAQ: &str = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.";

pub(super) fn topic_not_exist(topic: &str) -> String {
    format!("topic[{topic}] not exist, apply first please!{FAQ}")
}

pub(super) fn group_not_exist(group: &str) -> String {
    format!("subscription group [{group}] does not exist, {FAQ}")
}

/// An expression of this kind is not served.
pub(super) fn no_such_filter(kind: &str) -> String {
    format!("The broker does not support consumer to filter message by {kind}")
}

/// `what` is not there because no consumer of the group has said so.
pub(super) fn no_heartbeat(what: &str) -> String {
    format!("{what}{FAQ}")
}
