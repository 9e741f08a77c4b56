//! The KV configuration: changes are answered once they are on disk, where they are kept there.

use super::{Answer, Failure, give, success};
use crate::node::Node;
use protocol::body::KvTable;
use protocol::header::{
    DeleteKvConfigRequestHeader, GetKvConfigRequestHeader, GetKvConfigResponseHeader,
    GetKvListByNamespaceRequestHeader, NoHeader, PutKvConfigRequestHeader,
};
use protocol::{CommandView, ResponseCode};
use remoting::Reply;
use std::sync::Arc;

pub(super) fn put(node: &Arc<Node>, request: &CommandView<'_>, reply: Reply<'_>) {
    match try_put(node, request) {
        Ok(()) => persist(node, reply),
        Err(failure) => give(reply, Err(failure)),
    }
}

fn try_put(node: &Node, request: &CommandView<'_>) -> Result<(), Failure> {
    let header: PutKvConfigRequestHeader = request.header()?;
    node.kv
        .put(&header.namespace, &header.key, &header.value)
        .map_err(|error| Failure::system_error(&error))
}

pub(super) fn delete(node: &Arc<Node>, request: &CommandView<'_>, reply: Reply<'_>) {
    match request.header::<DeleteKvConfigRequestHeader>() {
        Ok(header) => {
            node.kv.delete(&header.namespace, &header.key);
            persist(node, reply);
        }
        Err(error) => give(reply, Err(error.into())),
    }
}

/// Answers when the change is on disk. The disk is waited for on another thread: other requests do
/// not wait with it.
fn persist(node: &Arc<Node>, reply: Reply<'_>) {
    if !node.kv.is_persistent() {
        return reply.success(&NoHeader);
    }
    let node = Arc::clone(node);
    let deferred = reply.defer();
    tokio::task::spawn_blocking(move || match node.kv.persist() {
        Ok(()) => deferred.success(&NoHeader),
        Err(error) => {
            tracing::error!(%error, "the KV configuration cannot be written");
            let remark = format!("changed in memory, but not on disk: {error}");
            deferred.error(ResponseCode::SystemError, &remark);
        }
    });
}

pub(super) fn get(node: &Node, request: &CommandView<'_>) -> Answer {
    let GetKvConfigRequestHeader { namespace, key } = request.header()?;
    let value = node.kv.get(&namespace, &key).ok_or_else(|| {
        let remark = format!("No config item, Namespace: {namespace} Key: {key}");
        Failure::new(ResponseCode::QueryNotFound, remark)
    })?;
    Ok(success().with_header(&GetKvConfigResponseHeader { value: Some(value) }))
}

pub(super) fn list(node: &Node, request: &CommandView<'_>) -> Answer {
    let GetKvListByNamespaceRequestHeader { namespace } = request.header()?;
    let table = node.kv.list(&namespace).ok_or_else(|| {
        let remark = format!("No config item, Namespace: {namespace}");
        Failure::new(ResponseCode::QueryNotFound, remark)
    })?;
    Ok(success().with_body(KvTable { table }.to_json()))
}
