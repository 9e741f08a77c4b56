//! Settings over the wire: what may be changed, what must never be, what is shown.

use protocol::body::DataVersion;
use protocol::header::{NoHeader, SearchOffsetRequestHeader};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{ask, ask_with_body, refusal_of};
use crate::testing::{TestBroker, send_header, send_request};

async fn change(broker: &TestBroker, text: &str) -> RemotingCommand {
    ask_with_body(
        broker,
        RequestCode::UpdateBrokerConfig,
        text.as_bytes().to_vec(),
    )
    .await
}

#[tokio::test]
async fn a_changed_setting_is_shown_and_obeyed() {
    let broker = TestBroker::start().await;
    assert!(
        change(&broker, "autoCreateTopicEnable=false\n")
            .await
            .is_success()
    );
    let answer = broker.ask(send_request(&send_header("orders"), b"x")).await;
    assert_eq!(answer.response_code(), Some(ResponseCode::TopicNotExist));
    let answer = ask(&broker, RequestCode::GetBrokerConfig, &NoHeader).await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for line in [
        "autoCreateTopicEnable=false",
        "brokerName=DEFAULT_BROKER",
        "maxMessageSize=4194304",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}");
    }
    let version = answer.ext_fields.get("version").unwrap();
    assert_eq!(
        DataVersion::from_json(version.as_bytes()).unwrap().counter,
        1
    );
}

#[tokio::test]
async fn nothing_is_changed_that_must_not_be() {
    let broker = TestBroker::start().await;
    for (text, expected) in [
        (
            "rocketmqHome=/tmp/x;touch /tmp/pwned",
            ResponseCode::NoPermission,
        ),
        ("brokerConfigPath=/etc/passwd", ResponseCode::NoPermission),
        ("configBlackList=", ResponseCode::NoPermission),
        ("storePathRootDir=/", ResponseCode::NoPermission),
        ("listenPort=1", ResponseCode::NoPermission),
        ("flushDiskType=ASYNC_FLUSH", ResponseCode::NoPermission),
        ("noSuchSetting=1", ResponseCode::InvalidParameter),
        ("brokerPermission=99", ResponseCode::InvalidParameter),
        ("maxMessageSize=-1", ResponseCode::InvalidParameter),
        (
            "traceOn=false\nmaxMessageSize=0",
            ResponseCode::InvalidParameter,
        ),
    ] {
        let (code, remark) = refusal_of(&change(&broker, text).await);
        assert_eq!(code, expected, "{text}: {remark}");
        let key = text
            .lines()
            .last()
            .and_then(|line| line.split('=').next())
            .unwrap();
        assert!(remark.contains(key), "{remark}");
    }
    assert!(broker.broker.context().settings.trace_on());
    assert!(
        !broker
            .dir()
            .join("config")
            .join("brokerSettings.properties")
            .exists()
    );
}

#[tokio::test]
async fn a_size_can_be_changed_in_both_directions() {
    let broker = TestBroker::start().await;
    let code_of = async |size: usize| {
        let answer = broker
            .ask(send_request(&send_header("orders"), &vec![0; size]))
            .await;
        answer.response_code().unwrap()
    };
    assert!(change(&broker, "maxMessageSize=100").await.is_success());
    assert_eq!(code_of(101).await, ResponseCode::MessageIllegal);
    assert!(change(&broker, "maxMessageSize=5000000").await.is_success());
    assert_eq!(code_of(5_000_000).await, ResponseCode::Success);
}

#[tokio::test]
async fn numbers_at_the_ends_of_their_range_do_no_harm() {
    let broker = TestBroker::start().await;
    for queue_id in [i32::MIN, -1, i32::MAX] {
        for timestamp in [i64::MIN, -1, 0, i64::MAX] {
            let header = SearchOffsetRequestHeader {
                topic: "orders".to_owned(),
                queue_id,
                timestamp,
                boundary_type: Some("LOWER".to_owned()),
            };
            ask(&broker, RequestCode::SearchOffsetByTimestamp, &header).await;
        }
    }
}
