//! Topics: made, changed, deleted and shown.

use protocol::body::{
    CreateTopicListRequestBody, TopicConfig, TopicConfigAndMappingSerializeWrapper, TopicList,
};
use protocol::header::{
    CreateTopicRequestHeader, DeleteTopicRequestHeader, GetTopicConfigRequestHeader, NoHeader,
};
use protocol::{RequestCode, ResponseCode};

use super::{ask, ask_with_body, broker_with_messages, refusal_of, refused};
use crate::testing::TestBroker;

fn create(topic: &str, queues: i32) -> CreateTopicRequestHeader {
    CreateTopicRequestHeader {
        topic: topic.to_owned(),
        default_topic: "TBW102".to_owned(),
        read_queue_nums: queues,
        write_queue_nums: queues,
        perm: 6,
        topic_filter_type: "SINGLE_TAG".to_owned(),
        topic_sys_flag: None,
        order: false,
        attributes: None,
        force: None,
    }
}

async fn config_of(broker: &TestBroker, topic: &str) -> TopicConfig {
    let header = GetTopicConfigRequestHeader {
        topic: topic.to_owned(),
    };
    let answer = ask(broker, RequestCode::GetTopicConfig, &header).await;
    TopicConfig::from_json(&answer.body).unwrap()
}

#[tokio::test]
async fn a_topic_is_made_and_changed_and_keeps_its_attributes() {
    let broker = TestBroker::start().await;
    let made = CreateTopicRequestHeader {
        attributes: Some("+message.type=FIFO".to_owned()),
        ..create("orders", 4)
    };
    ask(&broker, RequestCode::UpdateAndCreateTopic, &made).await;
    let changed = CreateTopicRequestHeader {
        order: true,
        perm: 4,
        ..create("orders", 8)
    };
    ask(&broker, RequestCode::UpdateAndCreateTopic, &changed).await;
    let config = config_of(&broker, "orders").await;
    assert_eq!(
        (config.read_queue_nums, config.perm, config.order),
        (8, 4, true)
    );
    assert_eq!(
        config.attributes.get("message.type").map(String::as_str),
        Some("FIFO")
    );
    let nobody = GetTopicConfigRequestHeader {
        topic: "nobody".to_owned(),
    };
    let (code, _) = refused(&broker, RequestCode::GetTopicConfig, &nobody).await;
    assert_eq!(code, ResponseCode::TopicNotExist);
}

#[tokio::test]
async fn topics_that_must_not_be_are_refused() {
    let broker = TestBroker::start().await;
    let long = "x".repeat(128);
    for topic in [
        "",
        "../x",
        "a/b",
        "a b",
        &long,
        "TBW102",
        "SCHEDULE_TOPIC_XXXX",
        "DefaultCluster",
        "rmq_sys_x",
    ] {
        let (code, remark) = refused(
            &broker,
            RequestCode::UpdateAndCreateTopic,
            &create(topic, 4),
        )
        .await;
        assert_eq!(code, ResponseCode::InvalidParameter, "{topic}: {remark}");
    }
    for (header, word) in [
        (create("t", 0), "queues"),
        (create("t", -1), "queues"),
        (create("t", i32::MAX), "queues"),
        (
            CreateTopicRequestHeader {
                perm: 8,
                ..create("t", 1)
            },
            "perm",
        ),
        (
            CreateTopicRequestHeader {
                topic_filter_type: "X".into(),
                ..create("t", 1)
            },
            "FilterType",
        ),
        (
            CreateTopicRequestHeader {
                attributes: Some("+message.type=MIXED".into()),
                ..create("t", 1)
            },
            "MIXED",
        ),
    ] {
        let (code, remark) = refused(&broker, RequestCode::UpdateAndCreateTopic, &header).await;
        assert_eq!(code, ResponseCode::InvalidParameter);
        assert!(remark.contains(word), "{remark}");
    }
    assert!(!broker.broker.context().topics.contains("t"));
}

