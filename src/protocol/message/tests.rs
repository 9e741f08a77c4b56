//! Records as a whole: golden bytes, there and back, and bytes that are none.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

use super::{
    CompressionKind, EncodeError, MessageExt, Properties, RecordError, RecordParts, RecordView,
    batch, compress, encode_record, layout, records, sys_flag,
};

/// Topic TopicTest, body `hello`, queue 3, queue offset 7, physical offset 1024, stored 5 ms later.
const GOLDEN: [u8; 123] = [
    0x00, 0x00, 0x00, 0x7b, 0xda, 0xa3, 0x20, 0xa7, 0x36, 0x10, 0xa6, 0x86, 0x00, 0x00, 0x00, 0x03,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00,
    0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0xc3, 0x50, 0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x05,
    0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x2a, 0x9f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x09, 0x54, 0x6f,
    0x70, 0x69, 0x63, 0x54, 0x65, 0x73, 0x74, 0x00, 0x12, 0x54, 0x41, 0x47, 0x53, 0x01, 0x54, 0x61,
    0x67, 0x41, 0x02, 0x4b, 0x45, 0x59, 0x53, 0x01, 0x6b, 0x31, 0x02,
];

fn golden_parts() -> RecordParts<'static> {
    RecordParts {
        topic: "TopicTest",
        body: b"hello",
        properties: "TAGS\u{1}TagA\u{2}KEYS\u{1}k1\u{2}",
        queue_id: 3,
        flag: 0,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        born_host: "127.0.0.1:50000".parse().unwrap(),
        store_host: "127.0.0.1:10911".parse().unwrap(),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
    }
}

fn encoded(parts: &RecordParts<'_>) -> Vec<u8> {
    let mut record = Vec::new();
    encode_record(parts, &mut record).unwrap();
    record
}

#[test]
fn a_record_is_written_as_java_writes_it() {
    let mut expected = GOLDEN;
    expected[layout::QUEUE_OFFSET_AT..layout::SYS_FLAG_AT].fill(0);
    let store_timestamp_at = layout::store_timestamp_at(0);
    expected[store_timestamp_at..store_timestamp_at + 8].fill(0);
    assert_eq!(encoded(&golden_parts()), expected);
}

#[test]
fn a_record_is_read_as_java_reads_it() {
    let record = RecordView::parse(&GOLDEN).unwrap();
    assert_eq!(record.magic(), layout::MESSAGE_MAGIC_V1);
    assert_eq!(
        (
            record.queue_id(),
            record.queue_offset(),
            record.physical_offset()
        ),
        (3, 7, 1024)
    );
    assert_eq!(
        (record.topic(), record.body()),
        ("TopicTest", b"hello".as_slice())
    );
    assert_eq!(record.born_host().to_string(), "127.0.0.1:50000");
    assert_eq!(record.store_timestamp(), 1_700_000_000_005);
    assert_eq!(
        (record.property("KEYS"), record.property("KEY")),
        (Some("k1"), None)
    );
    assert_eq!(record.tags_code(), 2_598_919);
    assert_eq!(
        record.offset_msg_id().to_string(),
        "7F00000100002A9F0000000000000400"
    );
    assert!(record.check_crc());
}

#[test]
fn a_message_owns_what_the_record_says_and_writes_it_again() {
    let record = RecordView::parse(&GOLDEN).unwrap();
    let message = MessageExt::from_record(&record, true).unwrap();
    assert_eq!((message.tags(), message.keys()), (Some("TagA"), vec!["k1"]));
    assert_eq!(message.msg_id(), "7F00000100002A9F0000000000000400");
    let mut written = vec![9];
    message.encode_record(&mut written).unwrap();
    assert_eq!(written[1..], GOLDEN);
}

#[test]
fn the_clients_id_goes_before_the_brokers() {
    let record = RecordView::parse(&GOLDEN).unwrap();
    let mut message = MessageExt::from_record(&record, true).unwrap();
    message.properties.insert("UNIQ_KEY", "K");
    assert_eq!(message.msg_id(), "K");
}

#[test]
fn compressed_bodies_are_opened_on_request() {
    for kind in [
        CompressionKind::Lz4,
        CompressionKind::Zstd,
        CompressionKind::Zlib,
    ] {
        let body = compress(kind, &[b'a'; 5_000], 5).unwrap();
        let sys_flag = sys_flag::with_compression(0, Some(kind));
        let record = encoded(&RecordParts {
            body: &body,
            sys_flag,
            ..golden_parts()
        });
        let record = RecordView::parse(&record).unwrap();
        let opened = MessageExt::from_record(&record, true).unwrap();
        assert_eq!(opened.body, vec![b'a'; 5_000]);
        assert!(!sys_flag::is_compressed(opened.sys_flag));
        let closed = MessageExt::from_record(&record, false).unwrap();
        assert_eq!(
            (closed.body, closed.sys_flag),
            (Bytes::from(body), sys_flag)
        );
    }
}

