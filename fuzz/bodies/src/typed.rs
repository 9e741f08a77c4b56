//! Every typed header and body: the first two bytes choose which one reads the rest.

// Clippy lets tests import so without asking.
#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the lists below name nearly all that these modules have"
    )
)]

use std::fmt::Debug;

use protocol::body::*;
use protocol::codec::{ReadHeader, SerializeType, WriteHeader};
use protocol::frame::Frame;
use protocol::header::*;
use protocol::{RemotingCommand, RequestCode};

/// A header that can be read from a command is written so that it reads the same.
fn header<H: ReadHeader + WriteHeader + PartialEq + Debug>(command: &RemotingCommand) {
    if let Ok(header) = command.header::<H>() {
        let again = RemotingCommand::request(RequestCode::SendMessage).with_header(&header);
        match again.header::<H>() {
            Ok(again) => assert_eq!(again, header),
            // A field that must be there and is empty does not travel in the binary form.
            Err(error) => assert!(error.to_string().is_empty(), "{header:?}: {error}"),
        }
    }
}

/// A body that can be read is written so that it reads the same.
fn body<B: PartialEq + Debug, E: Debug>(
    text: &[u8],
    from_json: impl Fn(&[u8]) -> Result<B, E>,
    to_json: impl Fn(&B) -> Vec<u8>,
) {
    if let Ok(body) = from_json(text) {
        let written = to_json(&body);
        let again = from_json(&written).expect("a body of ours can be read");
        assert_eq!(again, body, "{}", String::from_utf8_lossy(&written));
    }
}

macro_rules! headers {
    ($($header:ident)+) => {
        const HEADERS: &[fn(&RemotingCommand)] = &[$(header::<$header>),+];
    };
}

macro_rules! bodies {
    ($($body:ident)+) => {
        const BODIES: &[fn(&[u8])] = &[
            $(|text| body(text, $body::from_json, $body::to_json),)+
            |text| body(text, TopicRouteData::from_json, |route| route.to_json(true)),
            |text| body(text, TopicRouteData::from_json, |route| route.to_json(false)),
            compressed_registration,
        ];
    };
}

headers! {
    AckMessageRequestHeader AddWritePermOfBrokerRequestHeader AddWritePermOfBrokerResponseHeader
    BrokerHeartbeatRequestHeader ChangeInvisibleTimeRequestHeader
    ChangeInvisibleTimeResponseHeader CheckTransactionStateRequestHeader
    CloneGroupOffsetRequestHeader ConsumeMessageDirectlyResultRequestHeader
    ConsumerSendMsgBackRequestHeader CreateTopicRequestHeader DeleteKvConfigRequestHeader
    DeleteSubscriptionGroupRequestHeader DeleteTopicFromNamesrvRequestHeader
    DeleteTopicRequestHeader EndTransactionRequestHeader ExchangeHaInfoRequestHeader
    ExchangeHaInfoResponseHeader GetAllSubscriptionGroupRequestHeader
    GetAllSubscriptionGroupResponseHeader GetAllTopicConfigRequestHeader
    GetAllTopicConfigResponseHeader GetBrokerConfigResponseHeader
    GetBrokerMemberGroupRequestHeader GetConsumeStatsInBrokerRequestHeader
    GetConsumeStatsRequestHeader GetConsumerConnectionListRequestHeader
    GetConsumerListByGroupRequestHeader GetConsumerRunningInfoRequestHeader
    GetConsumerStatusRequestHeader GetEarliestMsgStoretimeRequestHeader
    GetEarliestMsgStoretimeResponseHeader GetKvConfigRequestHeader GetKvConfigResponseHeader
    GetKvListByNamespaceRequestHeader GetMaxOffsetRequestHeader GetMaxOffsetResponseHeader
    GetMinOffsetRequestHeader GetMinOffsetResponseHeader GetProducerConnectionListRequestHeader
    GetRouteInfoRequestHeader GetSubscriptionGroupConfigRequestHeader GetTopicConfigRequestHeader
    GetTopicStatsInfoRequestHeader GetTopicsByClusterRequestHeader
    NoHeader NotificationRequestHeader NotificationResponseHeader
    NotifyConsumerIdsChangedRequestHeader NotifyMinBrokerIdChangeRequestHeader
    PeekMessageRequestHeader PollingInfoRequestHeader PollingInfoResponseHeader
    PopMessageRequestHeader PopMessageResponseHeader PullMessageResponseHeader
    PutKvConfigRequestHeader QueryConsumeQueueRequestHeader QueryConsumeTimeSpanRequestHeader
    QueryConsumerOffsetRequestHeader QueryConsumerOffsetResponseHeader
    QueryCorrectionOffsetRequestHeader QueryDataVersionRequestHeader
    QueryDataVersionResponseHeader QueryMessageRequestHeader QueryMessageResponseHeader
    QuerySubscriptionByConsumerRequestHeader QueryTopicConsumeByWhoRequestHeader
    QueryTopicsByConsumerRequestHeader RecallMessageRequestHeader RecallMessageResponseHeader
    RegisterBrokerRequestHeader RegisterBrokerResponseHeader RegisterTopicRequestHeader
    ReplyMessageRequestHeader ResetMasterFlushOffsetRequestHeader ResetOffsetRequestHeader
    ResumeCheckHalfMessageRequestHeader SearchOffsetRequestHeader SearchOffsetResponseHeader
    SendMessageResponseHeader UnregisterBrokerRequestHeader UnregisterClientRequestHeader
    UpdateConsumerOffsetRequestHeader UpdateGroupForbiddenRequestHeader
    ViewBrokerStatsDataRequestHeader ViewMessageRequestHeader WipeWritePermOfBrokerRequestHeader
    WipeWritePermOfBrokerResponseHeader
}

