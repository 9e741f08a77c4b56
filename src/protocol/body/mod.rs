//! The JSON bodies of requests and responses, and of RocketMQ's configuration files.
//!
//! `to_json` writes what a Java peer writes: fields in the order of their names, nothing for what
//! is missing, and the keys of a map as they are. `from_json` reads that and what peers in other
//! languages make of it: see [`json`].
//!
//! Names are those of Java; `…Wrapper` and `…Body` too, so that one finds them in its sources.

mod assignment;
mod auth;
mod base64;
mod batch_ack;
mod cluster_info;
mod connection;
mod consume_queue;
mod controller;
mod data_version;
mod ha;
mod heartbeat;
mod lists;
mod lock_batch;
mod message_queue;
mod offsets;
pub mod perm;
mod register_broker;
mod route;
mod running_info;
mod static_topic;
mod stats;
mod subscription;
mod subscription_group;
mod time_span;
mod topic_config;

use serde::Serialize;

use crate::json;

pub use assignment::{
    MessageQueueAssignment, MessageRequestMode, MessageRequestModeSerializeWrapper,
    QueryAssignmentRequestBody, QueryAssignmentResponseBody, SetMessageRequestModeRequestBody,
};
pub use auth::{AclInfo, PolicyEntryInfo, PolicyInfo, UserInfo};
pub use batch_ack::{BatchAck, BatchAckMessageRequestBody, BitSet};
pub use cluster_info::{BrokerMemberGroup, ClusterInfo, GetBrokerMemberGroupResponseBody};
pub use connection::{
    Connection, ConsumerConnection, ProducerConnection, ProducerInfo, ProducerTableInfo,
};
pub use consume_queue::{ConsumeQueueData, QueryConsumeQueueResponseBody};
pub use controller::{
    BrokerReplicasInfo, EpochEntry, EpochEntryCache, ReplicaIdentity, ReplicasInfo,
};
pub use data_version::DataVersion;
pub use ha::{HaClientRuntimeInfo, HaConnectionRuntimeInfo, HaRuntimeInfo};
pub use heartbeat::{
    ConsumeFromWhere, ConsumeType, ConsumerData, HeartbeatData, MessageModel, ProducerData,
};
pub use lists::{
    GetConsumerListByGroupResponseBody, GroupList, KvConfigSerializeWrapper, KvTable, TopicList,
};
pub use lock_batch::{LockBatchRequestBody, LockBatchResponseBody};
pub use message_queue::MessageQueue;
pub use offsets::{
    ConsumerOffsetSerializeWrapper, DelayOffsetSerializeWrapper, GetConsumerStatusBody,
    QueryCorrectionOffsetBody, ResetOffsetBody,
};
pub use register_broker::{RegisterBrokerBody, RegisterBrokerError};
pub use route::{BrokerData, QueueData, TopicRouteData};
pub use running_info::{
    CmResult, ConsumeMessageDirectlyResult, ConsumeStatus, ConsumerRunningInfo,
    PopProcessQueueInfo, ProcessQueueInfo, running_property,
};
pub use static_topic::{LogicQueueMappingItem, TopicQueueMappingDetail, TopicQueueMappingInfo};
pub use stats::{
    BrokerStatsData, BrokerStatsItem, ConsumeStats, ConsumeStatsList, OffsetWrapper, TopicOffset,
    TopicStatsTable,
};
pub use subscription::{
    CheckClientRequestBody, EXPRESSION_TYPE_SQL92, EXPRESSION_TYPE_TAG,
    QuerySubscriptionResponseBody, SUB_ALL, SubscriptionData, SubscriptionError,
};
pub use subscription_group::{
    CustomizedRetryPolicy, ExponentialRetryPolicy, GroupForbidden, GroupRetryPolicy,
    GroupRetryPolicyType, SimpleSubscriptionData, SubscriptionGroupConfig, SubscriptionGroupList,
    SubscriptionGroupWrapper,
};
pub use time_span::{QueryConsumeTimeSpanBody, QueueTimeSpan};
pub use topic_config::{
    CreateTopicListRequestBody, TopicConfig, TopicConfigAndMappingSerializeWrapper,
    TopicConfigSerializeWrapper, TopicFilterType,
};

/// Gives bodies their two conversions.
macro_rules! json_body {
    ($($body:ty),+ $(,)?) => {
        $(impl $body {
            /// Reads the body in any form that a peer may write.
            ///
            /// # Errors
            /// [`JsonError`](crate::json::JsonError) says what cannot be read, and where.
            pub fn from_json(text: &[u8]) -> Result<Self, crate::json::JsonError> {
                crate::json::from_slice(text)
            }

            /// Writes the body as Java does.
            #[must_use]
            pub fn to_json(&self) -> Vec<u8> {
                crate::body::write_json(self)
            }
        })+
    };
}
use json_body;

fn write_json<T: Serialize>(body: &T) -> Vec<u8> {
    json::to_vec(body).expect("a body has no part that refuses to be written")
}

fn write_standard_json<T: Serialize>(body: &T) -> Vec<u8> {
    json::to_vec_standard(body).expect("a body has no part that refuses to be written")
}

#[cfg(test)]
mod testing {
    //! What the tests of all bodies need.

    use std::fmt::Debug;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::json;

    /// Checks that the body is written just so, and read from that text and its standard form.
    #[track_caller]
    pub(super) fn golden<T>(body: &T, text: &str)
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let written = json::to_vec(body).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), text);
        assert_eq!(
            json::from_slice::<T>(text.as_bytes()).as_ref(),
            Ok(body),
            "{text}"
        );
        let standard = json::to_vec_standard(body).unwrap();
        assert!(
            serde_json::from_slice::<serde_json::Value>(&standard).is_ok(),
            "{text}"
        );
        assert_eq!(
            json::from_slice::<T>(&standard).as_ref(),
            Ok(body),
            "standard form of {text}"
        );
    }
}