#[test]
fn a_body_that_is_not_compressed_as_it_says_is_an_error() {
    let sys_flag = sys_flag::with_compression(0, Some(CompressionKind::Zlib));
    let record = encoded(&RecordParts {
        sys_flag,
        ..golden_parts()
    });
    let record = RecordView::parse(&record).unwrap();
    let error = MessageExt::from_record(&record, true).unwrap_err();
    assert!(matches!(error, RecordError::Compression(_)));
    assert!(MessageExt::from_record(&record, false).is_ok());
}

#[test]
fn an_inner_batch_falls_apart_into_messages_of_their_own_place() {
    let mut body = Vec::new();
    batch::encode_element(1, b"a", "TAGS\u{1}x\u{2}", &mut body).unwrap();
    batch::encode_element(2, b"b", "", &mut body).unwrap();
    let sys_flag = sys_flag::INNER_BATCH | sys_flag::NEED_UNWRAP;
    let record = encoded(&RecordParts {
        body: &body,
        sys_flag,
        ..golden_parts()
    });
    let message = MessageExt::from_record(&RecordView::parse(&record).unwrap(), true).unwrap();
    assert!(message.is_inner_batch());
    let inner = message.inner_messages().unwrap();
    let seen: Vec<_> = inner
        .iter()
        .map(|m| (m.flag, &m.body[..], m.queue_offset))
        .collect();
    assert_eq!(seen, [(1, b"a".as_slice(), 0), (2, b"b".as_slice(), 1)]);
    assert_eq!((inner[0].tags(), inner[1].tags()), (Some("x"), None));
}

#[test]
fn the_topic_decides_the_form() {
    let check = |length: usize, magic| {
        let topic = "t".repeat(length);
        let record = encoded(&RecordParts {
            topic: &topic,
            ..golden_parts()
        });
        let record = RecordView::parse(&record).unwrap();
        assert_eq!((record.magic(), record.topic()), (magic, topic.as_str()));
    };
    check(0, layout::MESSAGE_MAGIC_V1);
    check(127, layout::MESSAGE_MAGIC_V1);
    check(128, layout::MESSAGE_MAGIC_V2);
    check(32_767, layout::MESSAGE_MAGIC_V2);
}

