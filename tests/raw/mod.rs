//! Raw frames: a peer that writes and reads them, and the requests that tests write most often.

mod peer;

use protocol::message::{MessageExt, RecordView, records};
use serde_json::{Value, json};

pub(crate) use peer::{BINARY, Frame, JSON, Peer, header};

/// The fields of `SEND_MESSAGE_V2`, all as text.
pub(crate) fn letters(topic: &str, properties: &str) -> Value {
    json!({
        "a": "producers", "b": topic, "c": "TBW102", "d": "4", "e": "0", "f": "0",
        "g": "1700000000000", "h": "0", "i": properties, "j": "0", "k": "false", "m": "false",
    })
}

/// The fields of a `PULL_MESSAGE` of queue 0 that brings its subscription along and does not wait.
pub(crate) fn pull_fields(topic: &str, offset: i64) -> Value {
    json!({
        "consumerGroup": "readers", "topic": topic, "queueId": "0",
        "queueOffset": offset.to_string(), "maxMsgNums": "32", "sysFlag": "4",
        "commitOffset": "0", "suspendTimeoutMillis": "15000", "subscription": "*",
        "subVersion": "0",
    })
}

/// `value` with some of its fields replaced or added.
pub(crate) fn with(mut value: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else {
        panic!("{changes} is no object");
    };
    value.as_object_mut().unwrap().extend(changes);
    value
}

/// The first messages of queue 0 of a topic.
#[track_caller]
pub(crate) fn stored(broker: &mut Peer, topic: &str) -> Vec<MessageExt> {
    let answer = broker.ask_for(11, &pull_fields(topic, 0)).with_code(0);
    messages(&answer)
}

/// The messages in the answer to a pull.
#[track_caller]
pub(crate) fn messages(answer: &Frame) -> Vec<MessageExt> {
    let whole = |record: RecordView<'_>| {
        assert!(record.check_crc(), "the body is as its checksum says");
        MessageExt::from_record(&record, true).unwrap()
    };
    records(&answer.body)
        .map(|record| whole(record.unwrap()))
        .collect()
}

pub(crate) fn bodies(messages: &[MessageExt]) -> Vec<&[u8]> {
    messages.iter().map(|message| &message.body[..]).collect()
}
