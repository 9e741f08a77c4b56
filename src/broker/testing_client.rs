//! A client that broker tests connect with: it remembers what the broker tells it, and answers what
//! the broker asks.

use std::sync::Arc;

use clock::SystemClock;
use parking_lot::Mutex;
use protocol::body::{ConsumerData, HeartbeatData, MessageModel, ProducerData, SubscriptionData};
use protocol::codec::CommandView;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Client, ClientConfig, Connection, Processor, Reply};

use crate::testing::{SOON, TestBroker, until};

/// A client with a connection of its own.
pub(crate) struct TestClient {
    id: String,
    addr: String,
    client: Client,
    ear: Arc<Ear>,
}

/// What the broker said, and what it is answered.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<RemotingCommand>>,
    answers: Mutex<Vec<(RequestCode, RemotingCommand)>>,
}

impl Processor for Ear {
    fn process(&self, request: &CommandView<'_>, _: &Arc<Connection>, reply: Reply<'_>) {
        self.heard.lock().push(request.to_command());
        let answers = self.answers.lock();
        let answer = answers
            .iter()
            .find(|(code, _)| code.code() == request.code());
        match answer {
            Some((_, answer)) => reply.command(answer.clone()),
            None => reply.error(ResponseCode::RequestCodeNotSupported, "not taught"),
        }
    }
}

impl TestClient {
    pub(crate) fn of(broker: &TestBroker, id: &str) -> Self {
        let ear = Arc::new(Ear::default());
        let processor = Arc::clone(&ear) as Arc<dyn Processor>;
        let client = Client::new(ClientConfig::default(), SystemClock::shared(), processor);
        Self {
            id: id.to_owned(),
            addr: broker.addr(),
            client,
            ear,
        }
    }

    /// Teaches the client an answer.
    pub(crate) fn answers(&self, code: RequestCode, answer: RemotingCommand) {
        self.ear.answers.lock().push((code, answer));
    }

    pub(crate) async fn ask(&self, request: RemotingCommand) -> RemotingCommand {
        self.client.invoke(&self.addr, request, SOON).await.unwrap()
    }

    pub(crate) async fn beat(&self, heartbeat: HeartbeatData) -> RemotingCommand {
        let heartbeat = HeartbeatData {
            client_id: self.id.clone(),
            ..heartbeat
        };
        self.ask(RemotingCommand::request(RequestCode::HeartBeat).with_body(heartbeat.to_json()))
            .await
    }

    /// Joins a consumer group with these topics.
    pub(crate) async fn consume(&self, group: &str, topics: &[&str]) {
        assert!(self.beat(consumer_of(group, topics)).await.is_success());
    }

    pub(crate) async fn produce(&self, group: &str) {
        let producer_data_set = vec![ProducerData {
            group_name: group.to_owned(),
        }];
        let heartbeat = HeartbeatData {
            producer_data_set,
            ..HeartbeatData::default()
        };
        assert!(self.beat(heartbeat).await.is_success());
    }

    /// What the broker said with this code.
    pub(crate) fn heard(&self, code: RequestCode) -> Vec<RemotingCommand> {
        let heard = self.ear.heard.lock();
        heard
            .iter()
            .filter(|command| command.code == code.code())
            .cloned()
            .collect()
    }

    /// Waits until the broker has said something so often.
    pub(crate) async fn hears(&self, code: RequestCode, times: usize) {
        until(async || self.heard(code).len() >= times).await;
        assert_eq!(self.heard(code).len(), times);
    }

    pub(crate) async fn hang_up(self) {
        self.client.shutdown().await;
    }
}

/// The heartbeat of a consumer.
pub(crate) fn consumer_of(group: &str, topics: &[&str]) -> HeartbeatData {
    let subscription = |topic: &&str| SubscriptionData::build(*topic, "*", None, 1).unwrap();
    HeartbeatData {
        consumer_data_set: vec![ConsumerData {
            group_name: group.to_owned(),
            message_model: MessageModel::Clustering,
            subscription_data_set: topics.iter().map(subscription).collect(),
            ..ConsumerData::default()
        }],
        ..HeartbeatData::default()
    }
}
