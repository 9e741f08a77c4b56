//! Consumer groups: made, changed, deleted and shown.

use protocol::body::{
    GroupForbidden, SubscriptionGroupConfig, SubscriptionGroupList, SubscriptionGroupWrapper,
};
use protocol::header::{
    DeleteSubscriptionGroupRequestHeader, GetSubscriptionGroupConfigRequestHeader, NoHeader,
    UpdateGroupForbiddenRequestHeader,
};
use protocol::{RequestCode, ResponseCode};

use super::{ask, ask_with_body, refusal_of, refused};
use crate::testing::TestBroker;

async fn put(broker: &TestBroker, config: &SubscriptionGroupConfig) -> protocol::RemotingCommand {
    ask_with_body(
        broker,
        RequestCode::UpdateAndCreateSubscriptiongroup,
        config.to_json(),
    )
    .await
}

#[tokio::test]
async fn a_group_is_made_changed_shown_and_deleted() {
    let broker = TestBroker::start().await;
    let config = SubscriptionGroupConfig {
        retry_max_times: 3,
        ..SubscriptionGroupConfig::new("g")
    };
    assert!(put(&broker, &config).await.is_success());
    let header = GetSubscriptionGroupConfigRequestHeader {
        group: "g".to_owned(),
    };
    let answer = ask(&broker, RequestCode::GetSubscriptiongroupConfig, &header).await;
    assert_eq!(SubscriptionGroupConfig::from_json(&answer.body), Ok(config));

    let context = broker.broker.context();
    context.offsets.commit_offset("g", "orders", 0, 5).unwrap();
    let delete = |clean_offset| DeleteSubscriptionGroupRequestHeader {
        group_name: "g".to_owned(),
        clean_offset,
    };
    ask(&broker, RequestCode::DeleteSubscriptiongroup, &delete(None)).await;
    assert!(!context.groups.contains("g"));
    assert_eq!(context.offsets.query_offset("g", "orders", 0), Some(5));
    ask(
        &broker,
        RequestCode::DeleteSubscriptiongroup,
        &delete(Some(true)),
    )
    .await;
    assert_eq!(context.offsets.query_offset("g", "orders", 0), None);
}

#[tokio::test]
async fn groups_that_must_not_be_are_refused() {
    let broker = TestBroker::start().await;
    for name in ["", "../g", "a b", &"g".repeat(121)] {
        let (code, _) = refusal_of(&put(&broker, &SubscriptionGroupConfig::new(name)).await);
        assert_eq!(code, ResponseCode::InvalidParameter, "{name}");
    }
    let many = SubscriptionGroupConfig {
        retry_queue_nums: i32::MAX,
        ..SubscriptionGroupConfig::new("g")
    };
    assert_eq!(
        refusal_of(&put(&broker, &many).await).0,
        ResponseCode::InvalidParameter
    );
    let attributes = [("+colour".to_owned(), "red".to_owned())].into();
    let coloured = SubscriptionGroupConfig {
        attributes,
        ..SubscriptionGroupConfig::new("g")
    };
    assert!(
        refusal_of(&put(&broker, &coloured).await)
            .1
            .contains("unsupported key")
    );
    assert!(!broker.broker.context().groups.contains("g"));
}

#[tokio::test]
async fn a_list_of_groups_is_made_as_a_whole() {
    let broker = TestBroker::start().await;
    let list = async |names: &[&str]| {
        let group_config_list = names
            .iter()
            .map(|name| SubscriptionGroupConfig::new(*name))
            .collect();
        let body = SubscriptionGroupList { group_config_list }.to_json();
        ask_with_body(
            &broker,
            RequestCode::UpdateAndCreateSubscriptiongroupList,
            body,
        )
        .await
    };
    assert!(list(&["a", "b"]).await.is_success());
    assert!(!list(&["c", "../d"]).await.is_success());
    let groups = &broker.broker.context().groups;
    assert!(groups.contains("a") && groups.contains("b") && !groups.contains("c"));
}

#[tokio::test]
async fn the_table_is_told_whole_or_in_parts() {
    let broker = TestBroker::start().await;
    assert!(
        put(&broker, &SubscriptionGroupConfig::new("a1"))
            .await
            .is_success()
    );
    broker
        .broker
        .context()
        .groups
        .set_read_forbidden("a1", "orders", true)
        .unwrap();
    let whole = ask(
        &broker,
        RequestCode::GetAllSubscriptiongroupConfig,
        &NoHeader,
    )
    .await;
    let table = SubscriptionGroupWrapper::from_json(&whole.body).unwrap();
    assert_eq!(whole.ext_fields.get("totalGroupNum"), Some("9"));
    assert_eq!(table.subscription_group_table.len(), 9);
    assert!(table.forbidden_table.contains_key("a1"));

    let request = protocol::RemotingCommand::request(RequestCode::GetAllSubscriptiongroupConfig)
        .with_field("groupSeq", "0")
        .with_field("maxGroupNum", "2");
    let part = SubscriptionGroupWrapper::from_json(&broker.ask(request).await.body).unwrap();
    assert_eq!(part.subscription_group_table.len(), 2);
    assert!(
        part.forbidden_table.is_empty(),
        "only what belongs to the part"
    );
}

#[tokio::test]
async fn a_group_may_be_forbidden_a_topic() {
    let broker = TestBroker::start().await;
    let set = async |readable| {
        let header = UpdateGroupForbiddenRequestHeader {
            group: "g".to_owned(),
            topic: "orders".to_owned(),
            readable,
        };
        let answer = ask(&broker, RequestCode::UpdateAndGetGroupForbidden, &header).await;
        GroupForbidden::from_json(&answer.body).unwrap().readable
    };
    assert_eq!(set(None).await, Some(true));
    assert_eq!(set(Some(false)).await, Some(false));
    assert_eq!(set(None).await, Some(false));
    assert_eq!(set(Some(true)).await, Some(true));
    let header = UpdateGroupForbiddenRequestHeader {
        group: "../g".to_owned(),
        topic: "orders".to_owned(),
        readable: Some(false),
    };
    let (code, _) = refused(&broker, RequestCode::UpdateAndGetGroupForbidden, &header).await;
    assert_eq!(code, ResponseCode::InvalidParameter);
}
