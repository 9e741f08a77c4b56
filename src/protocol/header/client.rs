//! Clients: their lists, their state, what they are told.

use super::headers;

headers! {
    /// RocketMQ `UnregisterClientRequestHeader`: `UNREGISTER_CLIENT`.
    pub struct UnregisterClientRequestHeader {
        client_id "clientID": String,
        producer_group "producerGroup": Option<String>,
        consumer_group "consumerGroup": Option<String>,
    }

    /// RocketMQ `GetConsumerListByGroupRequestHeader`: `GET_CONSUMER_LIST_BY_GROUP`.
    pub struct GetConsumerListByGroupRequestHeader {
        consumer_group "consumerGroup": String,
    }

    /// RocketMQ `NotifyConsumerIdsChangedRequestHeader`: `NOTIFY_CONSUMER_IDS_CHANGED`.
    pub struct NotifyConsumerIdsChangedRequestHeader {
        consumer_group "consumerGroup": String,
    }

    /// RocketMQ `GetConsumerRunningInfoRequestHeader`: `GET_CONSUMER_RUNNING_INFO`.
    pub struct GetConsumerRunningInfoRequestHeader {
        consumer_group "consumerGroup": String,
        client_id "clientId": String,
        jstack_enable "jstackEnable": Option<bool>,
    }

    /// RocketMQ `ConsumeMessageDirectlyResultRequestHeader`: `CONSUME_MESSAGE_DIRECTLY`.
    pub struct ConsumeMessageDirectlyResultRequestHeader {
        consumer_group "consumerGroup": String,
        client_id "clientId": Option<String>,
        msg_id "msgId": Option<String>,
        broker_name "brokerName": Option<String>,
        topic "topic": Option<String>,
        topic_sys_flag "topicSysFlag": Option<i32>,
        group_sys_flag "groupSysFlag": Option<i32>,
    }

    /// RocketMQ `GetConsumerConnectionListRequestHeader`: `GET_CONSUMER_CONNECTION_LIST`.
    pub struct GetConsumerConnectionListRequestHeader {
        consumer_group "consumerGroup": String,
    }

    /// RocketMQ `GetProducerConnectionListRequestHeader`: `GET_PRODUCER_CONNECTION_LIST`.
    pub struct GetProducerConnectionListRequestHeader {
        producer_group "producerGroup": String,
    }
}
