//! Several messages in the body of one request.
//!
//! Each element is total size, magic (0), CRC (0), flag, body length and body in four bytes each,
//! then properties length in two and the properties.

use bytes::Bytes;

use super::layout::PROPERTIES_LENGTH_MAX;
use super::outgoing::Message;
use super::reader::Reader;
use crate::name::RETRY_PREFIX;

/// Why messages cannot travel as a batch, or why bytes are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// There is no message.
    #[error("a batch needs at least one message")]
    Empty,
    /// Two messages have different topics.
    #[error("messages of a batch go to one topic, not to {first} and {other}")]
    TopicsDiffer {
        /// Topic of the first message.
        first: String,
        /// The other topic.
        other: String,
    },
    /// Some messages wait for flush and replication, and some do not.
    #[error("messages of a batch agree on whether to wait for the store")]
    WaitsDiffer,
    /// A message has a delay level.
    #[error("a message of a batch cannot be delayed")]
    Delayed,
    /// The topic is a retry topic.
    #[error("a batch cannot go to the retry topic {topic}")]
    RetryTopic {
        /// The topic.
        topic: String,
    },
    /// The properties of a message do not fit into their length field.
    #[error("properties are {length} bytes, the limit is {max}")]
    PropertiesTooLong {
        /// Length of the properties text in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// A message does not fit into its size field.
    #[error("body of {length} bytes is too long for a batch")]
    BodyTooLong {
        /// Length of the body in bytes.
        length: usize,
    },
    /// The bytes end within an element, or a length in it is negative.
    #[error("batch ends within an element")]
    Truncated,
    /// The properties of an element are not UTF-8.
    #[error("properties of a batch element are not UTF-8")]
    PropertiesNotUtf8,
}

/// One message of a batch, read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchElement<'a> {
    /// The user's flag.
    pub flag: i32,
    /// The body.
    pub body: &'a [u8],
    /// The properties text.
    pub properties: &'a str,
}

/// The body of a batch request.
///
/// # Errors
/// [`BatchError`] says which rule for batches the messages break.
pub fn encode(messages: &[Message]) -> Result<Bytes, BatchError> {
    check(messages)?;
    let mut body = Vec::new();
    for message in messages {
        let properties = message.properties.to_wire_string();
        encode_element(message.flag, &message.body, &properties, &mut body)?;
    }
    Ok(Bytes::from(body))
}

/// Checks that messages may travel together.
///
/// # Errors
/// [`BatchError`] says which rule for batches the messages break.
pub fn check(messages: &[Message]) -> Result<(), BatchError> {
    let first = messages.first().ok_or(BatchError::Empty)?;
    for message in messages {
        if message.delay_level() > 0 {
            return Err(BatchError::Delayed);
        }
        if message.topic.starts_with(RETRY_PREFIX) {
            return Err(BatchError::RetryTopic {
                topic: message.topic.clone(),
            });
        }
        if message.topic != first.topic {
            let (first, other) = (first.topic.clone(), message.topic.clone());
            return Err(BatchError::TopicsDiffer { first, other });
        }
        if message.is_wait_store_ok() != first.is_wait_store_ok() {
            return Err(BatchError::WaitsDiffer);
        }
    }
    Ok(())
}

/// Appends one element to the body of a batch request.
///
/// # Errors
/// [`BatchError::PropertiesTooLong`] or [`BatchError::BodyTooLong`]; `out` is then as it was.
pub fn encode_element(
    flag: i32,
    body: &[u8],
    properties: &str,
    out: &mut Vec<u8>,
) -> Result<(), BatchError> {
    const AROUND: usize = 5 * size_of::<i32>() + size_of::<i16>();
    let properties_length =
        i16::try_from(properties.len()).map_err(|_| BatchError::PropertiesTooLong {
            length: properties.len(),
            max: PROPERTIES_LENGTH_MAX,
        })?;
    let too_long = || BatchError::BodyTooLong { length: body.len() };
    let body_length = i32::try_from(body.len()).map_err(|_| too_long())?;
    let capacity = AROUND + properties.len() + body.len();
    let total_size = i32::try_from(capacity).map_err(|_| too_long())?;

    out.reserve(capacity);
    out.extend_from_slice(&total_size.to_be_bytes());
    out.extend_from_slice(&[0; size_of::<i32>()]); // magic
    out.extend_from_slice(&[0; size_of::<i32>()]); // body CRC
    out.extend_from_slice(&flag.to_be_bytes());
    out.extend_from_slice(&body_length.to_be_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(&properties_length.to_be_bytes());
    out.extend_from_slice(properties.as_bytes());
    Ok(())
}

/// The messages in the body of a batch request.
///
/// As in Java, total size, magic and CRC of an element are not looked at. After an error nothing
/// more comes.
#[must_use]
pub const fn elements(body: &[u8]) -> Elements<'_> {
    Elements {
        reader: Reader::new(body),
    }
}

