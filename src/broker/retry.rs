//! What becomes of a message that a consumer sends back: another try later, or a dead letter.

use protocol::message::{RecordView, property};

use crate::put::properties;

/// The delay level of the first try when the consumer leaves it to the broker: each further try waits
/// one level longer (RocketMQ `AbstractSendMessageProcessor.consumerSendMsgBack`).
const FIRST_RETRY_LEVEL: i32 = 3;

/// What becomes of a message that was sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is delivered again after the delay of this level.
    Retry { delay_level: i32 },
    /// It was tried often enough, or the consumer gives up on it.
    DeadLetter,
}

impl Fate {
    /// Decides on a message that was delivered `reconsume_times` times after the first. A consumer
    /// may ask for a level; 0 leaves it to the broker, and below 0 it does not want it again.
    pub(crate) fn of(reconsume_times: i32, retries_max: i32, asked_level: i32) -> Self {
        if reconsume_times >= retries_max || asked_level < 0 {
            Self::DeadLetter
        } else if asked_level == 0 {
            Self::Retry {
                delay_level: reconsume_times.saturating_add(FIRST_RETRY_LEVEL),
            }
        } else {
            Self::Retry {
                delay_level: asked_level,
            }
        }
    }
}

/// The properties of the copy that is stored: the message's own, with where it came from at first.
pub(crate) fn properties_of_copy(record: &RecordView<'_>, fate: Fate) -> String {
    let text = record.properties();
    let mut copy = String::with_capacity(text.len() + 160);
    let is_rewritten = |name: &str| matches!(name, property::DELAY | property::WAIT);
    let _facts = properties::copy_without(text, is_rewritten, &mut copy);
    if record.property(property::RETRY_TOPIC).is_none() {
        properties::push(property::RETRY_TOPIC, record.topic(), &mut copy);
    }
    if record.property(property::ORIGIN_MESSAGE_ID).is_none() {
        let id = record.offset_msg_id().to_string();
        properties::push(property::ORIGIN_MESSAGE_ID, &id, &mut copy);
    }
    properties::push(property::WAIT, "false", &mut copy);
    if let Fate::Retry { delay_level } = fate {
        properties::push(
            property::DELAY,
            itoa::Buffer::new().format(delay_level),
            &mut copy,
        );
    }
    copy
}

#[cfg(test)]
mod tests {
    use protocol::message::{RecordParts, encode_record, property_of};

    use super::*;

    #[test]
    fn each_try_waits_longer_until_there_is_none() {
        let levels: Vec<Fate> = (0..17).map(|times| Fate::of(times, 16, 0)).collect();
        assert_eq!(levels[0], Fate::Retry { delay_level: 3 });
        assert_eq!(levels[15], Fate::Retry { delay_level: 18 });
        assert_eq!(levels[16], Fate::DeadLetter);
    }

    #[test]
    fn the_consumer_may_decide_for_itself() {
        assert_eq!(Fate::of(0, 16, 5), Fate::Retry { delay_level: 5 });
        assert_eq!(Fate::of(0, 16, -1), Fate::DeadLetter);
        assert_eq!(Fate::of(0, 0, 5), Fate::DeadLetter);
        assert_eq!(
            Fate::of(i32::MAX - 1, i32::MAX, 0),
            Fate::Retry {
                delay_level: i32::MAX
            }
        );
    }

    fn check(topic: &str, before: &str, fate: Fate, expected: &[(&str, &str)]) {
        let host = "127.0.0.1:10911".parse().unwrap();
        let parts = RecordParts {
            topic,
            body: b"b",
            properties: before,
            queue_id: 0,
            flag: 0,
            sys_flag: 0,
            born_timestamp: 1,
            born_host: host,
            store_host: host,
            reconsume_times: 0,
            prepared_transaction_offset: 0,
        };
        let mut record = Vec::new();
        encode_record(&parts, &mut record).unwrap();
        let copy = properties_of_copy(&RecordView::parse(&record).unwrap(), fate);
        for (name, value) in expected {
            let found = property_of(&copy, name).unwrap_or("-");
            assert_eq!(found, *value, "{name} in {copy:?}");
        }
    }

    #[test]
    fn the_first_copy_remembers_where_it_came_from() {
        let id = "7F00000100002A9F0000000000000000";
        let before = "TAGS\u{1}TagA\u{2}WAIT\u{1}true\u{2}DELAY\u{1}9\u{2}";
        let retry = Fate::Retry { delay_level: 3 };
        let common = [
            ("TAGS", "TagA"),
            ("RETRY_TOPIC", "orders"),
            ("ORIGIN_MESSAGE_ID", id),
            ("WAIT", "false"),
        ];
        check(
            "orders",
            before,
            retry,
            &[&common[..], &[("DELAY", "3")]].concat(),
        );
        check(
            "orders",
            before,
            Fate::DeadLetter,
            &[&common[..], &[("DELAY", "-")]].concat(),
        );
    }

    #[test]
    fn later_copies_keep_what_the_first_one_remembers() {
        let before =
            "RETRY_TOPIC\u{1}orders\u{2}ORIGIN_MESSAGE_ID\u{1}X1\u{2}REAL_TOPIC\u{1}%RETRY%g\u{2}";
        let expected = [
            ("RETRY_TOPIC", "orders"),
            ("ORIGIN_MESSAGE_ID", "X1"),
            ("DELAY", "4"),
        ];
        check(
            "%RETRY%g",
            before,
            Fate::Retry { delay_level: 4 },
            &expected,
        );
    }
}
