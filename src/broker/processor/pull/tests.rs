//! Consumers of all kinds, over real sockets.

use std::time::Duration;

use protocol::body::SubscriptionData;
use protocol::header::{PullMessageRequestHeader, PullMessageResponseHeader, pull_sys_flag};
use protocol::{RemotingCommand, ResponseCode};

use crate::testing::{SOON, TestBroker, bodies, client, pull_header, pull_request, until};

const WAITS: i32 = pull_sys_flag::SUBSCRIPTION | pull_sys_flag::SUSPEND;

fn waiting(topic: &str) -> PullMessageRequestHeader<'_> {
    let millis = i64::try_from(SOON.as_millis()).unwrap();
    PullMessageRequestHeader {
        sys_flag: WAITS,
        suspend_timeout_millis: millis,
        ..pull_header(topic)
    }
}

/// Code, remark, next, min and max offset.
fn told(answer: &RemotingCommand) -> (ResponseCode, &str, i64, i64, i64) {
    let header: PullMessageResponseHeader = answer.header().unwrap();
    assert_eq!(header.suggest_which_broker_id, 0);
    (
        answer.response_code().unwrap(),
        answer.remark.as_deref().unwrap(),
        header.next_begin_offset,
        header.min_offset,
        header.max_offset,
    )
}

#[tokio::test]
async fn what_a_pull_finds_is_told_in_rocketmqs_codes() {
    use ResponseCode as Code;
    let broker = TestBroker::start().await;
    for body in ["a", "b", "c"] {
        broker
            .send("orders", "TAGS\u{1}TagA\u{2}", body.as_bytes())
            .await;
    }
    let pull = pull_header("orders");
    let at = |queue_id, queue_offset| PullMessageRequestHeader {
        queue_id,
        queue_offset,
        ..pull
    };

    let answer = broker.pull(&at(0, 1)).await;
    assert_eq!(told(&answer), (Code::Success, "FOUND", 3, 0, 3));
    assert_eq!(bodies(&answer), ["b", "c"]);
    let cases = [
        (
            at(0, 3),
            (Code::PullNotFound, "OFFSET_OVERFLOW_ONE", 3, 0, 3),
        ),
        (
            at(0, 4),
            (Code::PullOffsetMoved, "OFFSET_OVERFLOW_BADLY", 3, 0, 3),
        ),
        (
            at(0, -1),
            (Code::PullOffsetMoved, "OFFSET_TOO_SMALL", 0, 0, 3),
        ),
        (
            at(1, 0),
            (Code::PullNotFound, "NO_MESSAGE_IN_QUEUE", 0, 0, 0),
        ),
        (
            at(1, 5),
            (Code::PullOffsetMoved, "NO_MESSAGE_IN_QUEUE", 0, 0, 0),
        ),
        (
            PullMessageRequestHeader {
                subscription: Some("TagB"),
                ..pull
            },
            (Code::PullRetryImmediately, "NO_MATCHED_MESSAGE", 3, 0, 3),
        ),
    ];
    for (header, expected) in cases {
        let answer = broker.pull(&header).await;
        assert_eq!(told(&answer), expected, "{header:?}");
        assert!(answer.body.is_empty());
    }
    let one = PullMessageRequestHeader {
        max_msg_nums: 1,
        ..pull
    };
    assert_eq!(bodies(&broker.pull(&one).await), ["a"]);
    let none = PullMessageRequestHeader {
        max_msg_nums: 0,
        ..pull
    };
    assert_eq!(bodies(&broker.pull(&none).await), ["a"]);
}

