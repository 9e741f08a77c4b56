//! What a node does with the requests that reach it.

use crate::{Connection, Reply};
use protocol::{CommandView, ResponseCode};
use std::sync::Arc;

/// Handles the requests of every connection of a node.
pub trait Processor: Send + Sync + 'static {
    /// Handles one request, on the task of its connection: whatever is slow here delays the requests
    /// behind it, so what has to wait calls [`Reply::defer`] and answers later.
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>);

    /// A connection has been made.
    fn opened(&self, connection: &Arc<Connection>) {
        _ = connection;
    }

    /// A connection is gone; called once for each that was opened.
    fn closed(&self, connection: &Arc<Connection>) {
        _ = connection;
    }
}

/// For clients that servers have nothing to ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRequests;

impl Processor for NoRequests {
    fn process(&self, request: &CommandView<'_>, _: &Arc<Connection>, reply: Reply<'_>) {
        let remark = format!(" request type {} not supported", request.code());
        reply.error(ResponseCode::RequestCodeNotSupported, &remark);
    }
}
