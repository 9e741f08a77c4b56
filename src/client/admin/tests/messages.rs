//! Finding messages.

use super::*;

#[tokio::test]
async fn a_message_is_found_by_its_place() {
    let cluster = Cluster::start().await;
    cluster.a.on(RequestCode::ViewMessageById, |request| {
        match request.ext_fields.get("offset") {
            Some("700") => Said::body(record(&message("T", 7))),
            _ => Said::code(
                ResponseCode::SystemError,
                "can not find message by the offset, 5",
            ),
        }
    });
    let host = cluster.a.addr().parse().unwrap();
    let id = |physical_offset| {
        protocol::message::OffsetMsgId {
            host,
            physical_offset,
        }
        .to_string()
    };
    let found = cluster.admin.view_message(&id(700)).await.unwrap();
    assert_eq!((found.queue_offset, found.broker_name.as_str()), (7, "a"));
    let error = cluster.admin.view_message(&id(5)).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = cluster.admin.view_message("what?").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "what?: message id has 5 characters, not 32 or 56"
    );
}

fn record(message: &MessageExt) -> Vec<u8> {
    let mut record = Vec::new();
    message.encode_record(&mut record).unwrap();
    record
}

#[tokio::test]
async fn messages_are_found_by_key_whatever_else_has_the_same_hash() {
    let cluster = Cluster::start().await;
    let with_keys = |keys: &str, stored| {
        let mut found = message("T", 1);
        found.properties.insert(property::KEYS, keys);
        found.properties.insert(property::UNIQUE_KEY, keys);
        found.store_timestamp = stored;
        record(&found)
    };
    let found = [with_keys("k1 k2", 9), with_keys("other", 8)].concat();
    cluster.a.on(RequestCode::QueryMessage, move |_| {
        Said::body(found.clone())
    });
    let found = with_keys("k1", 3);
    cluster.b.on(RequestCode::QueryMessage, move |_| {
        Said::body(found.clone())
    });
    let query = MessageQuery::by_key("T", "k1");
    let messages = cluster
        .admin
        .find_messages(&query)
        .await
        .unwrap()
        .into_complete()
        .unwrap();
    let found: Vec<_> = messages
        .iter()
        .map(|message| (message.broker_name.as_str(), message.store_timestamp))
        .collect();
    assert_eq!(found, [("b", 3), ("a", 9)]);

    cluster.a.on(RequestCode::QueryMessage, |request| {
        assert_eq!(request.ext_fields.get("_UNIQUE_KEY_QUERY"), Some("true"));
        Said::code(ResponseCode::QueryNotFound, "can not find message")
    });
    let query = MessageQuery::by_unique_key("T", "k1");
    let messages = cluster
        .admin
        .find_messages(&query)
        .await
        .unwrap()
        .into_complete()
        .unwrap();
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn an_id_says_from_when_on_to_search() {
    let cluster = Cluster::start().await;
    let not_found = |_: &RemotingCommand| Said::code(ResponseCode::QueryNotFound, "");
    cluster.both(RequestCode::QueryMessage, not_found);
    // made an hour ago by the client's clock, which stands at 1 700 000 000 000
    let made_ms = 1_700_000_000_000 - 3_600_000;
    let ip = std::net::Ipv4Addr::LOCALHOST.into();
    let keys = protocol::message::UniqueKeyGenerator::new(ip, 1, 1, month_of);
    let query = MessageQuery::by_unique_key("T", keys.next(made_ms));
    cluster.admin.find_messages(&query).await.unwrap();
    let request = cluster.a.asked(RequestCode::QueryMessage).remove(0);
    let begin = (made_ms - 1_000).to_string();
    assert_eq!(
        request.ext_fields.get("beginTimestamp"),
        Some(begin.as_str())
    );
}