#[tokio::test]
async fn a_list_of_topics_is_made_as_a_whole() {
    let broker = TestBroker::start().await;
    let list = async |topics: &[&str]| {
        let topic_config_list = topics
            .iter()
            .map(|topic| TopicConfig::new(*topic, 2))
            .collect();
        let body = CreateTopicListRequestBody { topic_config_list }.to_json();
        ask_with_body(&broker, RequestCode::UpdateAndCreateTopicList, body).await
    };
    assert!(list(&["a", "b"]).await.is_success());
    // One that is there already does not keep the others from being made.
    assert!(list(&["a", "c"]).await.is_success());
    let (code, _) = refusal_of(&list(&["d", "../e"]).await);
    assert_eq!(code, ResponseCode::InvalidParameter);
    let topics = &broker.broker.context().topics;
    assert!(topics.contains("b") && topics.contains("c") && !topics.contains("d"));
}

#[tokio::test]
async fn a_deleted_topic_is_gone_with_its_queues_and_offsets() {
    let broker = broker_with_messages().await;
    let context = broker.broker.context();
    context.offsets.commit_offset("g", "orders", 0, 2).unwrap();
    context
        .topics
        .put(TopicConfig::new("%RETRY%g_orders", 1))
        .unwrap();
    let header = |topic: &str| DeleteTopicRequestHeader {
        topic: topic.to_owned(),
    };
    ask(&broker, RequestCode::DeleteTopicInBroker, &header("orders")).await;
    assert!(!context.topics.contains("orders") && !context.topics.contains("%RETRY%g_orders"));
    assert!(context.store.find_queue("orders", 0).is_none());
    assert_eq!(context.offsets.query_offset("g", "orders", 0), None);
    for topic in ["", "../..", "SCHEDULE_TOPIC_XXXX", "DEFAULT_BROKER"] {
        let (code, _) = refused(&broker, RequestCode::DeleteTopicInBroker, &header(topic)).await;
        assert_eq!(code, ResponseCode::InvalidParameter, "{topic}");
    }
    broker.send("orders", "", b"anew").await;
    assert_eq!(
        context.store.find_queue("orders", 0).unwrap().max_offset(),
        1
    );
}

#[tokio::test]
async fn the_table_is_told_whole_or_in_parts() {
    let broker = TestBroker::start().await;
    for topic in ["a1", "a2", "a3"] {
        ask(
            &broker,
            RequestCode::UpdateAndCreateTopic,
            &create(topic, 1),
        )
        .await;
    }
    let whole = ask(&broker, RequestCode::GetAllTopicConfig, &NoHeader).await;
    let table = TopicConfigAndMappingSerializeWrapper::from_json(&whole.body).unwrap();
    let total = table.topic_config_table.len();
    assert_eq!(
        whole.ext_fields.get("totalTopicNum"),
        Some(total.to_string().as_str())
    );
    assert!(
        table.topic_config_table.contains_key("a2")
            && table.topic_config_table.contains_key("TBW102")
    );

    let version = String::from_utf8(table.data_version.to_json()).unwrap();
    let names: Vec<&String> = table.topic_config_table.keys().collect();
    let part = async |seq: &str, version: &str, max: &str| {
        let request = protocol::RemotingCommand::request(RequestCode::GetAllTopicConfig)
            .with_field("topicSeq", seq)
            .with_field("dataVersion", version)
            .with_field("maxTopicNum", max);
        let answer = broker.ask(request).await;
        let table = TopicConfigAndMappingSerializeWrapper::from_json(&answer.body).unwrap();
        table.topic_config_table.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(
        part("2", &version, "2").await,
        [names[2].clone(), names[3].clone()]
    );
    assert_eq!(
        part("2", "", "1").await,
        [names[0].clone()],
        "another version begins anew"
    );
    assert!(part("100000", &version, "5").await.is_empty());
    assert!(part("-5", &version, "-7").await.is_empty());
}

#[tokio::test]
async fn system_topics_are_told_apart() {
    let broker = TestBroker::start().await;
    let answer = ask(
        &broker,
        RequestCode::GetSystemTopicListFromBroker,
        &NoHeader,
    )
    .await;
    let topics = TopicList::from_json(&answer.body).unwrap().topic_list;
    for topic in [
        "TBW102",
        "SCHEDULE_TOPIC_XXXX",
        "DefaultCluster",
        "DefaultCluster_REPLY_TOPIC",
    ] {
        assert!(topics.contains(topic), "{topic}");
    }
}