bodies! {
    QueryAssignmentRequestBody QueryAssignmentResponseBody SetMessageRequestModeRequestBody
    MessageRequestModeSerializeWrapper UserInfo AclInfo BatchAckMessageRequestBody ClusterInfo
    BrokerMemberGroup GetBrokerMemberGroupResponseBody ConsumerConnection ProducerConnection
    ProducerTableInfo QueryConsumeQueueResponseBody BrokerReplicasInfo EpochEntryCache DataVersion
    HaRuntimeInfo HeartbeatData KvTable TopicList GroupList GetConsumerListByGroupResponseBody
    LockBatchRequestBody LockBatchResponseBody ConsumerOffsetSerializeWrapper
    DelayOffsetSerializeWrapper ResetOffsetBody GetConsumerStatusBody QueryCorrectionOffsetBody
    RegisterBrokerBody ConsumerRunningInfo ConsumeMessageDirectlyResult TopicQueueMappingInfo
    TopicQueueMappingDetail TopicStatsTable ConsumeStats ConsumeStatsList BrokerStatsData
    SubscriptionData QuerySubscriptionResponseBody CheckClientRequestBody SubscriptionGroupConfig
    SubscriptionGroupWrapper SubscriptionGroupList GroupForbidden QueryConsumeTimeSpanBody TopicConfig
    TopicConfigSerializeWrapper TopicConfigAndMappingSerializeWrapper CreateTopicListRequestBody
}

fn compressed_registration(bytes: &[u8]) {
    for has_mappings in [false, true] {
        if let Ok(body) = RegisterBrokerBody::from_compressed(bytes, has_mappings) {
            let _any = body.to_compressed();
        }
    }
    // The text within is what matters; it is seldom found behind a compression.
    if let Ok(body) = RegisterBrokerBody::from_json(bytes)
        && let Ok(written) = body.to_compressed()
    {
        let again = RegisterBrokerBody::from_compressed(&written, true);
        assert!(again.is_ok(), "{again:?}");
    }
}

/// How many headers and bodies there are: the first byte of an input counts modulo these.
pub(crate) const COUNTS: (usize, usize) = (HEADERS.len(), BODIES.len());

/// Even first bytes choose a header, odd ones a body; the second byte says which.
pub fn typed(data: &[u8]) {
    let [kind, which, rest @ ..] = data else {
        return;
    };
    let which = usize::from(*which);
    if kind % 2 == 1 {
        BODIES[which % BODIES.len()](rest);
        return;
    }
    let serialize_type = if kind % 4 == 0 {
        SerializeType::Json
    } else {
        SerializeType::RocketMq
    };
    let frame = Frame {
        serialize_type,
        header: rest,
        body: &[],
    };
    if let Ok(command) = RemotingCommand::decode(frame) {
        HEADERS[which % HEADERS.len()](&command);
    }
}
