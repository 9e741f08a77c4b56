//! Golden bytes of both serialisations, and every liberty that other makers' clients take.

use super::*;
use crate::frame::{self, Frame};
use crate::remoting_command::RemotingCommand;
use crate::request_code::RequestCode;
use crate::response_code::ResponseCode;
use proptest::prelude::*;

fn json(header: &str) -> Result<RemotingCommand, CodecError> {
    let frame = Frame {
        serialize_type: SerializeType::Json,
        header: header.as_bytes(),
        body: b"body",
    };
    RemotingCommand::decode(frame)
}

fn encoded(command: &RemotingCommand) -> Vec<u8> {
    let mut bytes = Vec::new();
    command.encode_into(&mut bytes);
    bytes
}

fn route_request() -> RemotingCommand {
    let mut command =
        RemotingCommand::request(RequestCode::GetRouteinfoByTopic).with_field("topic", "T");
    command.opaque = 1;
    command.language = LanguageCode::Java;
    command
}

#[test]
fn a_json_request_is_written_as_java_writes_it() {
    let header = br#"{"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":1,"serializeTypeCurrentRPC":"JSON","version":479}"#;
    let mut golden = vec![0, 0, 0, 0x7f, 0, 0, 0, 0x7b];
    golden.extend_from_slice(header);
    assert_eq!(encoded(&route_request()), golden);
}

#[test]
fn a_binary_request_is_written_as_java_writes_it() {
    let mut command = route_request();
    command.serialize_type = SerializeType::RocketMq;
    let golden = [
        0, 0, 0, 0x25, 1, 0, 0, 0x21, 0, 0x69, 0, 1, 0xdf, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0x0c, 0, 5, 0x74, 0x6f, 0x70, 0x69, 0x63, 0, 0, 0, 1, 0x54,
    ];
    assert_eq!(encoded(&command), golden);
}

#[test]
fn a_binary_response_is_written_as_java_writes_it() {
    let mut command = RemotingCommand::response(ResponseCode::TopicNotExist).with_remark("no");
    command.serialize_type = SerializeType::RocketMq;
    command.language = LanguageCode::Java;
    command.opaque = 1;
    let golden = [
        0, 0, 0, 0x1b, 1, 0, 0, 0x17, 0, 0x11, 0, 1, 0xdf, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2,
        0x6e, 0x6f, 0, 0, 0, 0,
    ];
    assert_eq!(encoded(&command), golden);
}

#[test]
fn a_code_that_does_not_fit_the_binary_header_is_written_as_json() {
    let mut command = RemotingCommand::request(RequestCode::PopMessage);
    command.serialize_type = SerializeType::RocketMq;
    let bytes = encoded(&command);
    let (whole, _) = frame::split(&bytes).unwrap().unwrap();
    assert_eq!(whole.serialize_type, SerializeType::Json);
    assert_eq!(RemotingCommand::decode(whole).unwrap().code, 200_050);
}

#[test]
fn values_that_are_not_text_are_read_as_their_text() {
    let command = json(concat!(
        "{ \"code\" : \"310\" ,\"flag\":0,\"language\":\"NODE_JS\",\"opaque\":7,\"version\":\"79\",\n",
        "\"extFields\":{\"queueId\":0,\"k\":false,\"n\":null,\"x\":{\"a\":[1,\"}\"]},\"s\":\"t\"},",
        "\"remark\":null}\n"
    ))
    .unwrap();
    assert_eq!(
        (command.code, command.opaque, command.version),
        (310, 7, 79)
    );
    assert_eq!(command.language, LanguageCode::NodeJs);
    assert_eq!(command.remark, None);
    let fields: Vec<_> = command.ext_fields.iter().collect();
    assert_eq!(
        fields,
        [
            ("queueId", "0"),
            ("k", "false"),
            ("x", "{\"a\":[1,\"}\"]}"),
            ("s", "t")
        ]
    );
    assert_eq!(&command.body[..], b"body");
}

