//! Which function answers which request code.
//!
//! Every function runs inline on the connection's task and gives exactly one answer, at once or
//! through [`Reply::defer`]. Invariant: this is the only place that knows all codes.

use std::sync::Arc;

use protocol::codec::CommandView;
use protocol::{RequestCode, ResponseCode};
use remoting::{Connection, Processor, Reply};

use crate::broker::BrokerContext;

mod admin;
mod answer;
mod client;
mod consumer;
mod lock;
pub(crate) mod pull;
mod query;
mod remark;
mod send;
mod send_back;

/// Hands requests to the function of their code.
#[derive(Debug)]
pub(crate) struct BrokerProcessor {
    broker: Arc<BrokerContext>,
}

impl BrokerProcessor {
    pub(crate) fn new(broker: Arc<BrokerContext>) -> Self {
        Self { broker }
    }
}

impl Processor for BrokerProcessor {
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>) {
        dispatch(&self.broker, request, connection, reply);
    }

    fn closed(&self, connection: &Arc<Connection>) {
        self.broker.held_pulls.connection_closed(connection.id());
        client::connection_closed(&self.broker, connection);
    }
}

fn dispatch(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
    reply: Reply<'_>,
) {
    use RequestCode as Code;
    let Some(code) = Code::from_code(request.code()) else {
        return not_supported(request.code(), reply);
    };
    let process = match code {
        // the hot ones
        Code::SendMessage | Code::SendMessageV2 | Code::SendBatchMessage => send::send_message,
        Code::PullMessage | Code::LitePullMessage => pull::pull_message,
        Code::QueryMessage => query::query_message,
        Code::ViewMessageById => query::view_message_by_id,
        // clients
        Code::HeartBeat => client::heart_beat,
        Code::UnregisterClient => client::unregister_client,
        Code::GetConsumerListByGroup => client::get_consumer_list_by_group,
        Code::CheckClientConfig => client::check_client_config,
        Code::QueryConsumerOffset => consumer::query_consumer_offset,
        Code::UpdateConsumerOffset => consumer::update_consumer_offset,
        Code::LockBatchMq => lock::lock_batch_mq,
        Code::UnlockBatchMq => lock::unlock_batch_mq,
        Code::ConsumerSendMsgBack => send_back::consumer_send_msg_back,
        // tools
        _ => match admin::find(code) {
            Some(process) => process,
            None => return not_supported(request.code(), reply),
        },
    };
    process(broker, request, connection, reply);
}

pub(crate) use admin::Budget as AdminBudget;
pub(crate) use client::remove_silent_clients;

/// What answers a request code.
pub(crate) type ProcessFn = fn(&Arc<BrokerContext>, &CommandView<'_>, &Arc<Connection>, Reply<'_>);

/// Java's words for a code without a processor, and the code's name for people.
fn not_supported(code: i32, reply: Reply<'_>) {
    let remark = RequestCode::from_code(code).map_or_else(
        || format!(" request type {code} not supported"),
        |known| format!(" request type {code} not supported ({known})"),
    );
    reply.error(ResponseCode::RequestCodeNotSupported, &remark);
}
