//! What tools are answered, over real connections.

mod groups;
mod hostile;
mod offsets;
mod relayed;
mod settings;
mod stats;
mod topics;

use protocol::codec::WriteHeader;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use crate::testing::TestBroker;

/// Asks and fails unless the answer is a success.
async fn ask(broker: &TestBroker, code: RequestCode, header: &impl WriteHeader) -> RemotingCommand {
    let answer = broker
        .ask(RemotingCommand::request(code).with_header(header))
        .await;
    assert!(answer.is_success(), "{answer:?}");
    answer
}

/// Asks and fails unless the answer is a refusal.
async fn refused(
    broker: &TestBroker,
    code: RequestCode,
    header: &impl WriteHeader,
) -> (ResponseCode, String) {
    let answer = broker
        .ask(RemotingCommand::request(code).with_header(header))
        .await;
    refusal_of(&answer)
}

fn refusal_of(answer: &RemotingCommand) -> (ResponseCode, String) {
    assert!(!answer.is_success(), "{answer:?}");
    (
        answer.response_code().unwrap(),
        answer.remark.clone().unwrap_or_default(),
    )
}

/// A request that holds nothing but a body.
async fn ask_with_body(broker: &TestBroker, code: RequestCode, body: Vec<u8>) -> RemotingCommand {
    broker
        .ask(RemotingCommand::request(code).with_body(body))
        .await
}

/// A broker with a topic of four queues, the first of which has three messages.
async fn broker_with_messages() -> TestBroker {
    let broker = TestBroker::start().await;
    for body in ["a", "b", "c"] {
        broker
            .send("orders", "TAGS\u{1}TagA\u{2}", body.as_bytes())
            .await;
    }
    broker
}
