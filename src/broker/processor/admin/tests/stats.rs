//! Statistics, connections and the state of the broker.

use protocol::body::{
    BrokerStatsData, ConsumeStats, ConsumeStatsList, ConsumerConnection, GroupList, KvTable,
    ProducerConnection, ProducerTableInfo, QueryConsumeQueueResponseBody, QueryConsumeTimeSpanBody,
    QuerySubscriptionResponseBody, TopicList, TopicStatsTable,
};
use protocol::header::{
    GetConsumeStatsInBrokerRequestHeader, GetConsumeStatsRequestHeader,
    GetConsumerConnectionListRequestHeader, GetProducerConnectionListRequestHeader,
    GetTopicStatsInfoRequestHeader, NoHeader, QueryConsumeQueueRequestHeader,
    QueryConsumeTimeSpanRequestHeader, QuerySubscriptionByConsumerRequestHeader,
    QueryTopicConsumeByWhoRequestHeader, QueryTopicsByConsumerRequestHeader,
    ViewBrokerStatsDataRequestHeader,
};
use protocol::{RequestCode, ResponseCode};

use super::{ask, broker_with_messages, refused};
use crate::testing::TestBroker;
use crate::testing_client::TestClient;

fn text(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn a_topic_tells_how_far_its_queues_are_filled() {
    let broker = broker_with_messages().await;
    let header = GetTopicStatsInfoRequestHeader {
        topic: text("orders"),
    };
    let answer = ask(&broker, RequestCode::GetTopicStatsInfo, &header).await;
    let table = TopicStatsTable::from_json(&answer.body)
        .unwrap()
        .offset_table;
    let queues: Vec<_> = table
        .iter()
        .map(|(queue, offsets)| (queue.queue_id, offsets.max_offset))
        .collect();
    assert_eq!(queues, [(0, 3), (1, 0), (2, 0), (3, 0)]);
    let first = table.iter().next().unwrap();
    assert_eq!(first.0.broker_name, "DEFAULT_BROKER");
    assert!(first.1.last_update_timestamp > 1_600_000_000_000);
    let header = GetTopicStatsInfoRequestHeader {
        topic: text("nobody"),
    };
    assert_eq!(
        refused(&broker, RequestCode::GetTopicStatsInfo, &header)
            .await
            .0,
        ResponseCode::TopicNotExist
    );
}

fn consume_stats(topic: Option<&str>, topic_list: Option<&str>) -> GetConsumeStatsRequestHeader {
    GetConsumeStatsRequestHeader {
        consumer_group: text("g"),
        topic: topic.map(text),
        topic_list: topic_list.map(text),
    }
}

#[tokio::test]
async fn a_group_tells_how_far_it_has_come() {
    let broker = broker_with_messages().await;
    let context = broker.broker.context();
    context.groups.find("g", true).unwrap();
    context.offsets.commit_offset("g", "orders", 0, 2).unwrap();
    context.offsets.commit_pull_offset("g", "orders", 0, 3);
    let of = async |header: GetConsumeStatsRequestHeader| {
        let answer = ask(&broker, RequestCode::GetConsumeStats, &header).await;
        ConsumeStats::from_json(&answer.body).unwrap()
    };
    let stats = of(consume_stats(None, None)).await;
    assert_eq!(
        (
            stats.offset_table.len(),
            stats.total_diff(),
            stats.total_inflight_diff()
        ),
        (4, 1, 1)
    );
    let first = stats.offset_table.values().next().unwrap();
    assert_eq!(
        (
            first.broker_offset,
            first.consumer_offset,
            first.pull_offset
        ),
        (3, 2, 3)
    );
    assert!(first.last_timestamp > 1_600_000_000_000);

    // What a connected group does not subscribe to is left out, unless it is asked for by list.
    let consumer = TestClient::of(&broker, "c");
    consumer.consume("g", &["elsewhere"]).await;
    assert!(of(consume_stats(None, None)).await.offset_table.is_empty());
    assert!(
        of(consume_stats(Some("orders"), None))
            .await
            .offset_table
            .is_empty()
    );
    assert_eq!(
        of(consume_stats(None, Some("orders;nobody;")))
            .await
            .offset_table
            .len(),
        4
    );

    consumer.consume("g", &["orders"]).await;
    let all = GetConsumeStatsInBrokerRequestHeader { is_order: false };
    let answer = ask(&broker, RequestCode::GetBrokerConsumeStats, &all).await;
    let list = ConsumeStatsList::from_json(&answer.body).unwrap();
    assert_eq!(
        (list.total_diff, list.broker_addr),
        (1, Some(broker.addr()))
    );
    assert!(
        list.consume_stats_list
            .iter()
            .any(|groups| groups.get("g").is_some_and(|of| of.len() == 1))
    );
    let ordered = GetConsumeStatsInBrokerRequestHeader { is_order: true };
    let answer = ask(&broker, RequestCode::GetBrokerConsumeStats, &ordered).await;
    assert_eq!(
        ConsumeStatsList::from_json(&answer.body)
            .unwrap()
            .total_diff,
        0
    );
}

#[tokio::test]
async fn topics_know_their_groups_and_groups_their_topics() {
    let broker = broker_with_messages().await;
    broker
        .broker
        .context()
        .offsets
        .commit_offset("past", "orders", 0, 1)
        .unwrap();
    let consumer = TestClient::of(&broker, "c");
    consumer.consume("g", &["orders"]).await;
    let header = QueryTopicConsumeByWhoRequestHeader {
        topic: text("orders"),
    };
    let answer = ask(&broker, RequestCode::QueryTopicConsumeByWho, &header).await;
    let groups = GroupList::from_json(&answer.body).unwrap().group_list;
    assert_eq!(groups, [text("g"), text("past")].into());
    let header = QueryTopicsByConsumerRequestHeader {
        group: text("past"),
    };
    let answer = ask(&broker, RequestCode::QueryTopicsByConsumer, &header).await;
    let topics = TopicList::from_json(&answer.body).unwrap();
    assert_eq!(topics.topic_list, [text("orders")].into());

    let subscription = async |group: &str| {
        let header = QuerySubscriptionByConsumerRequestHeader {
            group: text(group),
            topic: Some(text("orders")),
        };
        let answer = ask(&broker, RequestCode::QuerySubscriptionByConsumer, &header).await;
        QuerySubscriptionResponseBody::from_json(&answer.body)
            .unwrap()
            .subscription_data
    };
    assert_eq!(subscription("g").await.unwrap().sub_string, "*");
    assert_eq!(subscription("past").await, None);
}

#[tokio::test]
async fn connected_clients_are_shown() {
    let broker = TestBroker::start().await;
    let client = TestClient::of(&broker, "c");
    let consumers = GetConsumerConnectionListRequestHeader {
        consumer_group: text("g"),
    };
    let producers = GetProducerConnectionListRequestHeader {
        producer_group: text("p"),
    };
    let refusal = refused(&broker, RequestCode::GetConsumerConnectionList, &consumers).await;
    assert_eq!(refusal.0, ResponseCode::ConsumerNotOnline);
    let refusal = refused(&broker, RequestCode::GetProducerConnectionList, &producers).await;
    assert_eq!(
        refusal,
        (
            ResponseCode::SystemError,
            text("the producer group[p] not exist")
        )
    );

    client.consume("g", &["orders"]).await;
    client.produce("p").await;
    let answer = ask(&broker, RequestCode::GetConsumerConnectionList, &consumers).await;
    let body = ConsumerConnection::from_json(&answer.body).unwrap();
    assert_eq!(body.connection_set[0].client_id, "c");
    assert!(body.connection_set[0].client_addr.starts_with("127.0.0.1:"));
    assert!(body.subscription_table.contains_key("orders"));
    let answer = ask(&broker, RequestCode::GetProducerConnectionList, &producers).await;
    assert_eq!(
        ProducerConnection::from_json(&answer.body)
            .unwrap()
            .connection_set
            .len(),
        1
    );
    let answer = ask(&broker, RequestCode::GetAllProducerInfo, &NoHeader).await;
    let table = ProducerTableInfo::from_json(&answer.body).unwrap().data;
    assert!(table["p"][0].remote_ip.starts_with("/127.0.0.1:"));
}

#[tokio::test]
async fn the_times_of_a_queue_show_how_far_back_a_group_is() {
    let broker = broker_with_messages().await;
    broker
        .broker
        .context()
        .offsets
        .commit_offset("g", "orders", 0, 3)
        .unwrap();
    let header = QueryConsumeTimeSpanRequestHeader {
        topic: text("orders"),
        group: text("g"),
    };
    let answer = ask(&broker, RequestCode::QueryConsumeTimeSpan, &header).await;
    let spans = QueryConsumeTimeSpanBody::from_json(&answer.body)
        .unwrap()
        .consume_time_span_set;
    assert_eq!(spans.len(), 4);
    assert!(spans[0].min_time_stamp <= spans[0].max_time_stamp);
    assert_eq!(spans[0].consume_time_stamp, spans[0].max_time_stamp);
    assert_eq!((spans[0].delay_time, spans[1].min_time_stamp), (0, -1));
    assert_eq!(
        spans[0].max_time_stamp_str.len(),
        "2026-01-01#00:00:00:000".len()
    );
}

#[tokio::test]
async fn a_queue_shows_its_entries_up_to_a_limit() {
    let broker = broker_with_messages().await;
    let query = async |queue_id, index, count| {
        let header = QueryConsumeQueueRequestHeader {
            topic: Some(text("orders")),
            queue_id: Some(queue_id),
            index: Some(index),
            count: Some(count),
            consumer_group: Some(text("nobody")),
        };
        let answer = ask(&broker, RequestCode::QueryConsumeQueue, &header).await;
        QueryConsumeQueueResponseBody::from_json(&answer.body).unwrap()
    };
    let body = query(0, 1, i32::MAX).await;
    assert_eq!(
        (
            body.min_queue_index,
            body.max_queue_index,
            body.queue_data.len()
        ),
        (0, 3, 2)
    );
    assert_eq!(
        body.queue_data[0].tags_code,
        protocol::message::tags_code("TagA")
    );
    assert_eq!(
        body.filter_data.as_deref(),
        Some("nobody@orders is not online!")
    );
    for (index, count) in [(3, 1), (-1, 1), (0, -1), (i64::MAX, i32::MAX)] {
        assert!(query(0, index, count).await.queue_data.is_empty());
    }
    let header = QueryConsumeQueueRequestHeader {
        topic: Some(text("nobody")),
        ..QueryConsumeQueueRequestHeader::default()
    };
    let (_, remark) = refused(&broker, RequestCode::QueryConsumeQueue, &header).await;
    assert_eq!(remark, "0@nobody is not exist!");
}

#[tokio::test]
async fn counters_are_shown_by_rocketmqs_names() {
    let broker = broker_with_messages().await;
    let view = |name: &str, key: &str| ViewBrokerStatsDataRequestHeader {
        stats_name: text(name),
        stats_key: text(key),
    };
    let context = broker.broker.context();
    let topics = context.topics.snapshot();
    context
        .stats
        .sample(topics.iter().map(|topic| &*topic.stats));
    for (name, key, sum) in [
        ("TOPIC_PUT_NUMS", "orders", 3),
        ("BROKER_PUT_NUMS", "DefaultCluster", 3),
    ] {
        let answer = ask(&broker, RequestCode::ViewBrokerStatsData, &view(name, key)).await;
        assert_eq!(
            BrokerStatsData::from_json(&answer.body)
                .unwrap()
                .stats_minute
                .sum,
            sum,
            "{name}"
        );
    }
    for (name, key) in [
        ("TOPIC_PUT_NUMS", "nobody"),
        ("GROUP_GET_NUMS", "orders@g"),
        ("NONSENSE", "x"),
    ] {
        let (code, remark) =
            refused(&broker, RequestCode::ViewBrokerStatsData, &view(name, key)).await;
        assert_eq!(code, ResponseCode::SystemError);
        assert_eq!(remark, format!("The stats <{name}> <{key}> not exist"));
    }
}

#[tokio::test]
async fn every_key_is_there_that_tools_read_and_numbers_are_numbers() {
    let broker = broker_with_messages().await;
    broker.send("orders", "DELAY\u{1}3\u{2}", b"later").await;
    let answer = ask(&broker, RequestCode::GetBrokerRuntimeInfo, &NoHeader).await;
    let table = KvTable::from_json(&answer.body).unwrap().table;
    let value = |key: &str| table.get(key).unwrap_or_else(|| panic!("{key} is missing"));
    for key in INTEGERS {
        assert!(value(key).parse::<i64>().is_ok(), "{key}={}", value(key));
    }
    for key in DECIMALS {
        let first = value(key).split(' ').next().unwrap();
        assert!(first.parse::<f64>().is_ok(), "{key}={}", value(key));
    }
    for key in TEXTS {
        value(key);
    }
    assert_eq!(value("brokerVersionDesc"), "V5_3_3");
    assert_eq!(value("scheduleMessageOffset_3"), "0,1");
    assert_eq!(value("msgPutTotalTodayNow"), "3");
}

/// The keys of `protocol.md` B.13, as RocketMQ's tools read them.
const INTEGERS: [&str; 41] = [
    "putMessageTimesTotal",
    "putMessageFailedTimes",
    "putMessageSizeTotal",
    "putMessageEntireTimeMax",
    "dispatchMaxBuffer",
    "getMessageEntireTimeMax",
    "bootTimestamp",
    "commitLogMinOffset",
    "commitLogMaxOffset",
    "msgPutTotalYesterdayMorning",
    "msgPutTotalTodayMorning",
    "msgPutTotalTodayNow",
    "msgGetTotalYesterdayMorning",
    "msgGetTotalTodayMorning",
    "msgGetTotalTodayNow",
    "dispatchBehindBytes",
    "pageCacheLockTimeMills",
    "earliestMessageTimeStamp",
    "startAcceptSendRequestTimeStamp",
    "timerReadBehind",
    "timerOffsetBehind",
    "timerCongestNum",
    "remainTransientStoreBufferNumbs",
    "sendThreadPoolQueueSize",
    "sendThreadPoolQueueCapacity",
    "pullThreadPoolQueueSize",
    "pullThreadPoolQueueCapacity",
    "litePullThreadPoolQueueSize",
    "litePullThreadPoolQueueCapacity",
    "queryThreadPoolQueueSize",
    "queryThreadPoolQueueCapacity",
    "ackThreadPoolQueueSize",
    "ackThreadPoolQueueCapacity",
    "sendThreadPoolQueueHeadWaitTimeMills",
    "pullThreadPoolQueueHeadWaitTimeMills",
    "queryThreadPoolQueueHeadWaitTimeMills",
    "litePullThreadPoolQueueHeadWaitTimeMills",
    "ackThreadPoolQueueHeadWaitTimeMills",
    "EndTransactionQueueSize",
    "EndTransactionThreadPoolQueueCapacity",
    "brokerVersion",
];

/// The first number of each counts.
const DECIMALS: [&str; 12] = [
    "putMessageAverageSize",
    "putTps",
    "getFoundTps",
    "getMissTps",
    "getTotalTps",
    "getTransferredTps",
    "putLatency99",
    "putLatency999",
    "commitLogDiskRatio",
    "consumeQueueDiskRatio",
    "timerEnqueueTps",
    "timerDequeueTps",
];

const TEXTS: [&str; 6] = [
    "runtime",
    "putMessageDistributeTime",
    "brokerActive",
    "remainHowManyDataToCommit",
    "remainHowManyDataToFlush",
    "commitLogDirCapacity",
];
