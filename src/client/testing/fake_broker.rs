//! A broker that keeps messages, offsets and members in memory: as much of a broker as a client
//! notices.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::body::{GetConsumerListByGroupResponseBody, HeartbeatData};
use protocol::header::{
    PullMessageResponseHeader, QueryConsumerOffsetResponseHeader, SendMessageResponseHeader,
};
use protocol::message::MessageExt;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::Deferred;

use super::{FakeServer, Said, message};

pub(crate) struct FakeBroker {
    server: FakeServer,
    name: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Messages by topic and queue.
    queues: BTreeMap<(String, i32), Vec<MessageExt>>,
    /// Offsets by group, topic and queue.
    offsets: BTreeMap<(String, String, i32), i64>,
    /// Client ids by group.
    members: BTreeMap<String, BTreeSet<String>>,
    held: Vec<Held>,
}

/// A pull that waits for a message.
struct Held {
    request: RemotingCommand,
    answer: Deferred,
}

impl Deref for FakeBroker {
    type Target = FakeServer;

    fn deref(&self) -> &FakeServer {
        &self.server
    }
}

impl FakeBroker {
    pub(crate) async fn start(name: &str) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let server = FakeServer::start().await;
        let shared = Arc::clone(&state);
        server.script(move |request, _| State::say(&shared, request));
        Self {
            server,
            name: name.to_owned(),
            state,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Stores messages with these bodies, behind what the queue has.
    pub(crate) fn put(&self, topic: &str, queue_id: i32, bodies: &[&str]) {
        for body in bodies {
            self.put_message(topic, queue_id, |message| {
                message.body = body.as_bytes().to_vec().into();
            });
        }
    }

    pub(crate) fn put_message(
        &self,
        topic: &str,
        queue_id: i32,
        change: impl FnOnce(&mut MessageExt),
    ) {
        let mut state = self.state.lock();
        let queue = state
            .queues
            .entry((topic.to_owned(), queue_id))
            .or_default();
        let mut message = message(topic, i64::try_from(queue.len()).unwrap());
        message.queue_id = queue_id;
        change(&mut message);
        queue.push(message);
        let woken = std::mem::take(&mut state.held);
        for Held { request, answer } in woken {
            match state.pull(&request) {
                Some(found) => answer.command(found),
                None => state.held.push(Held { request, answer }),
            }
        }
    }

    pub(crate) fn offset(&self, group: &str, topic: &str, queue_id: i32) -> Option<i64> {
        let key = (group.to_owned(), topic.to_owned(), queue_id);
        self.state.lock().offsets.get(&key).copied()
    }

    pub(crate) fn set_offset(&self, group: &str, topic: &str, queue_id: i32, offset: i64) {
        let key = (group.to_owned(), topic.to_owned(), queue_id);
        self.state.lock().offsets.insert(key, offset);
    }

    pub(crate) fn members(&self, group: &str) -> Vec<String> {
        let state = self.state.lock();
        state
            .members
            .get(group)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// As a broker that has been restarted.
    pub(crate) fn forget_members(&self) {
        self.state.lock().members.clear();
    }

    /// Sends a one-way request to everybody who is connected.
    pub(crate) fn push(&self, request: &RemotingCommand) {
        for connection in self.connections() {
            connection.push(request.clone()).unwrap();
        }
    }

    /// Tells everybody that the members of a group have changed.
    pub(crate) fn notify(&self, group: &str) {
        let code = RequestCode::NotifyConsumerIdsChanged;
        self.push(&RemotingCommand::request(code).with_field("consumerGroup", group));
    }
}

fn text<'a>(request: &'a RemotingCommand, name: &str) -> &'a str {
    request.ext_fields.get(name).unwrap_or_default()
}

fn number(request: &RemotingCommand, name: &str) -> i64 {
    text(request, name).parse().unwrap_or_default()
}

fn success() -> RemotingCommand {
    RemotingCommand::response(ResponseCode::Success)
}

impl State {
    fn say(shared: &Arc<Mutex<Self>>, request: &RemotingCommand) -> Option<Said> {
        let mut state = shared.lock();
        let said = match RequestCode::from_code(request.code)? {
            RequestCode::PullMessage => match state.pull(request) {
                Some(found) => found,
                None => {
                    let (shared, request) = (Arc::clone(shared), request.clone());
                    return Some(Said::Later(Box::new(move |answer| {
                        shared.lock().held.push(Held { request, answer });
                    })));
                }
            },
            RequestCode::SendMessageV2 | RequestCode::SendBatchMessage => state.send(request),
            RequestCode::HeartBeat => state.heart_beat(request),
            RequestCode::UnregisterClient => state.unregister(request),
            RequestCode::GetConsumerListByGroup => state.list(request),
            RequestCode::QueryConsumerOffset => state.offset(request),
            RequestCode::UpdateConsumerOffset => state.commit(request),
            RequestCode::GetMaxOffset => state.max_offset(request),
            RequestCode::ConsumerSendMsgBack => success(),
            _ => return None,
        };
        Some(Said::Answer(said))
    }

