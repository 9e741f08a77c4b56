//! Which function answers which request code.
//!
//! Each takes the request and returns the whole answer; only those that wait for the disk give
//! theirs later. Invariant: nothing here decides who has which topic, that is `route_info`'s.

mod brokers;
mod kv;
mod lists;
mod route;
mod settings;
mod topics;

use crate::node::Node;
use protocol::codec::HeaderError;
use protocol::json::JsonError;
use protocol::{CommandView, RemotingCommand, RequestCode, ResponseCode};
use remoting::{Connection, Processor, Reply};
use std::sync::Arc;

/// Answers the requests of a name server.
#[derive(Debug)]
pub(crate) struct NamesrvProcessor {
    node: Arc<Node>,
}

impl NamesrvProcessor {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node }
    }
}

impl Processor for NamesrvProcessor {
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>) {
        use RequestCode as Code;
        let node = &*self.node;
        let answer = match Code::from_code(request.code()) {
            Some(Code::GetRouteinfoByTopic) => route::get_route_info_by_topic(node, request),

            Some(Code::RegisterBroker) => brokers::register_broker(node, request, connection),
            Some(Code::UnregisterBroker) => brokers::unregister_broker(node, request),
            Some(Code::BrokerHeartbeat) => brokers::broker_heartbeat(node, request),
            Some(Code::QueryDataVersion) => brokers::query_data_version(node, request),
            Some(Code::GetBrokerMemberGroup) => brokers::get_broker_member_group(node, request),
            Some(Code::GetBrokerClusterInfo) => Ok(brokers::get_broker_cluster_info(node)),
            Some(Code::WipeWritePermOfBroker) => brokers::wipe_write_perm(node, request),
            Some(Code::AddWritePermOfBroker) => brokers::add_write_perm(node, request),

            Some(Code::RegisterTopicInNamesrv) => topics::register_topic(node, request),
            Some(Code::DeleteTopicInNamesrv) => topics::delete_topic(node, request),

            Some(Code::GetAllTopicListFromNameserver) => lists::all_topics(node),
            Some(Code::GetTopicsByCluster) => lists::topics_by_cluster(node, request),
            Some(Code::GetSystemTopicListFromNs) => Ok(lists::system_topics(node)),
            Some(
                code @ (Code::GetUnitTopicList
                | Code::GetHasUnitSubTopicList
                | Code::GetHasUnitSubUnunitTopicList),
            ) => lists::unit_topics(node, code),

            Some(Code::PutKvConfig) => return kv::put(&self.node, request, reply),
            Some(Code::DeleteKvConfig) => return kv::delete(&self.node, request, reply),
            Some(Code::GetKvConfig) => kv::get(node, request),
            Some(Code::GetKvlistByNamespace) => kv::list(node, request),

            Some(Code::UpdateNamesrvConfig) => settings::update(node, request, connection),
            Some(Code::GetNamesrvConfig) => Ok(settings::get(node)),

            _ => Err(not_supported(request.code())),
        };
        give(reply, answer);
    }

    fn closed(&self, connection: &Arc<Connection>) {
        self.node.forget(connection);
    }
}

/// What a request comes to.
type Answer = Result<RemotingCommand, Failure>;

/// Why a request is not granted.
#[derive(Debug)]
struct Failure {
    code: ResponseCode,
    remark: String,
}

impl Failure {
    fn new(code: ResponseCode, remark: impl Into<String>) -> Self {
        Self {
            code,
            remark: remark.into(),
        }
    }

    fn system_error(remark: &(impl ToString + ?Sized)) -> Self {
        Self::new(ResponseCode::SystemError, remark.to_string())
    }
}

impl From<HeaderError> for Failure {
    fn from(error: HeaderError) -> Self {
        Self::system_error(&error)
    }
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::system_error(&format!("the body cannot be read: {error}"))
    }
}

fn give(reply: Reply<'_>, answer: Answer) {
    match answer {
        Ok(response) => reply.command(response),
        Err(failure) => reply.error(failure.code, &failure.remark),
    }
}

fn success() -> RemotingCommand {
    RemotingCommand::response(ResponseCode::Success)
}

/// RocketMQ's own words, and the name of the code for people.
fn not_supported(code: i32) -> Failure {
    let known = RequestCode::from_code(code)
        .map(|known| format!(" ({known})"))
        .unwrap_or_default();
    Failure::new(
        ResponseCode::RequestCodeNotSupported,
        format!(" request type {code} not supported{known}"),
    )
}
