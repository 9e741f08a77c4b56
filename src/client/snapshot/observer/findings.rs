//! Whether the members of a group want the same. RocketMQ keeps one subscription for a whole group: of
//! members that differ, the last heartbeat wins, and messages get lost for the others.

use std::collections::BTreeMap;

use protocol::body::ConsumerRunningInfo;
use protocol::name;

use super::gathered::Gathered;
use super::slot::Slot;
use crate::snapshot::SubscriptionFinding;

/// The most members whose ids a sentence names.
const NAMED_MAX: usize = 3;

/// What a member wants: the expression by topic.
type Wanted<'a> = BTreeMap<&'a str, &'a str>;

/// What is odd about the members of a group; `None` while none has said what it wants.
pub(super) fn of(gathered: &Gathered, group: &str) -> Option<Vec<SubscriptionFinding>> {
    let infos = gathered.infos.get(group)?;
    let said: BTreeMap<&str, Wanted<'_>> = infos
        .iter()
        .filter_map(|(id, slot)| Some((id.as_str(), wanted(Slot::value(slot)?))))
        .collect();
    (!said.is_empty()).then(|| differences(&said))
}

fn wanted(info: &ConsumerRunningInfo) -> Wanted<'_> {
    let own = info
        .subscription_set
        .iter()
        .filter(|data| !name::is_retry_topic(&data.topic));
    own.map(|data| (data.topic.as_str(), data.sub_string.as_str()))
        .collect()
}

fn differences(members: &BTreeMap<&str, Wanted<'_>>) -> Vec<SubscriptionFinding> {
    let mut camps: BTreeMap<&Wanted<'_>, Vec<&str>> = BTreeMap::new();
    for (id, wanted) in members {
        camps.entry(wanted).or_default().push(id);
    }
    // The largest camp is taken for what is meant; of equal ones, any.
    let Some(usual) = camps
        .iter()
        .max_by_key(|(_, ids)| ids.len())
        .map(|(wanted, _)| (*wanted).clone())
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (wanted, ids) in camps.iter().filter(|(wanted, _)| ***wanted != usual) {
        let differing = || ids.iter().map(|id| (*id).to_owned()).collect();
        let who = named(ids);
        let (verb, plural) = if ids.len() == 1 {
            ("subscribes", "its")
        } else {
            ("subscribe", "their")
        };
        for (topic, expression) in *wanted {
            let text = match usual.get(topic) {
                Some(usual) if usual == expression => continue,
                Some(usual) => format!(
                    "{who} {verb} to {topic} with \"{expression}\", the others with \"{usual}\": \
                     a part of {plural} queues' messages is never delivered"
                ),
                None => format!(
                    "{who} {verb} to {topic}, the others do not: messages in the queues that fall \
                     to the others are never delivered"
                ),
            };
            findings.push(SubscriptionFinding {
                client_ids: differing(),
                text,
            });
        }
        for topic in usual.keys().filter(|topic| !wanted.contains_key(*topic)) {
            let verb = if ids.len() == 1 { "does" } else { "do" };
            findings.push(SubscriptionFinding {
                client_ids: differing(),
                text: format!(
                    "{who} {verb} not subscribe to {topic}, the others do: messages in {plural} \
                     queues are never delivered"
                ),
            });
        }
    }
    findings
}

fn named(ids: &[&str]) -> String {
    let some = ids.iter().take(NAMED_MAX).copied().collect::<Vec<_>>();
    match ids.len().checked_sub(NAMED_MAX) {
        Some(more) if more > 0 => format!("{} and {more} more", some.join(", ")),
        _ => some.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(members: &[(&str, &[(&str, &str)])]) -> Vec<String> {
        let members = members
            .iter()
            .map(|(id, wanted)| (*id, wanted.iter().copied().collect()));
        let findings = differences(&members.collect());
        findings.into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn members_that_want_the_same_are_nothing_odd() {
        assert!(texts(&[("a", &[("t", "*")]), ("b", &[("t", "*")])]).is_empty());
        assert!(texts(&[("a", &[("t", "x")])]).is_empty());
    }

    #[test]
    fn a_member_with_another_expression_or_topic_is_named() {
        let odd = texts(&[
            ("a", &[("t", "*")]),
            ("b", &[("t", "*")]),
            ("c", &[("t", "paid"), ("u", "*")]),
        ]);
        assert_eq!(odd.len(), 2);
        assert!(odd[0].starts_with("c subscribes to t with \"paid\", the others with \"*\""));
        assert!(odd[1].starts_with("c subscribes to u, the others do not"));
        let odd = texts(&[("a", &[("t", "*")]), ("b", &[("t", "*")]), ("c", &[])]);
        assert_eq!(odd.len(), 1);
        assert!(odd[0].starts_with("c does not subscribe to t"));
    }
}
