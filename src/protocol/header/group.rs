//! Consumer groups on a broker.

use super::headers;

headers! {
    /// RocketMQ `GetSubscriptionGroupConfigRequestHeader`: `GET_SUBSCRIPTIONGROUP_CONFIG`.
    pub struct GetSubscriptionGroupConfigRequestHeader {
        group "group": String,
    }

    /// RocketMQ `GetAllSubscriptionGroupRequestHeader`: `GET_ALL_SUBSCRIPTIONGROUP_CONFIG`.
    pub struct GetAllSubscriptionGroupRequestHeader {
        group_seq "groupSeq": i32,
        data_version "dataVersion": Option<String>,
        max_group_num "maxGroupNum": Option<i32>,
    }

    /// RocketMQ `GetAllSubscriptionGroupResponseHeader`: `GET_ALL_SUBSCRIPTIONGROUP_CONFIG`.
    pub struct GetAllSubscriptionGroupResponseHeader {
        total_group_num "totalGroupNum": i32,
    }

    /// RocketMQ `DeleteSubscriptionGroupRequestHeader`: `DELETE_SUBSCRIPTIONGROUP`.
    pub struct DeleteSubscriptionGroupRequestHeader {
        group_name "groupName": String,
        clean_offset "cleanOffset": Option<bool>,
    }

    /// RocketMQ `UpdateGroupForbiddenRequestHeader`: `UPDATE_AND_GET_GROUP_FORBIDDEN`.
    pub struct UpdateGroupForbiddenRequestHeader {
        group "group": String,
        topic "topic": String,
        readable "readable": Option<bool>,
    }

    /// RocketMQ `GetConsumeStatsRequestHeader`: `GET_CONSUME_STATS`.
    pub struct GetConsumeStatsRequestHeader {
        consumer_group "consumerGroup": String,
        topic "topic": Option<String>,
        topic_list "topicList": Option<String>,
    }

    /// RocketMQ `GetConsumeStatsInBrokerHeader`: `GET_BROKER_CONSUME_STATS`.
    pub struct GetConsumeStatsInBrokerRequestHeader {
        is_order "isOrder": bool,
    }
}