/// See [`elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<BatchElement<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.rest().is_empty() {
            return None;
        }
        let element = read_element(&mut self.reader);
        if element.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(element)
    }
}

impl std::iter::FusedIterator for Elements<'_> {}

fn read_element<'a>(reader: &mut Reader<'a>) -> Result<BatchElement<'a>, BatchError> {
    let _size_magic_crc = reader
        .bytes(3 * size_of::<i32>())
        .ok_or(BatchError::Truncated)?;
    let flag = reader.i32().ok_or(BatchError::Truncated)?;
    let body_length = reader.i32().and_then(|length| usize::try_from(length).ok());
    let body = body_length
        .and_then(|length| reader.bytes(length))
        .ok_or(BatchError::Truncated)?;
    let properties_length = reader.i16().and_then(|length| usize::try_from(length).ok());
    let properties = properties_length.and_then(|length| reader.bytes(length));
    let properties = std::str::from_utf8(properties.ok_or(BatchError::Truncated)?)
        .map_err(|_| BatchError::PropertiesNotUtf8)?;
    Ok(BatchElement {
        flag,
        body,
        properties,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    const GOLDEN: [u8; 34] = [
        0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0x0b, 0x55, 0x4e,
        0x49, 0x51, 0x5f, 0x4b, 0x45, 0x59, 1, 0x58, 2,
    ];

    #[test]
    fn bytes_are_javas() {
        let message = Message::new("T", "a").with_property("UNIQ_KEY", "X");
        assert_eq!(encode(&[message]).unwrap(), GOLDEN.as_slice());
        let element = BatchElement {
            flag: 0,
            body: b"a",
            properties: "UNIQ_KEY\u{1}X\u{2}",
        };
        assert_eq!(elements(&GOLDEN).collect::<Vec<_>>(), [Ok(element)]);
    }

    #[test]
    fn messages_must_belong_together() {
        let message = || Message::new("T", "a");
        let error = |messages: &[Message]| encode(messages).unwrap_err();
        assert_eq!(error(&[]), BatchError::Empty);
        assert_eq!(error(&[message().with_delay_level(1)]), BatchError::Delayed);
        let retry = Message::new("%RETRY%g", "a");
        assert_eq!(
            error(&[retry]),
            BatchError::RetryTopic {
                topic: "%RETRY%g".into()
            }
        );
        let other = Message::new("U", "a");
        let differ = BatchError::TopicsDiffer {
            first: "T".into(),
            other: "U".into(),
        };
        assert_eq!(error(&[message(), other]), differ);
        let hasty = message().with_property("WAIT", "false");
        assert_eq!(error(&[message(), hasty]), BatchError::WaitsDiffer);
    }

    #[test]
    fn a_cut_batch_is_an_error_and_then_the_end() {
        for end in 1..GOLDEN.len() {
            let found: Vec<_> = elements(&GOLDEN[..end]).collect();
            assert_eq!(found, [Err(BatchError::Truncated)], "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(batch: Vec<(i32, Vec<u8>, String)>) {
            let mut body = Vec::new();
            for (flag, message, properties) in &batch {
                encode_element(*flag, message, properties, &mut body).unwrap();
            }
            let found: Result<Vec<_>, _> = elements(&body).collect();
            let expected: Vec<_> = batch
                .iter()
                .map(|(flag, body, properties)| BatchElement { flag: *flag, body, properties })
                .collect();
            assert_eq!(found.unwrap(), expected);
        }

        #[test]
        fn no_bytes_panic(body: Vec<u8>) {
            assert!(elements(&body).count() <= body.len());
        }
    }
}
