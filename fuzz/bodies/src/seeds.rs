//! The inputs that the targets begin with: what real peers send, a small piece of each kind.

use protocol::body::{
    ClusterInfo, HeartbeatData, KvTable, SubscriptionGroupConfig, TopicConfig, TopicRouteData,
};
use protocol::codec::SerializeType;
use protocol::header::{CreateTopicRequestHeader, GetRouteInfoRequestHeader};
use protocol::message::batch::encode_element;
use protocol::{RemotingCommand, RequestCode};

use crate::store_files::{encode, file_count};
use crate::typed::COUNTS;

/// The seeds of a target, by its name.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "frame" => frames(),
        "header" => headers(),
        "typed" => typed(),
        "record" => records(),
        "batch" => batches(),
        "properties" => texts(PROPERTIES),
        "properties_file" => texts(PROPERTIES_FILES),
        "sql" => texts(EXPRESSIONS),
        "store_files" => store_files(),
        "store_ops" => store_ops(),
        _ => Vec::new(),
    }
}

const PROPERTIES: &[&str] = &[
    "KEYS\u{1}k1 k2\u{2}TAGS\u{1}red\u{2}UNIQ_KEY\u{1}7F000001000118B4AAC2123456780000\u{2}",
    "a\u{1}b",
    "a\u{1}\u{2}\u{1}b\u{2}a\u{1}2\u{2}",
    "\u{2}\u{2}x\u{1}é\u{1}y\u{2}",
];

const PROPERTIES_FILES: &[&str] = &[
    "brokerName=broker-a\nnamesrvAddr = 127.0.0.1:9876;\\\n  127.0.0.1:9877\n# remark\n",
    "a\\=b\\ c : \\u8ba2\\uD83D\\uDE00 \\t\\q\r\nb\r! no\n",
    "\u{feff}key value\n=\n:x\n#\\\ny=1\\",
];

const EXPRESSIONS: &[&str] = &[
    "a > 10 AND (region = 'eu' OR s = TRUE) AND x IS NOT NULL",
    "NOT (a BETWEEN 1 AND 5) OR name IN ('it''s', 'b') AND e CONTAINS 'x'",
    "TAGS == \"paid\" && body.total > 100 && age < 5m || !(q ~ '^a+$')",
    "a NOT IN ('x') OR b NOT BETWEEN -1.5e3 AND +7L or c STARTSWITH '' and d <> NULL",
    "TagA || TagB",
    "*",
    "((((i >= 9223372036854775807))))",
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Commands of both serialisations, with their first four bytes that a connection reads.
fn commands() -> Vec<(SerializeType, Vec<u8>)> {
    let topic = GetRouteInfoRequestHeader {
        topic: "orders".to_owned(),
        ..GetRouteInfoRequestHeader::default()
    };
    let create = CreateTopicRequestHeader {
        topic: "orders".to_owned(),
        default_topic: "TBW102".to_owned(),
        read_queue_nums: 8,
        ..CreateTopicRequestHeader::default()
    };
    let mut encoded = Vec::new();
    for serialize_type in [SerializeType::Json, SerializeType::RocketMq] {
        let requests = [
            RemotingCommand::request(RequestCode::GetRouteinfoByTopic).with_header(&topic),
            RemotingCommand::request(RequestCode::UpdateAndCreateTopic).with_header(&create),
            RemotingCommand::request(RequestCode::SendMessageV2)
                .with_field("a", "group")
                .with_field("b", "orders")
                .with_field("i", "KEYS\u{1}k\u{2}")
                .with_remark("say \"é\"\n")
                .with_body("body")
                .oneway(),
        ];
        for request in requests {
            let mut bytes = Vec::new();
            RemotingCommand {
                serialize_type,
                ..request
            }
            .encode_into(&mut bytes);
            encoded.push((serialize_type, bytes));
        }
    }
    encoded
}

fn frames() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = commands()
        .into_iter()
        .map(|(_, bytes)| [&[3][..], &bytes].concat())
        .collect();
    let all: Vec<u8> = commands()
        .into_iter()
        .flat_map(|(_, bytes)| bytes)
        .collect();
    seeds.push([&[40][..], &all].concat());
    seeds
}

