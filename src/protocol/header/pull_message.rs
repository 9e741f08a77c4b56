//! `PULL_MESSAGE` 11 and `LITE_PULL_MESSAGE` 361 (RocketMQ `PullMessageRequestHeader`).

use super::{headers, integer, required};
use crate::codec::{CommandView, FieldSink, HeaderError, WriteHeader};

/// Bits of a pull's `sysFlag` (RocketMQ `PullSysFlag`).
pub mod pull_sys_flag {
    /// The request commits [`commit_offset`](super::PullMessageRequestHeader::commit_offset).
    pub const COMMIT_OFFSET: i32 = 1;
    /// The broker may hold the request until there is a message.
    pub const SUSPEND: i32 = 1 << 1;
    /// The request brings its own subscription.
    pub const SUBSCRIPTION: i32 = 1 << 2;
    /// A filter class, which RocketMQ 5 no longer has.
    pub const CLASS_FILTER: i32 = 1 << 3;
    /// The request comes from a lite pull consumer.
    pub const LITE_PULL: i32 = 1 << 4;
}

/// What a consumer wants to read; borrows its text, so that reading one allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullMessageRequestHeader<'a> {
    /// The group that reads.
    pub consumer_group: &'a str,
    /// The topic that is read.
    pub topic: &'a str,
    /// The queue that is read.
    pub queue_id: i32,
    /// The first queue offset that is wanted.
    pub queue_offset: i64,
    /// The most messages that are wanted.
    pub max_msg_nums: i32,
    /// Bits of [`pull_sys_flag`].
    pub sys_flag: i32,
    /// The progress to commit, when the flag says so.
    pub commit_offset: i64,
    /// How long the broker may hold the request, in milliseconds.
    pub suspend_timeout_millis: i64,
    /// The filter expression, when the flag says so.
    pub subscription: Option<&'a str>,
    /// The version of the subscription that the consumer goes by.
    pub sub_version: i64,
    /// `TAG` or `SQL92`; absent means `TAG`.
    pub expression_type: Option<&'a str>,
    /// The most bytes that are wanted.
    pub max_msg_bytes: Option<i32>,
}

impl<'a> PullMessageRequestHeader<'a> {
    /// Reads the header of a pull.
    ///
    /// # Errors
    /// A required field is missing or does not hold what it should.
    pub fn read(request: &CommandView<'a>) -> Result<Self, HeaderError> {
        let mut values = [None; NAMES.len()];
        for (name, value) in request.fields() {
            let field = NAMES.iter().position(|known| *known == name);
            if let Some(slot) = field.and_then(|field| values.get_mut(field)) {
                *slot = Some(value);
            }
        }
        let [
            group,
            topic,
            queue,
            offset,
            max,
            flag,
            commit,
            suspend,
            subscription,
            version,
            kind,
            bytes,
        ] = values;
        let small = |field: usize, value| {
            integer::<i32>(
                NAMES[field],
                required(NAMES[field], value)?,
                "a 32-bit number",
            )
        };
        let large = |field: usize, value| {
            integer::<i64>(
                NAMES[field],
                required(NAMES[field], value)?,
                "a 64-bit number",
            )
        };
        Ok(Self {
            consumer_group: required(NAMES[0], group)?,
            topic: required(NAMES[1], topic)?,
            queue_id: small(2, queue)?,
            queue_offset: large(3, offset)?,
            max_msg_nums: small(4, max)?,
            sys_flag: small(5, flag)?,
            // Clients of other makers leave these out; Java's defaults for absent numbers are 0.
            commit_offset: commit.map_or(Ok(0), |_| large(6, commit))?,
            suspend_timeout_millis: suspend.map_or(Ok(0), |_| large(7, suspend))?,
            subscription,
            sub_version: version.map_or(Ok(0), |_| large(9, version))?,
            expression_type: kind.filter(|kind| !kind.is_empty()),
            max_msg_bytes: bytes.map(|_| small(11, bytes)).transpose()?,
        })
    }

    /// Whether a bit of [`pull_sys_flag`] is set.
    #[must_use]
    pub const fn has(&self, bit: i32) -> bool {
        self.sys_flag & bit != 0
    }
}

const NAMES: [&str; 12] = [
    "consumerGroup",
    "topic",
    "queueId",
    "queueOffset",
    "maxMsgNums",
    "sysFlag",
    "commitOffset",
    "suspendTimeoutMillis",
    "subscription",
    "subVersion",
    "expressionType",
    "maxMsgBytes",
];

impl WriteHeader for PullMessageRequestHeader<'_> {
    fn write(&self, sink: &mut impl FieldSink) {
        sink.text(NAMES[0], self.consumer_group);
        sink.text(NAMES[1], self.topic);
        sink.integer(NAMES[2], self.queue_id.into());
        sink.integer(NAMES[3], self.queue_offset);
        sink.integer(NAMES[4], self.max_msg_nums.into());
        sink.integer(NAMES[5], self.sys_flag.into());
        sink.integer(NAMES[6], self.commit_offset);
        sink.integer(NAMES[7], self.suspend_timeout_millis);
        if let Some(subscription) = self.subscription {
            sink.text(NAMES[8], subscription);
        }
        sink.integer(NAMES[9], self.sub_version);
        if let Some(kind) = self.expression_type {
            sink.text(NAMES[10], kind);
        }
        if let Some(bytes) = self.max_msg_bytes {
            sink.integer(NAMES[11], bytes.into());
        }
    }
}

headers! {
    /// RocketMQ `PullMessageResponseHeader`: every pull answer carries it.
    pub struct PullMessageResponseHeader {
        suggest_which_broker_id "suggestWhichBrokerId": i64,
        next_begin_offset "nextBeginOffset": i64,
        min_offset "minOffset": i64,
        max_offset "maxOffset": i64,
        offset_delta "offsetDelta": Option<i64>,
        topic_sys_flag "topicSysFlag": Option<i32>,
        group_sys_flag "groupSysFlag": Option<i32>,
        forbidden_type "forbiddenType": Option<i32>,
    }
}
