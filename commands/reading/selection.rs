//! Which queues are meant: topics by name or pattern, narrowed by `--queue`.

use client::PullConsumer;
use protocol::body::MessageQueue;
use protocol::name;

use crate::error::{CommandError, codes};
use crate::session::Session;

/// One part of `--queue`: a broker, or some of its queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueuePart {
    broker: String,
    /// The first and the last queue; all without.
    ids: Option<(i32, i32)>,
}

impl QueuePart {
    /// Reads `b-0`, `b-0:3`, `b-0:0-3` or, as messages are shown, `b-0/q3`.
    ///
    /// # Errors
    /// The forms there are.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let expected = || "BROKER, BROKER:3 or BROKER:0-3".to_owned();
        let (broker, ids) = match text.split_once(':').or_else(|| text.split_once("/q")) {
            Some((broker, ids)) => (broker, Some(ids)),
            None => (text, None),
        };
        let id = |text: &str| text.parse::<i32>().ok().filter(|id| *id >= 0);
        let ids = match ids.map(|ids| ids.split_once('-').unwrap_or((ids, ids))) {
            None => None,
            Some((first, last)) => {
                let (first, last) = id(first).zip(id(last)).ok_or_else(expected)?;
                Some((first, last))
                    .filter(|(first, last)| first <= last)
                    .ok_or_else(expected)?
                    .into()
            }
        };
        if broker.is_empty() {
            return Err(expected());
        }
        Ok(Self {
            broker: broker.to_owned(),
            ids,
        })
    }

    /// The one queue that it means, if it is only one.
    pub(crate) fn single(&self) -> Option<(&str, i32)> {
        let (first, last) = self.ids?;
        (first == last).then_some((self.broker.as_str(), first))
    }

    pub(crate) fn holds(&self, queue: &MessageQueue) -> bool {
        let holds_id = |(first, last): (i32, i32)| (first..=last).contains(&queue.queue_id);
        self.broker == queue.broker_name && self.ids.is_none_or(holds_id)
    }
}

/// Which queues are meant.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// Names, or patterns with `*` and `?`.
    topics: Vec<String>,
    queues: Vec<QueuePart>,
}

impl Selection {
    pub(crate) fn new(topics: &[String], queues: &[QueuePart]) -> Self {
        Self {
            topics: topics.to_vec(),
            queues: queues.to_vec(),
        }
    }

    /// The queues that are there now, sorted.
    ///
    /// # Errors
    /// A topic that does not exist, a pattern or `--queue` that nothing fits, no name server.
    pub(crate) async fn resolve(
        &self,
        session: &Session,
        reader: &PullConsumer,
    ) -> Result<Vec<MessageQueue>, CommandError> {
        let mut queues = Vec::new();
        for topic in self.names(session).await? {
            queues.extend(session.ask(|| reader.queues(&topic)).await?);
        }
        queues.sort();
        queues.dedup();
        let found = queues.len();
        if !self.queues.is_empty() {
            queues.retain(|queue| self.queues.iter().any(|part| part.holds(queue)));
        }
        if queues.is_empty() {
            return Err(self.nothing(found, session));
        }
        Ok(queues)
    }

    /// The topics, with patterns replaced by what they fit.
    async fn names(&self, session: &Session) -> Result<Vec<String>, CommandError> {
        if !self.topics.iter().any(|topic| is_pattern(topic)) {
            return Ok(self.topics.clone());
        }
        let admin = session.admin();
        let known = session.ask(|| admin.topics()).await?;
        let mut names = Vec::new();
        for wanted in &self.topics {
            if !is_pattern(wanted) {
                names.push(wanted.clone());
                continue;
            }
            // `*` is not meant to bring up RocketMQ's own topics.
            let is_own = |topic: &str| name::is_system_topic(topic) || topic.starts_with('%');
            let of_own = wanted.starts_with('%');
            let fits = known
                .iter()
                .filter(|topic| matches_pattern(wanted, topic) && (of_own || !is_own(topic)));
            let before = names.len();
            names.extend(fits.cloned());
            if names.len() == before {
                let text = format!("no topic fits the pattern \"{wanted}\"");
                return Err(CommandError::new(&codes::TOPIC_NOT_FOUND, text)
                    .looked_at(format!(
                        "{}: {} topics",
                        session.target().describe(),
                        known.len()
                    ))
                    .next("gantry topic list"));
            }
        }
        Ok(names)
    }

    fn nothing(&self, found: usize, session: &Session) -> CommandError {
        let topics = self.topics.join(", ");
        let error = if self.queues.is_empty() {
            let text = format!("topic \"{topics}\" has no queue that can be read");
            CommandError::new(&codes::NO_QUEUE, text)
        } else {
            let text = format!("no queue of \"{topics}\" fits --queue");
            CommandError::new(&codes::QUEUE_NOT_FOUND, text)
        };
        error
            .looked_at(format!("{}: {found} queues", session.target().describe()))
            .next(format!(
                "gantry topic route {}",
                self.topics.first().map_or("", String::as_str)
            ))
    }
}

fn is_pattern(topic: &str) -> bool {
    topic.contains(['*', '?'])
}

/// Whether a name fits a pattern, in which `*` stands for anything and `?` for one character.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut name_at) = (0, 0);
    // Where the last `*` is, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while name_at < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, name_at));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[name_at] => {
                at += 1;
                name_at += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else {
                    return false;
                };
                star = Some((star_at, taken + 1));
                (at, name_at) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_brokers() {
        let queue = |id| MessageQueue::new("t", "b-0", id);
        let part = QueuePart::parse("b-0:1-2").unwrap();
        let held: Vec<_> = (0..4).filter(|id| part.holds(&queue(*id))).collect();
        assert_eq!((held, part.single()), (vec![1, 2], None));
        assert_eq!(
            QueuePart::parse("b-0/q3").unwrap().single(),
            Some(("b-0", 3))
        );
        assert_eq!(
            QueuePart::parse("b-0:3").unwrap().single(),
            Some(("b-0", 3))
        );
        assert!(QueuePart::parse("b-0").unwrap().holds(&queue(9)));
        assert!(!QueuePart::parse("b-1").unwrap().holds(&queue(9)));
        for text in ["", ":1", "b:", "b:x", "b:3-1", "b:-1"] {
            assert!(QueuePart::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn patterns() {
        let cases = [
            ("order*", "orders", true),
            ("*", "", true),
            ("*ers", "orders", true),
            ("o*r*s", "orders", true),
            ("ord?rs", "orders", true),
            ("ord?rs", "ordrs", false),
            ("%DLQ%*", "%DLQ%billing", true),
            ("order", "orders", false),
            ("a*b", "acbc", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches_pattern(pattern, name), expected, "{pattern} {name}");
        }
    }
}
