//! Several popped messages acknowledged in one request.

use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{base64, json_body};

/// Popped messages of any queues of one broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchAckMessageRequestBody {
    /// The messages, one entry a pop.
    pub acks: Vec<BatchAck>,
    /// Name of the broker.
    pub broker_name: String,
}

json_body!(BatchAckMessageRequestBody);

/// Popped messages of one pop; one-letter names on the wire, long ones are read as well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchAck {
    /// Which messages, counted from [`start_offset`](Self::start_offset).
    #[serde(rename = "b", alias = "bitSet")]
    pub bit_set: BitSet,
    /// The group.
    #[serde(rename = "c", alias = "consumerGroup")]
    pub consumer_group: String,
    /// For how long they were taken, in ms.
    #[serde(rename = "it", alias = "invisibleTime")]
    pub invisible_time: i64,
    /// When they were popped, in ms since the epoch.
    #[serde(rename = "pt", alias = "popTime")]
    pub pop_time: i64,
    /// Number of the queue.
    #[serde(rename = "q", alias = "queueId")]
    pub queue_id: i32,
    /// `0` for the topic itself, `1` and `2` for its two forms of retry topic.
    #[serde(rename = "r", alias = "retry")]
    pub retry: String,
    /// Number of the revive queue.
    #[serde(rename = "rq", alias = "reviveQueueId")]
    pub revive_queue_id: i32,
    /// Offset that the pop began at.
    #[serde(rename = "so", alias = "startOffset")]
    pub start_offset: i64,
    /// The topic.
    #[serde(rename = "t", alias = "topic")]
    pub topic: String,
}

impl BatchAck {
    /// The queue offsets of the messages.
    pub fn queue_offsets(&self) -> impl Iterator<Item = i64> {
        self.bit_set
            .iter()
            .filter_map(|bit| self.start_offset.checked_add(i64::from(bit)))
    }
}

/// Bits as in Java's `BitSet`: the lowest of the first byte is bit 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BitSet {
    bytes: Vec<u8>,
}

impl BitSet {
    /// The bits that are set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = self
            .bytes
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        (0_u32..)
            .zip(bits)
            .filter_map(|(bit, is_set)| is_set.then_some(bit))
    }
}

/// Bits beyond the 65535th do not count: no pop takes as many messages.
impl FromIterator<u32> for BitSet {
    fn from_iter<I: IntoIterator<Item = u32>>(bits: I) -> Self {
        let mut bytes = Vec::new();
        for bit in bits {
            let Ok(bit) = u16::try_from(bit) else {
                continue;
            };
            let at = usize::from(bit / 8);
            if bytes.len() <= at {
                bytes.resize(at + 1, 0);
            }
            if let Some(byte) = bytes.get_mut(at) {
                *byte |= 1_u8 << (bit % 8);
            }
        }
        Self { bytes }
    }
}

impl Serialize for BitSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64::encode(&self.bytes))
    }
}

impl<'de> Deserialize<'de> for BitSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = BitSet;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<BitSet, E> {
                let bytes = base64::decode(text).ok_or_else(|| E::custom("is not base64"))?;
                Ok(BitSet { bytes })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    fn batch() -> BatchAckMessageRequestBody {
        BatchAckMessageRequestBody {
            acks: vec![BatchAck {
                bit_set: [9, 0, 2].into_iter().collect(),
                consumer_group: "g".into(),
                invisible_time: 60_000,
                pop_time: 1_700_000_000_000,
                queue_id: 3,
                retry: "0".into(),
                revive_queue_id: 1,
                start_offset: 100,
                topic: "T".into(),
            }],
            broker_name: "b".into(),
        }
    }

    #[test]
    fn golden_bytes() {
        golden(
            &batch(),
            r#"{"acks":[{"b":"BQI=","c":"g","it":60000,"pt":1700000000000,"q":3,"r":"0","rq":1,"so":100,"t":"T"}],"brokerName":"b"}"#,
        );
        assert_eq!(
            batch().acks[0].queue_offsets().collect::<Vec<_>>(),
            [100, 102, 109]
        );
    }

    #[test]
    fn long_names_are_read() {
        let text = br#"{"acks":[{"bitSet":"BQI=","consumerGroup":"g","invisibleTime":60000,"popTime":1700000000000,"queueId":3,"retry":0,"reviveQueueId":1,"startOffset":100,"topic":"T"}],"brokerName":"b"}"#;
        assert_eq!(BatchAckMessageRequestBody::from_json(text), Ok(batch()));
    }

    #[test]
    fn a_bit_set_that_is_not_base64_is_an_error() {
        let error = BatchAckMessageRequestBody::from_json(br#"{"acks":[{"b":"?"}]}"#).unwrap_err();
        assert_eq!(error.to_string(), "acks.0.b: is not base64");
    }

    #[test]
    fn bits_have_a_limit() {
        let bits: BitSet = [65_535, 65_536, u32::MAX].into_iter().collect();
        assert_eq!(bits.iter().collect::<Vec<_>>(), [65_535]);
    }
}
