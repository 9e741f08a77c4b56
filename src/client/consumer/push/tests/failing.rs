//! Handlers that fail, panic or take too long.

use protocol::body::CheckClientRequestBody;
use protocol::{RequestCode, ResponseCode};

use super::*;
use crate::testing::Said;

const SEND_BACK: RequestCode = RequestCode::ConsumerSendMsgBack;

#[tokio::test]
async fn what_fails_goes_back_and_the_offset_goes_on() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["a"]);
    let listener = seen.always(Consumed::Later);
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    let back = cluster.a.wait_for(SEND_BACK).await;
    let field = |name| back.ext_fields.get(name);
    assert_eq!(
        (field("group"), field("originTopic")),
        (Some("g"), Some("T"))
    );
    assert_eq!(
        (field("offset"), field("delayLevel")),
        (Some("0"), Some("0"))
    );
    assert_eq!(field("maxReconsumeTimes"), Some("16"));
    assert_eq!(
        field("originMsgId"),
        Some("7F00000100002A9F0000000000000000")
    );
    until("the event", || {
        seen.has_event(|event| matches!(event, ConsumerEvent::SentBack { delay_level: 0, .. }))
    })
    .await;
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(1));
    assert_eq!(seen.bodies(), ["a"]);
}

#[tokio::test]
async fn a_handler_may_name_the_level_and_the_group_the_limit() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["a"]);
    let mut config = seen.config();
    config.reconsume_times_max = Some(3);
    let listener = seen.always(Consumed::LaterAtLevel(-1));
    let consumer = cluster
        .client()
        .push_consumer(config, listener)
        .await
        .unwrap();
    let back = cluster.a.wait_for(SEND_BACK).await;
    assert_eq!(back.ext_fields.get("delayLevel"), Some("-1"));
    assert_eq!(back.ext_fields.get("maxReconsumeTimes"), Some("3"));
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_filter_that_the_broker_refuses_is_an_error_at_the_start() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    let start = async |expression: &str| {
        let mut config = seen.config();
        let filter = FilterExpression::Sql92(expression.to_owned());
        config.subscriptions = vec![("T".to_owned(), filter)];
        let client = cluster.client();
        client
            .push_consumer(config, seen.always(Consumed::Success))
            .await
    };
    cluster.a.on(RequestCode::CheckClientConfig, |request| {
        let body = CheckClientRequestBody::from_json(&request.body).unwrap();
        assert_eq!(body.group, "g");
        let subscription = body.subscription_data;
        assert_eq!(subscription.expression_type, "SQL92");
        match subscription.sub_string.as_str() {
            "a >" => Said::code(ResponseCode::SubscriptionParseFailed, "a >\n   ^"),
            "old" => Said::code(ResponseCode::RequestCodeNotSupported, "what is 46?"),
            _ => Said::success(),
        }
    });
    let error = start("a >").await.unwrap_err();
    assert_eq!(
        error.response_code(),
        Some(ResponseCode::SubscriptionParseFailed)
    );
    for expression in ["a > 1", "old"] {
        start(expression).await.unwrap().shutdown().await;
    }
}

#[tokio::test]
async fn a_panic_is_a_failure_of_one_delivery() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["bad", "good"]);
    let listener = {
        let seen = seen.clone();
        move |delivery: Delivery| {
            let seen = seen.clone();
            async move {
                assert_ne!(delivery.messages[0].body, "bad");
                seen.note(&delivery);
                Consumed::Success
            }
        }
    };
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["good"]).await;
    cluster.a.wait_for(SEND_BACK).await;
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(2));
}

#[tokio::test]
async fn what_a_broker_does_not_take_back_is_sent_anew() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster
        .a
        .on(SEND_BACK, |_| Said::code(ResponseCode::SystemError, "no"));
    cluster.a.put_message("T", 0, |message| {
        message.reconsume_times = 2;
        message.properties.insert("KEYS", "k1");
    });
    let listener = seen.always(Consumed::Later);
    let mut config = seen.config();
    config.subscriptions = vec![("T".to_owned(), FilterExpression::All)];
    let consumer = cluster
        .client()
        .push_consumer(config, listener)
        .await
        .unwrap();
    let sent = cluster.a.wait_for(RequestCode::SendMessageV2).await;
    let field = |name| sent.ext_fields.get(name);
    assert_eq!(
        (field("a"), field("b")),
        (Some("CLIENT_INNER_PRODUCER"), Some("%RETRY%g"))
    );
    assert_eq!((field("j"), field("l")), (Some("3"), Some("16")));
    let properties = field("i").unwrap();
    for pair in [
        "KEYS\u{1}k1\u{2}",
        "RETRY_TOPIC\u{1}T\u{2}",
        "DELAY\u{1}5\u{2}",
    ] {
        assert!(properties.contains(pair), "{properties}");
    }
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(1));
}

#[tokio::test]
async fn what_nobody_takes_is_handled_again_here() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster
        .a
        .on(SEND_BACK, |_| Said::code(ResponseCode::SystemError, "no"));
    cluster.a.on(RequestCode::SendMessageV2, |_| {
        Said::code(ResponseCode::MessageIllegal, "no")
    });
    cluster.a.put("T", 0, &["a", "b"]);
    let listener = {
        let seen = seen.clone();
        move |delivery: Delivery| {
            seen.note(&delivery);
            let is_stubborn = delivery.messages[0].body == "a";
            let verdict = match delivery.messages[0].reconsume_times {
                times if times < 2 && is_stubborn => Consumed::Later,
                _ => Consumed::Success,
            };
            async move { verdict }
        }
    };
    let consumer = cluster
        .client()
        .push_consumer(seen.config(), listener)
        .await
        .unwrap();
    seen.wait_for_bodies(&["a", "a", "a", "b"]).await;
    assert!(seen.has_event(|event| matches!(event, ConsumerEvent::SendBackFailed { .. })));
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(2));
}

#[tokio::test]
async fn what_takes_too_long_is_sent_back() {
    let (cluster, seen) = (Cluster::start().await, Seen::default());
    cluster.a.put("T", 0, &["stuck", "fine"]);
    let listener = {
        let seen = seen.clone();
        move |delivery: Delivery| {
            seen.note(&delivery);
            async move {
                if delivery.messages[0].body == "stuck" {
                    std::future::pending::<()>().await;
                }
                Consumed::Success
            }
        }
    };
    let mut config = seen.config();
    config.consume_timeout = Duration::from_millis(5);
    config.shutdown_wait = Duration::from_millis(5);
    let (client, clock) = client_of(&[&cluster.namesrv]);
    let consumer = client.push_consumer(config, listener).await.unwrap();
    seen.wait_for_bodies(&["fine", "stuck"]).await;
    let reached = || {
        consumer
            .queue_states()
            .iter()
            .any(|state| state.consumed_offset == Some(0))
    };
    until("the offset before the stuck one", reached).await;
    clock.advance(Duration::from_secs(1));
    let back = cluster.a.wait_for(SEND_BACK).await;
    assert_eq!(back.ext_fields.get("delayLevel"), Some("3"));
    let reached = || {
        consumer
            .queue_states()
            .iter()
            .any(|state| state.consumed_offset == Some(2))
    };
    until("the offset behind both", reached).await;
    consumer.shutdown().await;
    assert_eq!(cluster.a.offset("g", "T", 0), Some(2));
}
