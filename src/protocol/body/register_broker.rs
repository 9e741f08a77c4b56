//! What a broker registers with a name server, plain or compressed.
//!
//! The compressed form is a zlib stream of: data version as JSON; count of topics, and each as
//! `name read write perm filterType {attributes}`; filter servers as JSON; from brokers since 5.0,
//! count of static topics and each as JSON. Every text is preceded by its length; lengths and
//! counts take four bytes. It has no room for a topic's system flag and order.

use serde::{Deserialize, Serialize};

use super::data_version::DataVersion;
use super::static_topic::TopicQueueMappingInfo;
use super::topic_config::{TopicConfig, TopicConfigAndMappingSerializeWrapper, TopicFilterType};
use super::{json_body, write_json};
use crate::json::{self, JsonError};
use crate::message::reader::Reader;
use crate::message::{CompressionError, CompressionKind, compress, decompress};

/// Longest registration that is decompressed; one topic takes about a hundred bytes.
const DECOMPRESSED_LENGTH_MAX: usize = 64 * 1024 * 1024;

/// Java's `Deflater.BEST_COMPRESSION`.
const COMPRESSION_LEVEL: u32 = 9;

/// Why a registration cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterBrokerError {
    /// The zlib stream is broken or too long.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A JSON part cannot be read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The decompressed bytes end within a part.
    #[error("registration ends within {part}")]
    Truncated {
        /// Which part.
        part: &'static str,
    },
    /// The text of a topic is not what Java writes.
    #[error("{text:?} does not describe a topic")]
    Topic {
        /// The text.
        text: String,
    },
    /// A part is longer than its length field can say.
    #[error("a part of {length} bytes or entries is too long for a registration")]
    TooLong {
        /// Length of the part.
        length: usize,
    },
}

/// What a broker registers with a name server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterBrokerBody {
    /// Its filter servers; a matter of RocketMQ 4.
    pub filter_server_list: Vec<String>,
    /// Its topics.
    pub topic_config_serialize_wrapper: TopicConfigAndMappingSerializeWrapper,
}

json_body!(RegisterBrokerBody);

impl RegisterBrokerBody {
    /// Reads the compressed form; `has_mappings` for brokers since 5.0.
    ///
    /// # Errors
    /// [`RegisterBrokerError`] says which part cannot be read.
    pub fn from_compressed(bytes: &[u8], has_mappings: bool) -> Result<Self, RegisterBrokerError> {
        let bytes = decompress(CompressionKind::Zlib, bytes, DECOMPRESSED_LENGTH_MAX)?;
        let mut reader = Reader::new(&bytes);
        let mut body = Self::default();
        let wrapper = &mut body.topic_config_serialize_wrapper;

        let version = read_part(&mut reader, "the data version")?;
        wrapper.data_version = DataVersion::from_json(version)?;
        for _ in 0..read_length(&mut reader, "the count of topics")? {
            let topic = read_topic(read_part(&mut reader, "a topic")?)?;
            wrapper
                .topic_config_table
                .insert(topic.topic_name.clone(), topic);
        }
        let filter_servers = read_part(&mut reader, "the filter servers")?;
        body.filter_server_list = json::from_slice(filter_servers)?;
        if has_mappings {
            for _ in 0..read_length(&mut reader, "the count of static topics")? {
                let mapping = read_part(&mut reader, "a static topic")?;
                let mapping = TopicQueueMappingInfo::from_json(mapping)?;
                let topic = mapping.topic.clone();
                wrapper.topic_queue_mapping_info_map.insert(topic, mapping);
            }
        }
        Ok(body)
    }

    /// Writes the compressed form, as brokers since 5.0 do.
    ///
    /// # Errors
    /// [`RegisterBrokerError`] if a part is too long.
    pub fn to_compressed(&self) -> Result<Vec<u8>, RegisterBrokerError> {
        let wrapper = &self.topic_config_serialize_wrapper;
        let mut bytes = Vec::new();
        write_part(&wrapper.data_version.to_json(), &mut bytes)?;
        write_length(wrapper.topic_config_table.len(), &mut bytes)?;
        for topic in wrapper.topic_config_table.values() {
            write_part(write_topic(topic).as_bytes(), &mut bytes)?;
        }
        write_part(&write_json(&self.filter_server_list), &mut bytes)?;
        write_length(wrapper.topic_queue_mapping_info_map.len(), &mut bytes)?;
        for mapping in wrapper.topic_queue_mapping_info_map.values() {
            write_part(&mapping.to_json(), &mut bytes)?;
        }
        Ok(compress(CompressionKind::Zlib, &bytes, COMPRESSION_LEVEL)?)
    }
}

fn read_length(reader: &mut Reader<'_>, part: &'static str) -> Result<usize, RegisterBrokerError> {
    let length = reader.i32().and_then(|length| usize::try_from(length).ok());
    length.ok_or(RegisterBrokerError::Truncated { part })
}

fn read_part<'a>(
    reader: &mut Reader<'a>,
    part: &'static str,
) -> Result<&'a [u8], RegisterBrokerError> {
    let length = read_length(reader, part)?;
    reader
        .bytes(length)
        .ok_or(RegisterBrokerError::Truncated { part })
}

fn write_length(length: usize, out: &mut Vec<u8>) -> Result<(), RegisterBrokerError> {
    let field = i32::try_from(length).map_err(|_| RegisterBrokerError::TooLong { length })?;
    out.extend_from_slice(&field.to_be_bytes());
    Ok(())
}

fn write_part(part: &[u8], out: &mut Vec<u8>) -> Result<(), RegisterBrokerError> {
    write_length(part.len(), out)?;
    out.extend_from_slice(part);
    Ok(())
}

