//! The requests that brokers send to clients (RocketMQ `ClientRemotingProcessor`).

use std::sync::{Arc, Weak};

use protocol::body::ResetOffsetBody;
use protocol::codec::ReadHeader;
use protocol::header::{
    ConsumeMessageDirectlyResultRequestHeader, GetConsumerRunningInfoRequestHeader,
    GetConsumerStatusRequestHeader, NoHeader, NotifyConsumerIdsChangedRequestHeader,
    ResetOffsetRequestHeader,
};
use protocol::message::{MessageExt, RecordView};
use protocol::{CommandView, RequestCode, ResponseCode};
use remoting::{Connection, NoRequests, Processor, Reply};

use crate::consumer::push::Member;
use crate::shared::Shared;

/// Passes requests on to the consumers of one client.
pub(crate) struct ServerRequests {
    shared: Weak<Shared>,
}

impl ServerRequests {
    pub(crate) const fn new(shared: Weak<Shared>) -> Self {
        Self { shared }
    }

    fn consumer(&self, group: &str) -> Option<Arc<Member>> {
        self.shared.upgrade()?.groups.consumer(group)
    }

    fn notify_changed(&self, request: &CommandView<'_>, reply: Reply<'_>) {
        let Some((header, reply)) = read::<NotifyConsumerIdsChangedRequestHeader>(request, reply)
        else {
            return;
        };
        if let Some(member) = self.consumer(&header.consumer_group) {
            member.members_changed();
        }
        reply.success(&NoHeader);
    }

    fn reset_offset(&self, request: &CommandView<'_>, reply: Reply<'_>) {
        let Some((header, reply)) = read::<ResetOffsetRequestHeader>(request, reply) else {
            return;
        };
        match ResetOffsetBody::from_json(request.body()) {
            Ok(body) => {
                if let Some(member) = self.consumer(&header.group) {
                    tokio::spawn(async move { member.reset_offsets(body.offset_table).await });
                }
                reply.success(&NoHeader);
            }
            Err(error) => reply.error(ResponseCode::SystemError, &error.to_string()),
        }
    }

    fn status(&self, request: &CommandView<'_>, reply: Reply<'_>) {
        let Some((header, reply)) = read::<GetConsumerStatusRequestHeader>(request, reply) else {
            return;
        };
        match self.consumer(&header.group) {
            Some(member) => answer(reply, &member.status_of(&header.topic).to_json()),
            None => not_here(reply, &header.group),
        }
    }

    fn running_info(&self, request: &CommandView<'_>, reply: Reply<'_>) {
        let Some((header, reply)) = read::<GetConsumerRunningInfoRequestHeader>(request, reply)
        else {
            return;
        };
        match self.consumer(&header.consumer_group) {
            Some(member) => answer(reply, &member.running_info().to_json()),
            None => not_here(reply, &header.consumer_group),
        }
    }

    fn consume_directly(&self, request: &CommandView<'_>, reply: Reply<'_>) {
        type Header = ConsumeMessageDirectlyResultRequestHeader;
        let Some((header, reply)) = read::<Header>(request, reply) else {
            return;
        };
        let Some(member) = self.consumer(&header.consumer_group) else {
            return not_here(reply, &header.consumer_group);
        };
        let message = RecordView::parse(request.body())
            .and_then(|record| MessageExt::from_record(&record, true));
        match message {
            Ok(message) => {
                let deferred = reply.defer();
                tokio::spawn(async move {
                    let result = member.consume_directly(message, header.broker_name).await;
                    deferred.answer(ResponseCode::Success, None, &NoHeader, &result.to_json());
                });
            }
            Err(error) => reply.error(ResponseCode::SystemError, &error.to_string()),
        }
    }
}

impl Processor for ServerRequests {
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>) {
        match RequestCode::from_code(request.code()) {
            Some(RequestCode::NotifyConsumerIdsChanged) => self.notify_changed(request, reply),
            Some(RequestCode::ResetConsumerClientOffset) => self.reset_offset(request, reply),
            Some(RequestCode::GetConsumerStatusFromClient) => self.status(request, reply),
            Some(RequestCode::GetConsumerRunningInfo) => self.running_info(request, reply),
            Some(RequestCode::ConsumeMessageDirectly) => self.consume_directly(request, reply),
            _ => NoRequests.process(request, connection, reply),
        }
    }
}

/// The header, or an answer that says what is wrong with it.
fn read<'r, H: ReadHeader>(request: &CommandView<'_>, reply: Reply<'r>) -> Option<(H, Reply<'r>)> {
    match request.header() {
        Ok(header) => Some((header, reply)),
        Err(error) => {
            reply.error(ResponseCode::SystemError, &error.to_string());
            None
        }
    }
}

fn answer(reply: Reply<'_>, body: &[u8]) {
    reply.answer(ResponseCode::Success, None, &NoHeader, body);
}

/// RocketMQ's words for a group that this client has no consumer of.
fn not_here(reply: Reply<'_>, group: &str) {
    let remark = format!("The Consumer Group <{group}> not exist in this consumer");
    reply.error(ResponseCode::SystemError, &remark);
}
