//! The header of every send: `SEND_MESSAGE` 10 with long names, `SEND_MESSAGE_V2` 310 and
//! `SEND_BATCH_MESSAGE` 320 with letters (RocketMQ `SendMessageRequestHeader`, `...V2`).
//!
//! One struct for both: the names differ, the meaning does not. It borrows its text, so that reading
//! one allocates nothing.

use super::{boolean, integer, required};
use crate::codec::{CommandView, FieldSink, HeaderError, WriteHeader};
use crate::request_code::RequestCode;

/// What a producer says about the message, or the batch, in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendMessageRequestHeader<'a> {
    /// The producer's group.
    pub producer_group: &'a str,
    /// Where the message goes.
    pub topic: &'a str,
    /// The topic whose settings a topic that does not exist takes over: `TBW102`.
    pub default_topic: &'a str,
    /// How many queues a topic made by this send gets.
    pub default_topic_queue_nums: i32,
    /// The queue; below 0 lets the broker choose.
    pub queue_id: i32,
    /// Bits of [`crate::message::sys_flag`].
    pub sys_flag: i32,
    /// Milliseconds since the epoch, by the producer's clock.
    pub born_timestamp: i64,
    /// The user's own flag.
    pub flag: i32,
    /// The properties in their wire form.
    pub properties: &'a str,
    /// How often the message has been consumed in vain; not 0 only for retry topics.
    pub reconsume_times: i32,
    /// Unit mode, as it came.
    pub unit_mode: bool,
    /// How many retries the consumer allows; only for retry topics.
    pub max_reconsume_times: Option<i32>,
    /// Whether the body is a batch.
    pub batch: bool,
}

/// Which names the fields have on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    Long,
    Letters,
}

/// Long name, letter.
const NAMES: [(&str, &str); 13] = [
    ("producerGroup", "a"),
    ("topic", "b"),
    ("defaultTopic", "c"),
    ("defaultTopicQueueNums", "d"),
    ("queueId", "e"),
    ("sysFlag", "f"),
    ("bornTimestamp", "g"),
    ("flag", "h"),
    ("properties", "i"),
    ("reconsumeTimes", "j"),
    ("unitMode", "k"),
    ("maxReconsumeTimes", "l"),
    ("batch", "m"),
];

impl Naming {
    const fn of(code: i32) -> Self {
        if code == RequestCode::SendMessage.code() || code == RequestCode::SendReplyMessage.code() {
            Self::Long
        } else {
            Self::Letters
        }
    }

    const fn name(self, field: usize) -> &'static str {
        match self {
            Self::Long => NAMES[field].0,
            Self::Letters => NAMES[field].1,
        }
    }

    fn field(self, name: &str) -> Option<usize> {
        match self {
            Self::Long => NAMES.iter().position(|(long, _)| *long == name),
            Self::Letters => match name.as_bytes() {
                [letter @ b'a'..=b'm'] => Some(usize::from(letter - b'a')),
                _ => None,
            },
        }
    }
}

impl<'a> SendMessageRequestHeader<'a> {
    /// Reads the header of a send; its request code says which names the fields have.
    ///
    /// # Errors
    /// A required field is missing or does not hold what it should.
    pub fn read(request: &CommandView<'a>) -> Result<Self, HeaderError> {
        let naming = Naming::of(request.code());
        let mut values = [None; NAMES.len()];
        for (name, value) in request.fields() {
            if let Some(slot) = naming.field(name).and_then(|field| values.get_mut(field)) {
                *slot = Some(value);
            }
        }
        let [
            group,
            topic,
            default_topic,
            queues,
            queue,
            sys_flag,
            born,
            flag,
            properties,
            times,
            unit,
            max_times,
            batch,
        ] = values;
        let text = |field: usize, value: Option<&'a str>| required(naming.name(field), value);
        let number = |field: usize, value: Option<&str>| {
            integer::<i32>(
                naming.name(field),
                required(naming.name(field), value)?,
                "a 32-bit number",
            )
        };
        // Old C++ clients write empty text where they have no number.
        let optional = |field: usize, value: Option<&str>| match value {
            None | Some("") => Ok(None),
            Some(_) => number(field, value).map(Some),
        };
        Ok(Self {
            producer_group: text(0, group)?,
            topic: text(1, topic)?,
            default_topic: default_topic.unwrap_or_default(),
            default_topic_queue_nums: optional(3, queues)?.unwrap_or_default(),
            queue_id: number(4, queue)?,
            sys_flag: number(5, sys_flag)?,
            born_timestamp: integer(naming.name(6), text(6, born)?, "a 64-bit number")?,
            flag: number(7, flag)?,
            properties: properties.unwrap_or_default(),
            reconsume_times: optional(9, times)?.unwrap_or_default(),
            unit_mode: unit.is_some_and(boolean),
            max_reconsume_times: optional(11, max_times)?,
            batch: batch.is_some_and(boolean)
                || request.code() == RequestCode::SendBatchMessage.code(),
        })
    }

    /// The same header under the names that `SEND_MESSAGE` 10 uses; written directly, it uses letters.
    #[must_use]
    pub fn with_long_names(self) -> impl WriteHeader + 'a {
        LongNames(self)
    }

    fn write_named(&self, naming: Naming, sink: &mut impl FieldSink) {
        sink.text(naming.name(0), self.producer_group);
        sink.text(naming.name(1), self.topic);
        sink.text(naming.name(2), self.default_topic);
        sink.integer(naming.name(3), self.default_topic_queue_nums.into());
        sink.integer(naming.name(4), self.queue_id.into());
        sink.integer(naming.name(5), self.sys_flag.into());
        sink.integer(naming.name(6), self.born_timestamp);
        sink.integer(naming.name(7), self.flag.into());
        sink.text(naming.name(8), self.properties);
        sink.integer(naming.name(9), self.reconsume_times.into());
        sink.boolean(naming.name(10), self.unit_mode);
        if let Some(times) = self.max_reconsume_times {
            sink.integer(naming.name(11), times.into());
        }
        sink.boolean(naming.name(12), self.batch);
    }
}

impl WriteHeader for SendMessageRequestHeader<'_> {
    fn write(&self, sink: &mut impl FieldSink) {
        self.write_named(Naming::Letters, sink);
    }
}

struct LongNames<'a>(SendMessageRequestHeader<'a>);

impl WriteHeader for LongNames<'_> {
    fn write(&self, sink: &mut impl FieldSink) {
        self.0.write_named(Naming::Long, sink);
    }
}
