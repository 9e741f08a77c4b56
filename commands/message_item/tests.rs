//! How messages look as JSON, on a terminal and in a pipe.

use bytes::Bytes;
use protocol::message::Properties;
use serde_json::{Value, json};

use super::*;
use crate::output::color::Palette;
use crate::output::units::Units;

/// A message of topic `orders`, stored at noon of 22 November 2025.
pub(crate) fn message(body: &[u8]) -> MessageExt {
    let mut properties = Properties::new();
    properties.insert(property::KEYS, "A-17 A-18");
    properties.insert(property::TAGS, "paid");
    properties.insert(property::UNIQUE_KEY, "7F0000010001");
    properties.insert("region", "eu");
    MessageExt {
        broker_name: "b-1".to_owned(),
        topic: "orders".to_owned(),
        body: Bytes::copy_from_slice(body),
        properties,
        flag: 0,
        queue_id: 3,
        queue_offset: 1042,
        physical_offset: 99,
        sys_flag: 0,
        born_timestamp: 1_763_812_799_999,
        born_host: "10.0.0.5:51022".parse().unwrap(),
        store_timestamp: 1_763_812_800_000,
        store_host: "127.0.0.1:10911".parse().unwrap(),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        store_size: 100,
        body_crc: 0,
    }
}

fn item(body: &[u8]) -> MessageItem {
    MessageItem::new(Arc::new(message(body)), LineOptions::default())
}

fn view(terminal: bool, width: usize) -> View {
    View {
        palette: Palette::PLAIN,
        terminal,
        width,
        wide: false,
        headers: true,
        time: TimeFormat::Rfc3339,
        units: Units::Auto,
        now_ms: 1_763_812_801_000,
    }
}

#[test]
fn the_json_has_the_fields_that_scripts_rely_on() {
    let value = serde_json::to_value(item(br#"{"total":12}"#)).unwrap();
    let expected = json!({
        "topic": "orders", "broker": "b-1", "queue": 3, "offset": 1042,
        "msg_id": "7F0000010001", "offset_msg_id": "7F00000100002A9F0000000000000063",
        "keys": ["A-17", "A-18"], "tags": "paid", "properties": {"region": "eu"},
        "body": "{\"total\":12}",
        "born_at": "2025-11-22T11:59:59.999Z", "born_at_ms": 1_763_812_799_999_i64,
        "stored_at": "2025-11-22T12:00:00.000Z", "stored_at_ms": 1_763_812_800_000_i64,
        "born_host": "10.0.0.5:51022", "store_host": "127.0.0.1:10911",
        "size_bytes": 12, "reconsume_times": 0
    });
    assert_eq!(value, expected);
}

#[test]
fn a_body_that_is_no_text_is_written_in_base64() {
    let value = serde_json::to_value(item(&[0xff, 0x00])).unwrap();
    assert_eq!(
        (value.get("body"), &value["body_b64"]),
        (None, &Value::from("/wA="))
    );
}

#[test]
fn a_line_fits_the_terminal_and_a_pipe_gets_everything() {
    let long = "x".repeat(200);
    let line = item(long.as_bytes()).line(&view(true, 100));
    assert_eq!(width_of(&line), 100, "{line}");
    assert!(line.starts_with("2025-11-22T12:00:00.000Z  b-1/q3@1042  A-17 A-18  #paid  xxx"));
    assert!(line.ends_with("x…  (200 B)"), "{line}");
    let line = item(b"a\tb\n").line(&view(false, usize::MAX));
    assert_eq!(
        line,
        "2025-11-22T12:00:00.000Z\tb-1/q3@1042\tA-17 A-18\tpaid\ta\\tb\\n"
    );
    let line = item(&[0xff; 40]).line(&view(true, 200));
    assert!(line.contains(&format!("0x{}…", "ff".repeat(32))), "{line}");
}
