//! What brokers, clients and tools ask a name server.

use super::headers;

headers! {
    /// RocketMQ `RegisterBrokerRequestHeader`: `REGISTER_BROKER`.
    pub struct RegisterBrokerRequestHeader {
        broker_name "brokerName": String,
        broker_addr "brokerAddr": String,
        cluster_name "clusterName": String,
        ha_server_addr "haServerAddr": String,
        broker_id "brokerId": i64,
        heartbeat_timeout_millis "heartbeatTimeoutMillis": Option<i64>,
        enable_acting_master "enableActingMaster": Option<bool>,
        compressed "compressed": Option<bool>,
        body_crc32 "bodyCrc32": Option<i32>,
    }

    /// RocketMQ `RegisterBrokerResponseHeader`.
    pub struct RegisterBrokerResponseHeader {
        ha_server_addr "haServerAddr": Option<String>,
        master_addr "masterAddr": Option<String>,
    }

    /// RocketMQ `UnRegisterBrokerRequestHeader`: `UNREGISTER_BROKER`.
    pub struct UnregisterBrokerRequestHeader {
        broker_name "brokerName": String,
        broker_addr "brokerAddr": String,
        cluster_name "clusterName": String,
        broker_id "brokerId": i64,
    }

    /// RocketMQ `QueryDataVersionRequestHeader`: `QUERY_DATA_VERSION`.
    pub struct QueryDataVersionRequestHeader {
        broker_name "brokerName": String,
        broker_addr "brokerAddr": String,
        cluster_name "clusterName": String,
        broker_id "brokerId": i64,
    }

    /// RocketMQ `QueryDataVersionResponseHeader`.
    pub struct QueryDataVersionResponseHeader {
        changed "changed": bool,
    }

    /// RocketMQ `BrokerHeartbeatRequestHeader`: `BROKER_HEARTBEAT`.
    pub struct BrokerHeartbeatRequestHeader {
        cluster_name "clusterName": String,
        broker_addr "brokerAddr": String,
        broker_name "brokerName": String,
        broker_id "brokerId": Option<i64>,
        epoch "epoch": Option<i32>,
        max_offset "maxOffset": Option<i64>,
        confirm_offset "confirmOffset": Option<i64>,
        heartbeat_timeout_mills "heartbeatTimeoutMills": Option<i64>,
        election_priority "electionPriority": Option<i32>,
    }

    /// RocketMQ `GetRouteInfoRequestHeader`: `GET_ROUTEINFO_BY_TOPIC`.
    pub struct GetRouteInfoRequestHeader {
        topic "topic": String,
        accept_standard_json_only "acceptStandardJsonOnly": Option<bool>,
    }

    /// RocketMQ `GetBrokerMemberGroupRequestHeader`: `GET_BROKER_MEMBER_GROUP`.
    pub struct GetBrokerMemberGroupRequestHeader {
        cluster_name "clusterName": String,
        broker_name "brokerName": String,
    }

    /// RocketMQ `RegisterTopicRequestHeader`: `REGISTER_TOPIC_IN_NAMESRV`.
    pub struct RegisterTopicRequestHeader {
        topic "topic": String,
    }

    /// RocketMQ `PutKVConfigRequestHeader`: `PUT_KV_CONFIG`.
    pub struct PutKvConfigRequestHeader {
        namespace "namespace": String,
        key "key": String,
        value "value": String,
    }

    /// RocketMQ `GetKVConfigRequestHeader`: `GET_KV_CONFIG`.
    pub struct GetKvConfigRequestHeader {
        namespace "namespace": String,
        key "key": String,
    }

    /// RocketMQ `GetKVConfigResponseHeader`.
    pub struct GetKvConfigResponseHeader {
        value "value": Option<String>,
    }

    /// RocketMQ `DeleteKVConfigRequestHeader`: `DELETE_KV_CONFIG`.
    pub struct DeleteKvConfigRequestHeader {
        namespace "namespace": String,
        key "key": String,
    }

    /// RocketMQ `GetKVListByNamespaceRequestHeader`: `GET_KVLIST_BY_NAMESPACE`.
    pub struct GetKvListByNamespaceRequestHeader {
        namespace "namespace": String,
    }

    /// RocketMQ `DeleteTopicFromNamesrvRequestHeader`: `DELETE_TOPIC_IN_NAMESRV`.
    pub struct DeleteTopicFromNamesrvRequestHeader {
        topic "topic": String,
        cluster_name "clusterName": Option<String>,
    }

    /// RocketMQ `GetTopicsByClusterRequestHeader`: `GET_TOPICS_BY_CLUSTER`.
    pub struct GetTopicsByClusterRequestHeader {
        cluster "cluster": String,
    }

    /// RocketMQ `WipeWritePermOfBrokerRequestHeader`: `WIPE_WRITE_PERM_OF_BROKER`.
    pub struct WipeWritePermOfBrokerRequestHeader {
        broker_name "brokerName": String,
    }

    /// RocketMQ `WipeWritePermOfBrokerResponseHeader`.
    pub struct WipeWritePermOfBrokerResponseHeader {
        wipe_topic_count "wipeTopicCount": i32,
    }

    /// RocketMQ `AddWritePermOfBrokerRequestHeader`: `ADD_WRITE_PERM_OF_BROKER`.
    pub struct AddWritePermOfBrokerRequestHeader {
        broker_name "brokerName": String,
    }

    /// RocketMQ `AddWritePermOfBrokerResponseHeader`.
    pub struct AddWritePermOfBrokerResponseHeader {
        add_topic_count "addTopicCount": i32,
    }

    /// RocketMQ `NotifyMinBrokerIdChangeRequestHeader`: `NOTIFY_MIN_BROKER_ID_CHANGE`.
    pub struct NotifyMinBrokerIdChangeRequestHeader {
        min_broker_id "minBrokerId": Option<i64>,
        broker_name "brokerName": Option<String>,
        min_broker_addr "minBrokerAddr": Option<String>,
        offline_broker_addr "offlineBrokerAddr": Option<String>,
        ha_broker_addr "haBrokerAddr": Option<String>,
    }
}