#[test]
fn absent_and_null_fields_are_no_fields() {
    for header in [
        "{\"code\":34}",
        "{\"code\":34,\"extFields\":null}",
        "{\"code\":34,\"extFields\":{}}",
    ] {
        assert!(json(header).unwrap().ext_fields.is_empty(), "{header}");
    }
}

#[test]
fn escapes_are_undone_and_surrogates_joined() {
    let command =
        json(r#"{"code":1,"remark":"a\u0001b\n\"\ud83d\ude00\\ü","extFields":{"a\tb":"\u4e2d"}}"#);
    let command = command.unwrap();
    assert_eq!(command.remark.as_deref(), Some("a\u{1}b\n\"😀\\ü"));
    assert_eq!(command.ext_fields.get("a\tb"), Some("中"));
    assert_eq!(
        json(r#"{"code":1,"remark":"\ud83dx\ude00"}"#)
            .unwrap()
            .remark
            .as_deref(),
        Some("\u{fffd}x\u{fffd}")
    );
}

#[test]
fn a_broken_header_says_where_it_breaks() {
    for header in [
        "",
        "[]",
        "{",
        "{\"code\"}",
        "{\"code\":1",
        "{\"code\":1,}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u00g0\"}",
    ] {
        assert!(
            matches!(json(header), Err(CodecError::Json { .. })),
            "{header}"
        );
    }
    assert_eq!(json("{\"flag\":1}"), Err(CodecError::NoCode));
    let deep = format!(
        "{{\"code\":1,\"x\":{}{}}}",
        "[".repeat(100),
        "]".repeat(100)
    );
    assert!(json(&deep).is_err());
}

#[test]
fn more_fields_than_the_limit_are_refused() {
    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!("\"f{n}\":\"v\"")).collect();
        json(&format!(
            "{{\"code\":1,\"extFields\":{{{}}}}}",
            fields.join(",")
        ))
    };
    assert!(fields(FIELDS_MAX).is_ok());
    assert_eq!(fields(FIELDS_MAX + 1), Err(CodecError::TooManyFields));
}

fn any_command() -> impl Strategy<Value = RemotingCommand> {
    let text = "[a-zA-Z0-9\u{1}\u{2}\"\\\\ü中😀]{1,12}";
    (
        any::<i16>(),
        any::<i32>(),
        0..4i32,
        prop::option::of(text),
        prop::collection::btree_map("[a-zA-Z]{1,8}", text, 0..30),
        prop::collection::vec(any::<u8>(), 0..50),
        any::<bool>(),
    )
        .prop_map(|(code, opaque, flag, remark, fields, body, binary)| {
            let mut command = RemotingCommand::request(RequestCode::HeartBeat).with_body(body);
            command.code = code.into();
            command.opaque = opaque;
            command.flag = flag;
            command.remark = remark;
            for (name, value) in &fields {
                command.ext_fields.insert(name, value);
            }
            if binary {
                command.serialize_type = SerializeType::RocketMq;
            }
            command
        })
}

proptest! {
    #[test]
    fn decode_after_encode_is_identity(command in any_command()) {
        let bytes = encoded(&command);
        let (whole, used) = frame::split(&bytes).unwrap().unwrap();
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(RemotingCommand::decode(whole).unwrap(), command);
    }

    #[test]
    fn no_header_makes_it_panic(header in prop::collection::vec(any::<u8>(), 0..200), binary in any::<bool>()) {
        let serialize_type = if binary { SerializeType::RocketMq } else { SerializeType::Json };
        drop(RemotingCommand::decode(Frame { serialize_type, header: &header, body: &[] }));
    }

    #[test]
    fn no_json_header_makes_it_panic(header in r#"[{}\[\]",:\\u0-9a-f\n ü]{0,80}"#) {
        drop(json(&header));
        drop(json(&format!("{{\"code\":1,\"extFields\":{{{header}")));
    }
}
