//! Topics on a broker.

use super::headers;

headers! {
    /// RocketMQ `CreateTopicRequestHeader`: `UPDATE_AND_CREATE_TOPIC`.
    pub struct CreateTopicRequestHeader {
        topic "topic": String,
        default_topic "defaultTopic": String,
        read_queue_nums "readQueueNums": i32,
        write_queue_nums "writeQueueNums": i32,
        perm "perm": i32,
        topic_filter_type "topicFilterType": String,
        topic_sys_flag "topicSysFlag": Option<i32>,
        order "order": bool,
        attributes "attributes": Option<String>,
        force "force": Option<bool>,
    }

    /// RocketMQ `DeleteTopicRequestHeader`: `DELETE_TOPIC_IN_BROKER`.
    pub struct DeleteTopicRequestHeader {
        topic "topic": String,
    }

    /// RocketMQ `GetTopicConfigRequestHeader`: `GET_TOPIC_CONFIG`.
    pub struct GetTopicConfigRequestHeader {
        topic "topic": String,
    }

    /// RocketMQ `GetTopicStatsInfoRequestHeader`: `GET_TOPIC_STATS_INFO`.
    pub struct GetTopicStatsInfoRequestHeader {
        topic "topic": String,
    }

    /// RocketMQ `GetAllTopicConfigRequestHeader`: `GET_ALL_TOPIC_CONFIG`.
    pub struct GetAllTopicConfigRequestHeader {
        topic_seq "topicSeq": i32,
        data_version "dataVersion": Option<String>,
        max_topic_num "maxTopicNum": Option<i32>,
    }

    /// RocketMQ `GetAllTopicConfigResponseHeader`: `GET_ALL_TOPIC_CONFIG`.
    pub struct GetAllTopicConfigResponseHeader {
        total_topic_num "totalTopicNum": i32,
    }

    /// RocketMQ `QueryTopicConsumeByWhoRequestHeader`: `QUERY_TOPIC_CONSUME_BY_WHO`.
    pub struct QueryTopicConsumeByWhoRequestHeader {
        topic "topic": String,
    }

    /// RocketMQ `QueryTopicsByConsumerRequestHeader`: `QUERY_TOPICS_BY_CONSUMER`.
    pub struct QueryTopicsByConsumerRequestHeader {
        group "group": String,
    }

    /// RocketMQ `QuerySubscriptionByConsumerRequestHeader`: `QUERY_SUBSCRIPTION_BY_CONSUMER`.
    pub struct QuerySubscriptionByConsumerRequestHeader {
        group "group": String,
        topic "topic": Option<String>,
    }
}