    /// The answer to a pull; `None` if it has to wait.
    fn pull(&self, request: &RemotingCommand) -> Option<RemotingCommand> {
        let key = (
            text(request, "topic").to_owned(),
            queue_of(request, "queueId"),
        );
        let none = Vec::new();
        let queue = self.queues.get(&key).unwrap_or(&none);
        let offset = number(request, "queueOffset");
        let max = queue.last().map_or(0, |last| last.queue_offset + 1);
        let min = queue.first().map_or(0, |first| first.queue_offset);
        let wanted = queue
            .iter()
            .filter(|message| message.queue_offset >= offset);
        let count = usize::try_from(number(request, "maxMsgNums")).unwrap();
        let found: Vec<&MessageExt> = wanted.take(count).collect();
        let (code, next) = match found.last() {
            _ if offset < min => (ResponseCode::PullOffsetMoved, min),
            _ if offset > max => (ResponseCode::PullOffsetMoved, max),
            Some(last) => (ResponseCode::Success, last.queue_offset + 1),
            None if number(request, "sysFlag") & 2 != 0 => return None,
            None => (ResponseCode::PullNotFound, offset),
        };
        let header = PullMessageResponseHeader {
            next_begin_offset: next,
            min_offset: min,
            max_offset: max,
            ..PullMessageResponseHeader::default()
        };
        let mut body = Vec::new();
        if code == ResponseCode::Success {
            found
                .iter()
                .for_each(|message| message.encode_record(&mut body).unwrap());
        }
        Some(
            RemotingCommand::response(code)
                .with_header(&header)
                .with_body(body),
        )
    }

    fn send(&mut self, request: &RemotingCommand) -> RemotingCommand {
        let key = (text(request, "b").to_owned(), queue_of(request, "e"));
        let queue = self.queues.entry(key).or_default();
        let queue_offset = i64::try_from(queue.len()).unwrap();
        let mut stored = message(text(request, "b"), queue_offset);
        stored.body = request.body.clone();
        queue.push(stored);
        success().with_header(&SendMessageResponseHeader {
            msg_id: format!("{queue_offset:032X}"),
            queue_id: queue_of(request, "e"),
            queue_offset,
            ..SendMessageResponseHeader::default()
        })
    }

    fn heart_beat(&mut self, request: &RemotingCommand) -> RemotingCommand {
        let data = HeartbeatData::from_json(&request.body).unwrap();
        for consumer in data.consumer_data_set {
            let members = self.members.entry(consumer.group_name).or_default();
            members.insert(data.client_id.clone());
        }
        success()
    }

    fn unregister(&mut self, request: &RemotingCommand) -> RemotingCommand {
        if let Some(members) = self.members.get_mut(text(request, "consumerGroup")) {
            members.remove(text(request, "clientID"));
        }
        success()
    }

    fn list(&self, request: &RemotingCommand) -> RemotingCommand {
        let group = text(request, "consumerGroup");
        match self
            .members
            .get(group)
            .filter(|members| !members.is_empty())
        {
            Some(members) => {
                let consumer_id_list = members.iter().cloned().collect();
                let body = GetConsumerListByGroupResponseBody { consumer_id_list };
                success().with_body(body.to_json())
            }
            None => RemotingCommand::response(ResponseCode::SystemError)
                .with_remark(format!("no consumer for this group, {group}")),
        }
    }

    fn offset(&self, request: &RemotingCommand) -> RemotingCommand {
        match self.offsets.get(&offset_key(request)) {
            Some(offset) => {
                success().with_header(&QueryConsumerOffsetResponseHeader { offset: *offset })
            }
            None => RemotingCommand::response(ResponseCode::QueryNotFound),
        }
    }

    fn commit(&mut self, request: &RemotingCommand) -> RemotingCommand {
        self.offsets
            .insert(offset_key(request), number(request, "commitOffset"));
        success()
    }

    fn max_offset(&self, request: &RemotingCommand) -> RemotingCommand {
        let key = (
            text(request, "topic").to_owned(),
            queue_of(request, "queueId"),
        );
        let count = self.queues.get(&key).map_or(0, Vec::len);
        success().with_field("offset", &count.to_string())
    }
}

fn queue_of(request: &RemotingCommand, name: &str) -> i32 {
    text(request, name).parse().unwrap()
}

fn offset_key(request: &RemotingCommand) -> (String, String, i32) {
    let group = text(request, "consumerGroup").to_owned();
    (
        group,
        text(request, "topic").to_owned(),
        queue_of(request, "queueId"),
    )
}