#[test]
fn fields_beyond_their_limit_are_refused_and_nothing_is_written() {
    let long = "p".repeat(32_768);
    let mut out = vec![1];
    let topic = RecordParts {
        topic: &long,
        ..golden_parts()
    };
    let error = encode_record(&topic, &mut out).unwrap_err();
    assert_eq!(
        error,
        EncodeError::TopicTooLong {
            length: 32_768,
            max: 32_767
        }
    );
    let properties = RecordParts {
        properties: &long,
        ..golden_parts()
    };
    let error = encode_record(&properties, &mut out).unwrap_err();
    assert_eq!(
        error,
        EncodeError::PropertiesTooLong {
            length: 32_768,
            max: 32_767
        }
    );
    assert_eq!(out, [1]);
    let at_limit = RecordParts {
        properties: &long[1..],
        ..golden_parts()
    };
    assert_eq!(
        RecordView::parse(&encoded(&at_limit)).unwrap().properties(),
        &long[1..]
    );
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_written_short() {
    let born_host = "[::ffff:127.0.0.1]:50000".parse().unwrap();
    assert_eq!(
        encoded(&RecordParts {
            born_host,
            ..golden_parts()
        }),
        encoded(&golden_parts()),
    );
}

#[test]
fn properties_end_at_the_first_byte_that_is_not_utf8() {
    let mut record = GOLDEN;
    let last_pair_at = GOLDEN.len() - 8;
    record[last_pair_at] = 0xff;
    let record = RecordView::parse(&record).unwrap();
    assert_eq!(record.properties(), "TAGS\u{1}TagA\u{2}");
    assert_eq!(record.properties_bytes().len(), 18);
}

#[test]
fn what_is_wrong_is_said() {
    let blank = [0x00, 0x00, 0x10, 0x00, 0xcb, 0xd4, 0x31, 0x94];
    assert!(matches!(
        RecordView::parse(&blank),
        Err(RecordError::Blank { size: 4096 })
    ));
    let check = |at: usize, byte: u8, expected: &str| {
        let mut record = GOLDEN;
        record[at] = byte;
        assert_eq!(
            RecordView::parse(&record).unwrap_err().to_string(),
            expected
        );
    };
    check(0, 0x80, "total size is -2147483525");
    check(3, 0x7c, "record needs 124 bytes, 123 are there");
    check(3, 0x08, "fields do not add up to the record's 8 bytes");
    check(3, 0x7a, "fields do not add up to the record's 122 bytes");
    check(7, 0x00, "unknown magic 0xdaa32000");
    check(layout::BORN_HOST_AT + 5, 1, "born host is 115536");
    check(layout::body_length_at(0), 0xff, "body length is -16777211");
    check(
        layout::body_length_at(0) + 3,
        4,
        "fields do not add up to the record's 123 bytes",
    );
    check(layout::body_at(0) + 5, 0x80, "topic length is -128");
    check(layout::body_at(0) + 6, 0xff, "topic is not UTF-8");
    assert!(matches!(
        RecordView::parse(&GOLDEN[..7]),
        Err(RecordError::Truncated {
            needed: 8,
            available: 7
        })
    ));
}

#[test]
fn a_flipped_bit_in_the_body_is_noticed() {
    let mut record = GOLDEN;
    record[layout::body_at(0)] ^= 1;
    assert!(!RecordView::parse(&record).unwrap().check_crc());
}

#[test]
fn an_answer_is_read_up_to_what_is_broken() {
    let mut body = [GOLDEN, GOLDEN].concat();
    assert_eq!(records(&body).filter(Result::is_ok).count(), 2);
    body.extend([1, 2, 3]);
    let found: Vec<_> = records(&body).collect();
    assert_eq!(found.len(), 3);
    assert!(found[..2].iter().all(Result::is_ok) && found[2].is_err());
}

/// A message with any content that the format can hold.
fn any_message() -> impl Strategy<Value = MessageExt> {
    let texts = ("[a-zA-Z%_é]{0,200}", any::<Vec<u8>>(), "[^\u{1}\u{2}]{1,9}");
    let hosts = (any::<SocketAddr>(), any::<SocketAddr>());
    let numbers = (any::<[i32; 4]>(), any::<[i64; 5]>());
    (texts, hosts, numbers).prop_map(|((topic, body, value), (born, store), (ints, longs))| {
        let canonical = |host: SocketAddr| SocketAddr::new(host.ip().to_canonical(), host.port());
        MessageExt {
            broker_name: String::new(),
            topic,
            body: Bytes::from(body),
            properties: [("k", value.clone()), ("TAGS", value)]
                .into_iter()
                .collect::<Properties>(),
            queue_id: ints[0],
            flag: ints[1],
            sys_flag: ints[2],
            reconsume_times: ints[3],
            queue_offset: longs[0],
            physical_offset: longs[1],
            born_timestamp: longs[2],
            store_timestamp: longs[3],
            prepared_transaction_offset: longs[4],
            born_host: canonical(born),
            store_host: canonical(store),
            store_size: 0,
            body_crc: 0,
        }
    })
}

fn host_bits(born: IpAddr, store: IpAddr) -> i32 {
    i32::from(born.is_ipv6()) * sys_flag::BORNHOST_V6
        + i32::from(store.is_ipv6()) * sys_flag::STOREHOST_V6
}

proptest! {
    #[test]
    fn there_and_back(message in any_message(), after: Vec<u8>) {
        let mut bytes = Vec::new();
        message.encode_record(&mut bytes).unwrap();
        let size = bytes.len();
        bytes.extend(after);
        let record = RecordView::parse(&bytes).unwrap();
        assert!(record.check_crc());
        assert_eq!(record.bytes(), &bytes[..size]);
        let sys_flag = message.sys_flag & !(sys_flag::BORNHOST_V6 | sys_flag::STOREHOST_V6)
            | host_bits(message.born_host.ip(), message.store_host.ip());
        let expected = MessageExt {
            sys_flag,
            store_size: i32::try_from(size).unwrap(),
            body_crc: record.body_crc(),
            ..message
        };
        prop_assert_eq!(MessageExt::from_record(&record, false).unwrap(), expected);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        assert!(records(&bytes).count() <= bytes.len());
    }

    #[test]
    fn no_damage_panics(at in 0..GOLDEN.len(), byte: u8, end in 0..=GOLDEN.len()) {
        let mut record = GOLDEN;
        record[at] = byte;
        if let Ok(record) = RecordView::parse(&record[..end]) {
            let _message = MessageExt::from_record(&record, true);
            let _properties = record.properties();
        }
    }
}