fn headers() -> Vec<Vec<u8>> {
    let header = |(serialize_type, bytes): (SerializeType, Vec<u8>)| {
        let body = if bytes.ends_with(b"body") { 4 } else { 0 };
        [&[serialize_type.byte()][..], &bytes[8..bytes.len() - body]].concat()
    };
    let mut seeds: Vec<_> = commands().into_iter().map(header).collect();
    seeds
        .push(b"\0{\"code\":105,extFields:{\"topic\":'t',\"n\":1,\"x\":null},\"flag\":0}".to_vec());
    seeds
}

fn typed() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let (header_count, body_count) = COUNTS;
    let header = &headers()[1];
    for which in 0..header_count {
        let which = u8::try_from(which).unwrap_or_default();
        seeds.push([&[0, which][..], &header[1..]].concat());
    }
    let bodies = [
        TopicConfig::new("orders", 8).to_json(),
        SubscriptionGroupConfig::new("billing").to_json(),
        HeartbeatData::default().to_json(),
        ClusterInfo::default().to_json(),
        KvTable::default().to_json(),
        TopicRouteData::default().to_json(false),
        b"{\"offsetTable\":{\"t@g\":{0:1,1:2}},\"consumeTps\":1.5}".to_vec(),
        b"{\"brokerAddrTable\":{\"b\":{\"brokerAddrs\":{0:\"127.0.0.1:10911\"},\"brokerName\":\"b\",\"cluster\":\"c\"}}}".to_vec(),
        b"{\"offsetTable\":{{\"brokerName\":\"b\",\"queueId\":0,\"topic\":\"t\"}:{\"brokerOffset\":5,\"consumerOffset\":3}}}".to_vec(),
        b"{\"clientID\":\"c\",\"consumerDataSet\":[{\"consumeFromWhere\":\"CONSUME_FROM_LAST_OFFSET\",\"consumeType\":\"CONSUME_PASSIVELY\",\"groupName\":\"g\",\"messageModel\":\"CLUSTERING\",\"subscriptionDataSet\":[{\"codeSet\":[97],\"subString\":\"a\",\"tagsSet\":[\"a\"],\"topic\":\"t\"}]}]}".to_vec(),
    ];
    for which in 0..body_count {
        let body = &bodies[which % bodies.len()];
        let which = u8::try_from(which).unwrap_or_default();
        seeds.push([&[1, which][..], body].concat());
    }
    seeds
}

fn records() -> Vec<Vec<u8>> {
    let one = encode(3, b"hello", PROPERTIES[0]);
    let empty = encode(0, b"", "");
    let mut with_v6 = one.clone();
    // Bit of the system flag: the born host has 16 bytes.
    with_v6[39] |= 0x10;
    vec![[one.clone(), empty.clone()].concat(), one, empty, with_v6]
}

fn batches() -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut seeds = Vec::new();
    for (flag, body) in [(0, "one"), (-1, ""), (7, "three")] {
        let encoded = encode_element(flag, body.as_bytes(), PROPERTIES[0], &mut bytes);
        if encoded.is_ok() {
            seeds.push(bytes.clone());
        }
    }
    seeds
}

/// Each file lost, cut, overwritten and flipped, in each of the three states.
fn store_files() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![0], vec![1], vec![2]];
    for file in 0..file_count() {
        let file_number = u8::try_from(file).unwrap_or_default();
        for kind in 0..6 {
            let state = u8::try_from(file % 3).unwrap_or_default();
            seeds.push(vec![state, file_number, kind, 0, 88 + kind, 3, 1, 2, 3]);
        }
    }
    seeds
}

fn store_ops() -> Vec<Vec<u8>> {
    let story = |steps: &[(u8, u8)]| -> Vec<u8> {
        steps
            .iter()
            .flat_map(|(kind, value)| [*kind, *value])
            .collect()
    };
    let puts: Vec<(u8, u8)> = (0..20).map(|value| (0, value * 11)).collect();
    let mut seeds = Vec::new();
    for mode in 0..2 {
        for end in [
            &[(8, 0)][..],
            &[(5, 0), (0, 1), (9, 7)],
            &[(7, 0), (11, 0)],
            &[(10, 0), (0, 9), (9, 3)],
        ] {
            seeds.push(
                [
                    vec![mode],
                    story(&puts),
                    story(end),
                    story(&puts),
                    story(end),
                ]
                .concat(),
            );
        }
    }
    seeds
}
