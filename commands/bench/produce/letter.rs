//! Writes send requests: the same bytes for every measurement that sends.

use protocol::codec::{CommandMeta, write_frame};
use protocol::header::SendMessageRequestHeader;
use protocol::language::LanguageCode;
use protocol::message::batch::encode_element;
use protocol::version::CURRENT_VERSION;
use protocol::{RequestCode, SerializeType};

use crate::bench::body::{Filling, Stamp, write_properties};

/// The producer group of every load.
const GROUP: &str = "gantry_bench";

/// Where a request goes and which messages it holds.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Letter<'a> {
    pub(in crate::bench) topic: &'a str,
    pub(in crate::bench) queue_id: i32,
    /// The sending connection's number.
    pub(in crate::bench) connection: u32,
    /// The first message's number on that connection.
    pub(in crate::bench) sequence: u64,
    /// When it is sent, or should have been.
    pub(in crate::bench) at_ns: u64,
    pub(in crate::bench) opaque: i32,
}

/// Writes requests of one size.
#[derive(Debug)]
pub(in crate::bench) struct Letters {
    run: u32,
    size: usize,
    batch: u32,
    form: SerializeType,
    filling: Filling,
    properties: String,
    body: Vec<u8>,
    content: Vec<u8>,
    /// What messages say about when they were made.
    pub(in crate::bench) born_ms: i64,
}

impl Letters {
    pub(in crate::bench) fn new(run: u32, size: usize, batch: u32, form: SerializeType) -> Self {
        Self {
            run,
            size,
            batch,
            form,
            filling: Filling::new(size),
            properties: String::new(),
            body: Vec::new(),
            content: Vec::new(),
            born_ms: 0,
        }
    }

    /// Appends one request to `out`.
    pub(in crate::bench) fn write(&mut self, letter: &Letter<'_>, out: &mut Vec<u8>) {
        let is_batch = self.batch > 1;
        self.properties.clear();
        self.content.clear();
        for number in 0..u64::from(self.batch) {
            let stamp = Stamp {
                run: self.run,
                connection: letter.connection,
                sequence: letter.sequence + number,
                sent_at_ns: letter.at_ns,
            };
            write_properties(&stamp, &mut self.properties);
            if is_batch {
                self.body.clear();
                self.filling.write_body(&stamp, self.size, &mut self.body);
                // Bodies and properties of ours are far below its limits.
                drop(encode_element(
                    0,
                    &self.body,
                    &self.properties,
                    &mut self.content,
                ));
                self.properties.clear();
            } else {
                self.filling
                    .write_body(&stamp, self.size, &mut self.content);
            }
        }
        let code = if is_batch {
            RequestCode::SendBatchMessage
        } else {
            RequestCode::SendMessageV2
        };
        let meta = CommandMeta {
            serialize_type: self.form,
            code: code.code(),
            language: LanguageCode::Rust,
            version: CURRENT_VERSION,
            opaque: letter.opaque,
            flag: 0,
            remark: None,
        };
        let header = SendMessageRequestHeader {
            producer_group: GROUP,
            topic: letter.topic,
            default_topic: protocol::name::AUTO_CREATE_TOPIC,
            default_topic_queue_nums: 4,
            queue_id: letter.queue_id,
            sys_flag: 0,
            born_timestamp: self.born_ms,
            flag: 0,
            properties: &self.properties,
            reconsume_times: 0,
            unit_mode: false,
            max_reconsume_times: Some(0),
            batch: is_batch,
        };
        write_frame(out, &meta, &header, self.content.len());
        out.extend_from_slice(&self.content);
    }
}

#[cfg(test)]
mod tests {
    use protocol::codec::{CommandView, HeaderScratch};
    use protocol::frame;
    use protocol::message::batch::elements;

    use super::*;
    use crate::bench::body::{Body, read_body};

    const LETTER: Letter<'_> = Letter {
        topic: "orders",
        queue_id: 3,
        connection: 2,
        sequence: 40,
        at_ns: 9,
        opaque: 77,
    };

    fn sequence_of(body: &[u8]) -> u64 {
        match read_body(body) {
            Body::Ours(stamp) => stamp.sequence,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_letter_can_be_read_in_both_forms() {
        for form in [SerializeType::Json, SerializeType::RocketMq] {
            let mut bytes = Vec::new();
            Letters::new(7, 128, 1, form).write(&LETTER, &mut bytes);
            let (whole, length) = frame::split(&bytes).unwrap().unwrap();
            assert_eq!((length, whole.serialize_type), (bytes.len(), form));
            let mut scratch = HeaderScratch::default();
            let request = CommandView::decode(whole, &mut scratch).unwrap();
            let header = SendMessageRequestHeader::read(&request).unwrap();
            assert_eq!((header.topic, header.queue_id), ("orders", 3));
            assert_eq!((request.code(), request.opaque()), (310, 77));
            assert!(!header.batch && header.properties.starts_with("UNIQ_KEY"));
            assert_eq!(sequence_of(request.body()), 40);
        }
    }

    #[test]
    fn a_batch_holds_messages_in_sequence() {
        let mut bytes = Vec::new();
        Letters::new(7, 64, 3, SerializeType::Json).write(&LETTER, &mut bytes);
        let (whole, _) = frame::split(&bytes).unwrap().unwrap();
        let mut scratch = HeaderScratch::default();
        let request = CommandView::decode(whole, &mut scratch).unwrap();
        assert_eq!(request.code(), 320);
        let found = elements(request.body()).map(|element| sequence_of(element.unwrap().body));
        assert_eq!(found.collect::<Vec<_>>(), [40, 41, 42]);
    }
}
