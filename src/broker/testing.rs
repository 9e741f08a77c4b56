//! A broker on a real port with a folder of its own, and a client to speak to it, for tests.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clock::SystemClock;
use protocol::body::{ConsumerData, HeartbeatData, SubscriptionData};
use protocol::header::{PullMessageRequestHeader, SendMessageRequestHeader, pull_sys_flag};
use protocol::message::{MessageExt, records};
use protocol::{RemotingCommand, RequestCode};
use remoting::{Client, ClientConfig, NoRequests};
use tempfile::TempDir;

use crate::{Broker, BrokerConfig, StartError};

/// How long anything in a test may take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Below the ports that systems give out by themselves, which clients of other tests get.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| fastrand::u16(PORTS))
        .find(is_free)
        .unwrap()
}

/// Settings that suit a test: a free port, small files, a folder.
pub(crate) fn config_in(dir: &Path) -> BrokerConfig {
    BrokerConfig {
        listen_port: free_port(),
        store_path_root_dir: dir.to_owned(),
        mapped_file_size_commit_log: 16 * 1024 * 1024,
        mapped_file_size_consume_queue: 20_000,
        max_hash_slot_num: 1_000,
        max_index_num: 4_000,
        disk_max_used_space_ratio: 95,
        disk_space_clean_forcibly_ratio: 99,
        disk_space_warning_level_ratio: 100,
        ..BrokerConfig::default()
    }
}

pub(crate) struct TestBroker {
    pub(crate) broker: Broker,
    pub(crate) config: BrokerConfig,
    client: Client,
    dir: TempDir,
}

impl TestBroker {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl Fn(&mut BrokerConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config_in(dir.path());
        change(&mut config);
        Self::start_in(dir, config).await
    }

    async fn start_in(dir: TempDir, mut config: BrokerConfig) -> Self {
        loop {
            match Broker::start(config.clone(), SystemClock::shared()).await {
                Ok(broker) => {
                    return Self {
                        broker,
                        config,
                        client: client(),
                        dir,
                    };
                }
                // Another test was quicker.
                Err(StartError::Bind { .. }) => config.listen_port = free_port(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Ends the broker as `kill -9` would and starts it again in its folder.
    pub(crate) async fn kill_and_restart(self) -> Self {
        let Self {
            broker,
            config,
            dir,
            ..
        } = self;
        broker.kill().await;
        Self::start_in(dir, config).await
    }

    /// Stops the broker in good order and starts it again in its folder.
    pub(crate) async fn stop_and_restart(self) -> Self {
        let Self {
            broker,
            config,
            dir,
            ..
        } = self;
        broker.shutdown().await;
        Self::start_in(dir, config).await
    }

    pub(crate) fn addr(&self) -> String {
        self.broker.addr().to_string()
    }

    pub(crate) fn socket_addr(&self) -> SocketAddr {
        self.broker.addr()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) async fn ask(&self, request: RemotingCommand) -> RemotingCommand {
        self.client
            .invoke(&self.addr(), request, SOON)
            .await
            .unwrap()
    }

    pub(crate) async fn tell(&self, request: RemotingCommand) {
        self.client.oneway(&self.addr(), request).await.unwrap();
    }

    /// Sends as a new client does, and fails unless the message is stored.
    pub(crate) async fn send(&self, topic: &str, properties: &str, body: &[u8]) -> RemotingCommand {
        let header = SendMessageRequestHeader {
            properties,
            queue_id: 0,
            ..send_header(topic)
        };
        let answer = self.ask(send_request(&header, body)).await;
        assert!(answer.is_success(), "{answer:?}");
        answer
    }

    pub(crate) async fn pull(&self, header: &PullMessageRequestHeader<'_>) -> RemotingCommand {
        self.ask(pull_request(header)).await
    }

    /// Tells the broker what a group wants.
    pub(crate) async fn subscribe(&self, group: &str, subscriptions: Vec<SubscriptionData>) {
        let heartbeat = HeartbeatData {
            client_id: "127.0.0.1@test".to_owned(),
            consumer_data_set: vec![ConsumerData {
                group_name: group.to_owned(),
                subscription_data_set: subscriptions,
                ..ConsumerData::default()
            }],
            ..HeartbeatData::default()
        };
        let request =
            RemotingCommand::request(RequestCode::HeartBeat).with_body(heartbeat.to_json());
        let answer = self.ask(request).await;
        assert!(answer.is_success(), "{answer:?}");
    }
}

pub(crate) fn client() -> Client {
    Client::new(
        ClientConfig::default(),
        SystemClock::shared(),
        Arc::new(NoRequests),
    )
}

/// What a producer says of an ordinary message.
pub(crate) fn send_header(topic: &str) -> SendMessageRequestHeader<'_> {
    SendMessageRequestHeader {
        producer_group: "producers",
        topic,
        default_topic: "TBW102",
        default_topic_queue_nums: 4,
        queue_id: -1,
        sys_flag: 0,
        born_timestamp: 1_700_000_000_000,
        flag: 0,
        properties: "",
        reconsume_times: 0,
        unit_mode: false,
        max_reconsume_times: None,
        batch: false,
    }
}

pub(crate) fn send_request(header: &SendMessageRequestHeader<'_>, body: &[u8]) -> RemotingCommand {
    let code = if header.batch {
        RequestCode::SendBatchMessage
    } else {
        RequestCode::SendMessageV2
    };
    RemotingCommand::request(code)
        .with_header(header)
        .with_body(body.to_vec())
}

/// A pull from the start of queue 0 that brings its own subscription and does not wait.
pub(crate) fn pull_header(topic: &str) -> PullMessageRequestHeader<'_> {
    PullMessageRequestHeader {
        consumer_group: "consumers",
        topic,
        queue_id: 0,
        queue_offset: 0,
        max_msg_nums: 32,
        sys_flag: pull_sys_flag::SUBSCRIPTION,
        commit_offset: 0,
        suspend_timeout_millis: 0,
        subscription: Some("*"),
        sub_version: 0,
        expression_type: None,
        max_msg_bytes: None,
    }
}

pub(crate) fn pull_request(header: &PullMessageRequestHeader<'_>) -> RemotingCommand {
    RemotingCommand::request(RequestCode::PullMessage).with_header(header)
}

/// The messages of an answer.
pub(crate) fn messages(answer: &RemotingCommand) -> Vec<MessageExt> {
    let read = records(&answer.body).map(|record| MessageExt::from_record(&record.unwrap(), false));
    read.collect::<Result<_, _>>().unwrap()
}

/// The bodies of the messages of an answer.
pub(crate) fn bodies(answer: &RemotingCommand) -> Vec<String> {
    let messages = messages(answer);
    messages
        .iter()
        .map(|message| String::from_utf8_lossy(&message.body).into_owned())
        .collect()
}

/// Asks again and again until `is_so`, which has to be soon.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    let poll = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, poll)
        .await
        .expect("it should be so by now");
}
