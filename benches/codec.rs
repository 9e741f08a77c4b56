//! What a request costs before anyone looks at what it means: finding its frame, reading its header.

use divan::Bencher;
use divan::counter::BytesCount;
use protocol::codec::{CommandView, HeaderScratch};
use protocol::header::SendMessageRequestHeader;
use protocol::{RemotingCommand, RequestCode, SerializeType, frame};

fn main() {
    divan::main();
}

/// A send of 128 bytes with the properties that a Java producer writes.
fn send(serialize_type: SerializeType) -> Vec<u8> {
    let header = SendMessageRequestHeader {
        producer_group: "producer_group",
        topic: "orders",
        default_topic: "TBW102",
        default_topic_queue_nums: 4,
        queue_id: 2,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        flag: 0,
        properties: "UNIQ_KEY\u{1}7F0000010A1B18B4AAC247B760000001\u{2}WAIT\u{1}true\u{2}TAGS\u{1}TagA\u{2}",
        reconsume_times: 0,
        unit_mode: false,
        max_reconsume_times: None,
        batch: false,
    };
    let mut request = RemotingCommand::request(RequestCode::SendMessageV2)
        .with_header(&header)
        .with_body(vec![b'x'; 128]);
    request.serialize_type = serialize_type;
    let mut bytes = Vec::new();
    request.encode_into(&mut bytes);
    bytes
}

fn decode(bencher: Bencher<'_, '_>, serialize_type: SerializeType) {
    let bytes = send(serialize_type);
    let mut scratch = HeaderScratch::default();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| {
            let (whole, _) = frame::split(&bytes)
                .expect("a frame")
                .expect("a whole frame");
            let request = CommandView::decode(whole, &mut scratch).expect("a header");
            SendMessageRequestHeader::read(&request)
                .expect("a send header")
                .queue_id
        });
}

#[divan::bench]
fn decode_send_json(bencher: Bencher<'_, '_>) {
    decode(bencher, SerializeType::Json);
}

#[divan::bench]
fn decode_send_binary(bencher: Bencher<'_, '_>) {
    decode(bencher, SerializeType::RocketMq);
}
