//! Headers through both serialisations, and as clients of other makers write them.

use super::*;
use crate::codec::{CommandView, HeaderScratch, SerializeType};
use crate::frame;
use crate::remoting_command::RemotingCommand;
use crate::request_code::RequestCode;

fn with_view<T>(command: &RemotingCommand, check: impl FnOnce(&CommandView<'_>) -> T) -> T {
    let mut bytes = Vec::new();
    command.encode_into(&mut bytes);
    let (whole, used) = frame::split(&bytes).unwrap().unwrap();
    assert_eq!(used, bytes.len());
    let mut scratch = HeaderScratch::default();
    check(&CommandView::decode(whole, &mut scratch).unwrap())
}

fn send_header() -> SendMessageRequestHeader<'static> {
    SendMessageRequestHeader {
        producer_group: "PG",
        topic: "Tøpic",
        default_topic: "TBW102",
        default_topic_queue_nums: 4,
        queue_id: 2,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        flag: 7,
        properties: "KEYS\u{1}k \"1\"\u{2}TAGS\u{1}标签\u{2}",
        reconsume_times: 0,
        unit_mode: false,
        max_reconsume_times: Some(16),
        batch: false,
    }
}

#[test]
fn a_send_header_survives_both_serialisations_and_both_namings() {
    for serialize_type in [SerializeType::Json, SerializeType::RocketMq] {
        let mut letters =
            RemotingCommand::request(RequestCode::SendMessageV2).with_header(&send_header());
        letters.serialize_type = serialize_type;
        let mut long = RemotingCommand::request(RequestCode::SendMessage)
            .with_header(&send_header().with_long_names());
        long.serialize_type = serialize_type;
        for command in [letters, long] {
            with_view(&command, |view| {
                assert_eq!(SendMessageRequestHeader::read(view), Ok(send_header()));
            });
        }
    }
}

#[test]
fn a_missing_field_is_named_as_it_is_on_the_wire() {
    let command = RemotingCommand::request(RequestCode::SendMessageV2).with_field("a", "PG");
    with_view(&command, |view| {
        assert_eq!(
            SendMessageRequestHeader::read(view),
            Err(HeaderError::Missing("b"))
        );
    });
    let command = RemotingCommand::request(RequestCode::GetMaxOffset)
        .with_field("topic", "T")
        .with_field("queueId", "one");
    let error = command.header::<GetMaxOffsetRequestHeader>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the field queueId holds \"one\", not a 32-bit number"
    );
}

#[test]
fn a_pull_header_survives_both_serialisations() {
    let header = PullMessageRequestHeader {
        consumer_group: "G",
        topic: "T",
        queue_id: 3,
        queue_offset: 1 << 40,
        max_msg_nums: 32,
        sys_flag: pull_sys_flag::SUSPEND | pull_sys_flag::SUBSCRIPTION,
        commit_offset: -1,
        suspend_timeout_millis: 15_000,
        subscription: Some("TagA || TagB"),
        sub_version: 1_800_000_000_000_000_000,
        expression_type: Some("TAG"),
        max_msg_bytes: Some(262_144),
    };
    for serialize_type in [SerializeType::Json, SerializeType::RocketMq] {
        let mut command = RemotingCommand::request(RequestCode::PullMessage).with_header(&header);
        command.serialize_type = serialize_type;
        with_view(&command, |view| {
            assert_eq!(PullMessageRequestHeader::read(view), Ok(header));
        });
    }
}

#[test]
fn booleans_are_read_as_java_and_old_cpp_write_them() {
    for (text, value) in [
        ("true", true),
        ("TRUE", true),
        ("1", true),
        ("false", false),
        ("0", false),
    ] {
        let command = RemotingCommand::request(RequestCode::DeleteSubscriptiongroup)
            .with_field("groupName", "G")
            .with_field("cleanOffset", text);
        let header: DeleteSubscriptionGroupRequestHeader = command.header().unwrap();
        assert_eq!(header.clean_offset, Some(value));
    }
}
