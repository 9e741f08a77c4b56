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

#[tokio::test]
async fn what_groups_have_made_of_a_message_is_concluded_from_their_offsets() {
    let cluster = Cluster::start().await;
    for group in ["online", "offline", "unsure"] {
        let topic = format!("%RETRY%{group}");
        cluster
            .namesrv
            .set_topic(&topic, 1, &[&cluster.a, &cluster.b]);
    }
    cluster.both(RequestCode::QueryTopicConsumeByWho, |_| {
        let group_list = ["online", "offline", "unsure"].map(str::to_owned).into();
        Said::body(GroupList { group_list }.to_json())
    });
    cluster.both(
        RequestCode::GetConsumerConnectionList,
        |request| match request.ext_fields.get("consumerGroup") {
            Some("offline") => Said::code(ResponseCode::ConsumerNotOnline, "not online"),
            _ => {
                let subscription = SubscriptionData::build("T", "*", None, 1).unwrap();
                let connection = ConsumerConnection {
                    subscription_table: [("T".to_owned(), subscription)].into(),
                    ..Default::default()
                };
                Said::body(connection.to_json())
            }
        },
    );
    // The message lies at 7 of queue 0 of `a`; the offset of the same queue of `b` is another matter.
    cluster.a.on(RequestCode::GetConsumeStats, |request| {
        match request.ext_fields.get("consumerGroup") {
            Some("unsure") => Said::code(ResponseCode::SystemError, "not now"),
            Some("online") => Said::body(stats_at("a", 8)),
            _ => Said::body(stats_at("a", 5)),
        }
    });
    cluster.b.on(RequestCode::GetConsumeStats, |_| {
        Said::body(stats_at("b", 0))
    });
    let mut message = message("T", 7);
    message.broker_name = "a".to_owned();
    let tracks = cluster.admin.message_track(&message).await.unwrap();
    assert!(tracks.is_complete());
    let seen: Vec<_> = tracks
        .items
        .iter()
        .map(|track| {
            let (group, state) = (track.group.as_str(), track.state.name());
            (group, state, track.consumer_offset, track.behind)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("offline", "NOT_ONLINE", Some(5), Some(3)),
            ("online", "CONSUMED", Some(8), Some(0)),
            ("unsure", "UNKNOWN", None, None),
        ]
    );
    assert!(tracks.items[2].error.is_some());
}

fn stats_at(broker: &str, consumer_offset: i64) -> Vec<u8> {
    let offsets = OffsetWrapper {
        broker_offset: 9,
        consumer_offset,
        ..Default::default()
    };
    let stats = ConsumeStats {
        offset_table: [(MessageQueue::new("T", broker, 0), offsets)].into(),
        ..Default::default()
    };
    stats.to_json()
}