#[tokio::test]
async fn a_pull_that_may_not_be_served_is_told_why() {
    use ResponseCode as Code;
    let broker = TestBroker::start_with(|config| {
        config.auto_create_subscription_group = false;
        config.enable_property_filter = false;
    })
    .await;
    broker.send("orders", "", b"x").await;
    // One of the groups that every broker has.
    let pull = PullMessageRequestHeader {
        consumer_group: "SELF_TEST_C_GROUP",
        ..pull_header("orders")
    };
    assert!(broker.pull(&pull).await.is_success());
    let by_heartbeat = PullMessageRequestHeader {
        sys_flag: 0,
        subscription: None,
        ..pull
    };
    let cases = [
        (
            PullMessageRequestHeader {
                consumer_group: "unknown",
                ..pull
            },
            Code::SubscriptionGroupNotExist,
            "subscription group [unknown] does not exist",
        ),
        (
            PullMessageRequestHeader {
                topic: "unknown",
                ..pull
            },
            Code::TopicNotExist,
            "topic[unknown] not exist",
        ),
        (
            PullMessageRequestHeader {
                queue_id: 4,
                ..pull
            },
            Code::InvalidParameter,
            "queueId[4] is illegal",
        ),
        (
            PullMessageRequestHeader {
                queue_id: -1,
                ..pull
            },
            Code::InvalidParameter,
            "queueId[-1] is illegal",
        ),
        (
            by_heartbeat,
            Code::SubscriptionNotExist,
            "the consumer's group info not exist",
        ),
    ];
    for (header, expected, remark) in cases {
        let answer = broker.pull(&header).await;
        assert_eq!(answer.response_code(), Some(expected), "{header:?}");
        assert!(
            answer.remark.as_deref().unwrap().starts_with(remark),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused() {
    use ResponseCode as Code;
    let broker = TestBroker::start_with(|config| config.enable_property_filter = false).await;
    broker.send("orders", "", b"x").await;
    let pull = pull_header("orders");
    let cases = [
        (
            PullMessageRequestHeader {
                subscription: Some("||"),
                ..pull
            },
            Code::SubscriptionParseFailed,
            "parse the consumer's subscription failed",
        ),
        (
            PullMessageRequestHeader {
                subscription: Some("a > 1"),
                expression_type: Some("SQL92"),
                ..pull
            },
            Code::SystemError,
            "The broker does not support consumer to filter message by SQL92",
        ),
        (
            PullMessageRequestHeader {
                subscription: Some("a >"),
                expression_type: Some("SQL92"),
                ..pull
            },
            Code::SubscriptionParseFailed,
            "parse the consumer's subscription failed: ",
        ),
        (
            PullMessageRequestHeader {
                subscription: Some("a > 1"),
                expression_type: Some("XPATH"),
                ..pull
            },
            Code::SubscriptionParseFailed,
            "parse the consumer's subscription failed",
        ),
    ];
    for (header, expected, remark) in cases {
        let answer = broker.pull(&header).await;
        assert_eq!(answer.response_code(), Some(expected), "{header:?}");
        let told = answer.remark.as_deref().unwrap();
        assert!(told.starts_with(remark), "{told}");
    }
}

#[tokio::test]
async fn a_heartbeat_says_what_a_group_wants() {
    use ResponseCode as Code;
    let broker = TestBroker::start().await;
    for tag in ["TagA", "TagB", "TagC"] {
        broker
            .send("orders", &format!("TAGS\u{1}{tag}\u{2}"), tag.as_bytes())
            .await;
    }
    let subscription = SubscriptionData {
        // Old C++ clients send hashes that are none.
        code_set: [0].into(),
        ..SubscriptionData::build("orders", "TagA || TagC", None, 5).unwrap()
    };
    broker.subscribe("consumers", vec![subscription]).await;
    let pull = PullMessageRequestHeader {
        sys_flag: 0,
        subscription: Some(""),
        sub_version: 5,
        ..pull_header("orders")
    };
    let answer = broker.pull(&pull).await;
    assert_eq!(bodies(&answer), ["TagA", "TagC"]);

    let newer = PullMessageRequestHeader {
        sub_version: 6,
        ..pull
    };
    let other = PullMessageRequestHeader {
        topic: "%RETRY%consumers",
        ..pull
    };
    let code = async |header| broker.pull(header).await.response_code();
    assert_eq!(code(&newer).await, Some(Code::SubscriptionNotLatest));
    assert_eq!(code(&other).await, Some(Code::SubscriptionNotExist));
}

#[tokio::test]
async fn a_pull_gets_what_its_expression_matches() {
    let broker = TestBroker::start().await;
    let send = async |amount: &str, tags: &str, body: &[u8]| {
        let properties = format!("amount\u{1}{amount}\u{2}TAGS\u{1}{tags}\u{2}");
        broker.send("orders", &properties, body).await;
    };
    send("5", "paid", b"small").await;
    send("50", "paid", b"large").await;
    send("many", "paid", b"no number").await;
    send("500", "open", b"not paid").await;
    broker.send("orders", "", b"nothing known").await;
    let pull = PullMessageRequestHeader {
        expression_type: Some("SQL92"),
        subscription: Some("amount > 10 AND TAGS = 'paid'"),
        ..pull_header("orders")
    };
    let answer = broker.pull(&pull).await;
    assert_eq!(
        told(&answer),
        (ResponseCode::Success, "FOUND", 5, 0, 5),
        "it goes on behind those that it has looked at"
    );
    assert_eq!(bodies(&answer), ["large"]);

    let none = PullMessageRequestHeader {
        subscription: Some("amount > 1000"),
        ..pull
    };
    let expected = (
        ResponseCode::PullRetryImmediately,
        "NO_MATCHED_MESSAGE",
        5,
        0,
        5,
    );
    assert_eq!(told(&broker.pull(&none).await), expected);
}

#[tokio::test]
async fn a_group_gets_what_the_expression_of_its_heartbeat_matches() {
    use ResponseCode as Code;
    let broker = TestBroker::start().await;
    for amount in ["5", "50"] {
        let properties = format!("amount\u{1}{amount}\u{2}");
        broker.send("orders", &properties, amount.as_bytes()).await;
    }
    let pull = PullMessageRequestHeader {
        sys_flag: 0,
        subscription: None,
        consumer_group: "sql-group",
        ..pull_header("orders")
    };
    let sql = |topic: &str, expression: &str, version| {
        SubscriptionData::build(topic, expression, Some("SQL92"), version).unwrap()
    };
    let says = async |data| broker.subscribe("sql-group", vec![data]).await;

    says(sql("orders", "amount > 10", 1)).await;
    assert_eq!(bodies(&broker.pull(&pull).await), ["50"]);
    // A later version takes the place of the earlier one, whatever it is.
    says(sql("orders", "amount < 10", 2)).await;
    assert_eq!(bodies(&broker.pull(&pull).await), ["5"]);
    says(sql("orders", "amount <", 3)).await;
    let answer = broker.pull(&pull).await;
    assert_eq!(answer.response_code(), Some(Code::FilterDataNotExist));

    broker
        .broker
        .context()
        .settings
        .change(b"enablePropertyFilter=false", 0)
        .unwrap();
    says(sql("orders", "amount < 10", 4)).await;
    let answer = broker.pull(&pull).await;
    assert_eq!(answer.response_code(), Some(Code::SystemError));
}

#[tokio::test]
async fn what_comes_back_after_a_failure_is_not_filtered_again() {
    let broker = TestBroker::start().await;
    broker.subscribe("g", Vec::new()).await;
    broker.send("%RETRY%g", "", b"again").await;
    let pull = PullMessageRequestHeader {
        expression_type: Some("SQL92"),
        subscription: Some("amount > 10"),
        ..pull_header("%RETRY%g")
    };
    assert_eq!(bodies(&broker.pull(&pull).await), ["again"]);
}

#[tokio::test]
async fn a_pull_that_waits_is_woken_by_the_message_its_expression_matches() {
    let broker = TestBroker::start().await;
    broker.send("orders", "amount\u{1}5\u{2}", b"old").await;
    let held = &broker.broker.context().held_pulls;
    let pull = PullMessageRequestHeader {
        queue_offset: 1,
        expression_type: Some("SQL92"),
        subscription: Some("amount > 10"),
        ..waiting("orders")
    };
    let answered = broker.pull(&pull);
    tokio::pin!(answered);
    let sends = async {
        until(async || held.count() == 1).await;
        for (amount, body) in [("7", "unwanted"), ("11", "wanted"), ("9", "later")] {
            let properties = format!("amount\u{1}{amount}\u{2}");
            broker.send("orders", &properties, body.as_bytes()).await;
        }
    };
    let (answer, ()) = tokio::join!(&mut answered, sends);
    assert_eq!(bodies(&answer), ["wanted"]);
    assert_eq!(told(&answer).2, 3, "the one before it was skipped");
}

#[tokio::test]
async fn a_pull_that_waits_is_woken_by_the_message_it_wants() {
    let broker = TestBroker::start().await;
    broker.send("orders", "", b"old").await;
    let header = PullMessageRequestHeader {
        queue_offset: 1,
        subscription: Some("TagA"),
        ..waiting("orders")
    };
    let (consumer, addr) = (client(), broker.addr());
    let request = pull_request(&header);
    let pull = tokio::spawn(async move { consumer.invoke(&addr, request, SOON).await.unwrap() });
    let held = &broker.broker.context().held_pulls;
    until(async || held.count() == 1).await;

    broker
        .send("orders", "TAGS\u{1}TagB\u{2}", b"not wanted")
        .await;
    assert_eq!(held.count(), 1);
    broker.send("orders", "TAGS\u{1}TagA\u{2}", b"wanted").await;
    let answer = pull.await.unwrap();
    assert_eq!(told(&answer), (ResponseCode::Success, "FOUND", 3, 0, 3));
    assert_eq!(bodies(&answer), ["wanted"]);
    assert_eq!(held.count(), 0);
}

#[tokio::test]
async fn no_wake_up_is_lost() {
    let broker = TestBroker::start().await;
    broker.send("ping", "", b"0").await;
    let (consumer, addr) = (client(), broker.addr());
    let puller = tokio::spawn(async move {
        for offset in 1..200 {
            let header = PullMessageRequestHeader {
                queue_offset: offset,
                ..waiting("ping")
            };
            let answer = consumer
                .invoke(&addr, pull_request(&header), SOON)
                .await
                .unwrap();
            assert_eq!(told(&answer).0, ResponseCode::Success, "{offset}");
        }
    });
    let sender = async {
        while !puller.is_finished() {
            broker.send("ping", "", b"x").await;
        }
    };
    tokio::time::timeout(SOON, sender)
        .await
        .expect("every pull should be answered");
    puller.await.unwrap();
}

#[tokio::test]
async fn many_pulls_for_one_queue_are_all_answered() {
    let broker = TestBroker::start().await;
    broker.send("orders", "", b"old").await;
    let mut pulls = tokio::task::JoinSet::new();
    let consumer = client();
    for _ in 0..100 {
        let (consumer, addr) = (consumer.clone(), broker.addr());
        let header = PullMessageRequestHeader {
            queue_offset: 1,
            ..waiting("orders")
        };
        let request = pull_request(&header);
        pulls.spawn(async move { consumer.invoke(&addr, request, SOON).await.unwrap() });
    }
    until(async || broker.broker.context().held_pulls.count() == 100).await;
    broker.send("orders", "", b"new").await;
    for answer in pulls.join_all().await {
        assert_eq!(bodies(&answer), ["new"]);
    }
}

#[tokio::test]
async fn a_pull_waits_as_long_as_it_asks_for() {
    let broker = TestBroker::start().await;
    broker.send("orders", "TAGS\u{1}TagA\u{2}", b"x").await;
    let brief = PullMessageRequestHeader {
        suspend_timeout_millis: 20,
        ..waiting("orders")
    };
    let end = PullMessageRequestHeader {
        queue_offset: 1,
        ..brief
    };
    let answer = broker.pull(&end).await;
    assert_eq!(
        told(&answer),
        (ResponseCode::PullNotFound, "OFFSET_OVERFLOW_ONE", 1, 0, 1)
    );
    let empty = PullMessageRequestHeader {
        queue_id: 1,
        ..brief
    };
    let answer = broker.pull(&empty).await;
    assert_eq!(
        told(&answer),
        (ResponseCode::PullNotFound, "NO_MESSAGE_IN_QUEUE", 0, 0, 0)
    );

    // What it did not want meanwhile need not be looked at again.
    let held = PullMessageRequestHeader {
        queue_offset: 1,
        subscription: Some("TagA"),
        suspend_timeout_millis: 300,
        ..waiting("orders")
    };
    let (consumer, addr, request) = (client(), broker.addr(), pull_request(&held));
    let pull = tokio::spawn(async move { consumer.invoke(&addr, request, SOON).await.unwrap() });
    until(async || broker.broker.context().held_pulls.count() == 1).await;
    broker.send("orders", "TAGS\u{1}TagB\u{2}", b"y").await;
    let answer = pull.await.unwrap();
    assert_eq!(
        told(&answer),
        (
            ResponseCode::PullRetryImmediately,
            "NO_MATCHED_MESSAGE",
            2,
            0,
            2
        )
    );
}

#[tokio::test]
async fn the_pulls_of_a_closed_connection_are_forgotten() {
    let broker = TestBroker::start().await;
    broker.send("orders", "", b"x").await;
    let consumer = client();
    let header = PullMessageRequestHeader {
        queue_offset: 1,
        ..waiting("orders")
    };
    let addr = broker.addr();
    let pull = {
        let (consumer, addr, request) = (consumer.clone(), addr.clone(), pull_request(&header));
        tokio::spawn(async move { consumer.invoke(&addr, request, SOON).await })
    };
    let held = &broker.broker.context().held_pulls;
    until(async || held.count() == 1).await;
    consumer.close(&addr);
    assert!(pull.await.unwrap().is_err());
    until(async || held.count() == 0).await;
    assert_eq!(held.next_deadline(), None);
}

#[tokio::test]
async fn a_stopping_broker_answers_the_pulls_that_wait() {
    let broker = TestBroker::start().await;
    broker.send("orders", "", b"x").await;
    let header = PullMessageRequestHeader {
        queue_offset: 1,
        ..waiting("orders")
    };
    let (consumer, addr, request) = (client(), broker.addr(), pull_request(&header));
    let pull = tokio::spawn(async move { consumer.invoke(&addr, request, SOON).await.unwrap() });
    until(async || broker.broker.context().held_pulls.count() == 1).await;
    tokio::time::timeout(Duration::from_secs(10), broker.broker.shutdown())
        .await
        .unwrap();
    assert_eq!(told(&pull.await.unwrap()).0, ResponseCode::PullNotFound);
}

#[tokio::test]
async fn a_pull_commits_the_progress_it_brings_along() {
    let broker = TestBroker::start().await;
    broker.send("orders", "", b"x").await;
    let commits = pull_sys_flag::SUBSCRIPTION | pull_sys_flag::COMMIT_OFFSET;
    let commit = async |commit_offset, sys_flag| {
        let pull = pull_header("orders");
        broker
            .pull(&PullMessageRequestHeader {
                commit_offset,
                sys_flag,
                ..pull
            })
            .await;
        broker
            .broker
            .context()
            .offsets
            .query_offset("consumers", "orders", 0)
    };
    assert_eq!(commit(7, pull_sys_flag::SUBSCRIPTION).await, None);
    assert_eq!(commit(-1, commits).await, None);
    assert_eq!(commit(1, commits).await, Some(1));
}

#[tokio::test]
async fn a_reset_sends_the_next_pull_elsewhere() {
    let broker = TestBroker::start().await;
    for body in ["a", "b"] {
        broker.send("orders", "", body.as_bytes()).await;
    }
    let context = broker.broker.context();
    context
        .offsets
        .assign_reset_offset("consumers", "orders", 0, 1)
        .unwrap();
    let pull = pull_header("orders");
    let answer = broker.pull(&pull).await;
    assert_eq!(
        told(&answer),
        (ResponseCode::PullOffsetMoved, "OFFSET_RESET", 1, 0, 2)
    );
    assert_eq!(bodies(&broker.pull(&pull).await), ["a", "b"]);
}
