//! Requests of people who mean no good: every code gets an answer, the broker lives on, and nothing
//! appears outside its folder.

use protocol::header::NoHeader;
use protocol::{RemotingCommand, RequestCode};

use super::{ask, broker_with_messages};
use crate::processor::admin;

/// Every field that any of the requests reads.
const FIELDS: [&str; 46] = [
    "topic",
    "defaultTopic",
    "readQueueNums",
    "writeQueueNums",
    "perm",
    "topicFilterType",
    "topicSysFlag",
    "order",
    "attributes",
    "topicSeq",
    "maxTopicNum",
    "dataVersion",
    "group",
    "groupName",
    "groupSeq",
    "maxGroupNum",
    "cleanOffset",
    "consumerGroup",
    "producerGroup",
    "clientID",
    "clientId",
    "clientAddr",
    "topicList",
    "isOrder",
    "queueId",
    "offset",
    "commitOffset",
    "queueOffset",
    "timestamp",
    "boundaryType",
    "isForce",
    "srcGroup",
    "destGroup",
    "offline",
    "compareGroup",
    "filterGroups",
    "statsName",
    "statsKey",
    "msgId",
    "index",
    "count",
    "delayLevel",
    "maxReconsumeTimes",
    "unitMode",
    "readable",
    "originMsgId",
];

/// Bodies that a request may have or not; two of them point at `escape`.
fn bodies(escape: &str) -> [String; 6] {
    [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!(
            r#"{{"groupName":"{escape}","consumerGroup":"{escape}","mqSet":[{{}}],"topicConfigList":[{{}}]}}"#
        ),
        format!("storePathRootDir=/\nrocketmqHome={escape}"),
    ]
}

#[tokio::test]
async fn every_request_is_answered_and_leaves_nothing_behind() {
    let broker = broker_with_messages().await;
    // A name that nobody else's file can have.
    let name = broker.dir().file_name().unwrap().to_str().unwrap();
    let name = format!("{name}-outside");
    let outside = broker.dir().parent().unwrap().join(&name);
    let escape = format!("../../{name}");
    let bodies = bodies(&escape);
    let clients = [14, 15, 34, 35, 36, 38, 41, 42, 46];
    let codes = (0..1_000).filter_map(RequestCode::from_code);
    let codes: Vec<RequestCode> = codes
        .filter(|code| admin::find(*code).is_some() || clients.contains(&code.code()))
        .collect();
    assert!(codes.len() > 45, "{codes:?}");
    let long = "x".repeat(1_000);
    let numbers = [
        "0",
        "-1",
        "2147483647",
        "-2147483648",
        "9223372036854775807",
    ];
    let texts = [
        escape.as_str(),
        "orders",
        "g@h",
        "\u{1}\u{2}",
        "NaN",
        long.as_str(),
    ];
    for code in codes {
        for value in numbers.into_iter().chain(texts) {
            for body in &bodies {
                let fields = FIELDS.iter().map(|name| (*name, value));
                let request = RemotingCommand {
                    ext_fields: fields.collect(),
                    ..RemotingCommand::request(code).with_body(body.clone())
                };
                let answer = broker.ask(request).await;
                let is_forgotten = answer.remark.as_deref() == Some("not set any response code");
                assert!(!is_forgotten, "{code} {value:.20}");
            }
        }
    }
    assert!(!outside.exists());
    ask(&broker, RequestCode::GetBrokerRuntimeInfo, &NoHeader).await;
}