fn write_topic(topic: &TopicConfig) -> String {
    format!(
        "{} {} {} {} {} {}",
        topic.topic_name,
        topic.read_queue_nums,
        topic.write_queue_nums,
        topic.perm,
        topic.topic_filter_type.name(),
        String::from_utf8_lossy(&write_json(&topic.attributes)),
    )
}

/// Reads the text of a topic; attributes that cannot be read are left out, as in Java.
fn read_topic(text: &[u8]) -> Result<TopicConfig, RegisterBrokerError> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.splitn(6, ' ');
    let mut topic = || {
        Some(TopicConfig {
            topic_name: words.next().filter(|name| !name.is_empty())?.to_owned(),
            read_queue_nums: words.next()?.parse().ok()?,
            write_queue_nums: words.next()?.parse().ok()?,
            perm: words.next()?.parse().ok()?,
            topic_filter_type: TopicFilterType::from_name(words.next()?)?,
            attributes: words
                .next()
                .and_then(|attributes| json::from_slice(attributes.as_bytes()).ok())
                .unwrap_or_default(),
            ..TopicConfig::default()
        })
    };
    topic().ok_or_else(|| RegisterBrokerError::Topic {
        text: text.into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;
    use crate::body::testing::golden;

    fn body() -> RegisterBrokerBody {
        let mut topic = TopicConfig::new("T", 4);
        topic
            .attributes
            .insert("message.type".into(), "FIFO".into());
        let mapping = TopicQueueMappingInfo {
            topic: "S".into(),
            ..Default::default()
        };
        RegisterBrokerBody {
            filter_server_list: vec!["10.0.0.1:1".into()],
            topic_config_serialize_wrapper: TopicConfigAndMappingSerializeWrapper {
                data_version: DataVersion::new(5),
                topic_config_table: [("T".into(), topic), ("U".into(), TopicConfig::new("U", 1))]
                    .into(),
                topic_queue_mapping_info_map: [("S".into(), mapping)].into(),
                ..TopicConfigAndMappingSerializeWrapper::default()
            },
        }
    }

    #[test]
    fn golden_bytes_of_the_plain_form() {
        let version = r#"{"counter":0,"stateVersion":0,"timestamp":0}"#;
        golden(
            &RegisterBrokerBody::default(),
            &format!(
                r#"{{"filterServerList":[],"topicConfigSerializeWrapper":{{"dataVersion":{version},"mappingDataVersion":{version},"topicConfigTable":{{}},"topicQueueMappingDetailMap":{{}},"topicQueueMappingInfoMap":{{}}}}}}"#
            ),
        );
        assert_eq!(
            RegisterBrokerBody::from_json(&body().to_json()).unwrap(),
            body()
        );
    }

    #[test]
    fn golden_bytes_of_the_compressed_form() {
        let compressed = body().to_compressed().unwrap();
        let bytes = decompress(CompressionKind::Zlib, &compressed, 10_000).unwrap();
        let expected = [
            b"\0\0\0\x2c{\"counter\":0,\"stateVersion\":0,\"timestamp\":5}".as_slice(),
            b"\0\0\0\x02",
            b"\0\0\0\x2aT 4 4 6 SINGLE_TAG {\"message.type\":\"FIFO\"}",
            b"\0\0\0\x15U 1 1 6 SINGLE_TAG {}",
            b"\0\0\0\x0e[\"10.0.0.1:1\"]",
            b"\0\0\0\x01",
            b"\0\0\0\x5a{\"bname\":\"\",\"currIdMap\":{},\"dirty\":false,\"epoch\":0,\"scope\":\"\",\"topic\":\"S\",\"totalQueues\":0}",
        ];
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            String::from_utf8_lossy(&expected.concat())
        );
        assert_eq!(
            RegisterBrokerBody::from_compressed(&compressed, true).unwrap(),
            body()
        );
    }

    #[test]
    fn brokers_before_5_0_register_no_static_topics() {
        let compressed = body().to_compressed().unwrap();
        let mut expected = body();
        expected
            .topic_config_serialize_wrapper
            .topic_queue_mapping_info_map
            .clear();
        assert_eq!(
            RegisterBrokerBody::from_compressed(&compressed, false).unwrap(),
            expected
        );
    }

    #[test]
    fn attributes_may_be_missing_or_hold_blanks() {
        let attributes = |text: &str| read_topic(text.as_bytes()).unwrap().attributes;
        assert!(attributes("T 4 4 6 SINGLE_TAG").is_empty());
        assert!(attributes("T 4 4 6 SINGLE_TAG ").is_empty());
        assert!(attributes("T 4 4 6 SINGLE_TAG {x").is_empty());
        assert_eq!(
            attributes("T 4 4 6 SINGLE_TAG {\"a\":\"b c\"}"),
            [("a".into(), "b c".into())].into()
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |bytes: &[u8]| {
            let compressed = compress(CompressionKind::Zlib, bytes, 1).unwrap();
            RegisterBrokerBody::from_compressed(&compressed, true)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(message(b""), "registration ends within the data version");
        assert_eq!(
            message(b"\xff\xff\xff\xff"),
            "registration ends within the data version"
        );
        assert_eq!(
            message(b"\0\0\0\x02{}\x7f\xff\xff\xff"),
            "registration ends within a topic"
        );
        assert_eq!(
            message(b"\0\0\0\x02{}\0\0\0\x01\0\0\0\x03T 4"),
            "\"T 4\" does not describe a topic"
        );
        assert!(RegisterBrokerBody::from_compressed(b"plain", true).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let compressed = compress(CompressionKind::Zlib, &bytes, 1).unwrap();
            let _body = RegisterBrokerBody::from_compressed(&compressed, true);
        }
    }
}
