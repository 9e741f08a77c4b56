//! Routes when name servers come, go, and know more than before.

use std::sync::Arc;
use std::time::Duration;

use protocol::{RequestCode, ResponseCode};

use crate::testing::{FakeBroker, FakeNamesrv, Said, client_of, until};
use crate::{ClientError, concurrently};

const ROUTE: RequestCode = RequestCode::GetRouteinfoByTopic;

#[tokio::test]
async fn many_askers_are_one_question() {
    let (namesrv, broker) = (FakeNamesrv::start().await, FakeBroker::start("a").await);
    namesrv.set_topic("T", 1, &[&broker]);
    let (client, _) = client_of(&[&namesrv]);
    let asked = (0..50).map(|_| {
        let client = client.clone();
        async move { client.topic_route("T").await.unwrap() }
    });
    let routes = concurrently::all(asked).await;
    assert!(routes.iter().all(|route| Arc::ptr_eq(route, &routes[0])));
    assert_eq!(namesrv.asked(ROUTE).len(), 1);
    let request = namesrv.asked(ROUTE).remove(0);
    assert_eq!(
        request.ext_fields.get("acceptStandardJsonOnly"),
        Some("true")
    );
}

#[tokio::test]
async fn when_one_name_server_is_gone_the_other_is_used() {
    let (one, two) = (FakeNamesrv::start().await, FakeNamesrv::start().await);
    let broker = FakeBroker::start("a").await;
    one.set_topic("T", 1, &[&broker]);
    two.set_topic("T", 1, &[&broker]);
    let (client, clock) = client_of(&[&one, &two]);
    client.topic_route("T").await.unwrap();
    let (used, other) = if one.asked(ROUTE).is_empty() {
        (two, one)
    } else {
        (one, two)
    };
    used.kill().await;
    clock.advance(Duration::from_secs(61));
    client.topic_route("T").await.unwrap();
    assert_eq!(other.asked(ROUTE).len(), 1);
    // and stays in use
    clock.advance(Duration::from_secs(61));
    client.topic_route("T").await.unwrap();
    assert_eq!(other.asked(ROUTE).len(), 2);
}

#[tokio::test]
async fn when_all_are_gone_what_is_known_is_kept_and_the_rest_is_an_error() {
    let (one, two) = (FakeNamesrv::start().await, FakeNamesrv::start().await);
    let broker = FakeBroker::start("a").await;
    one.set_topic("T", 1, &[&broker]);
    two.set_topic("T", 1, &[&broker]);
    let (client, clock) = client_of(&[&one, &two]);
    let route = client.topic_route("T").await.unwrap();
    one.kill().await;
    two.kill().await;
    clock.advance(Duration::from_secs(61));
    assert_eq!(client.topic_route("T").await.unwrap(), route);
    let error = client.topic_route("U").await.unwrap_err();
    let ClientError::Unreachable { what, tried } = error else {
        panic!("{error}")
    };
    let mut addrs: Vec<_> = tried.into_iter().map(|(addr, _)| addr).collect();
    let mut expected = [one.addr().to_owned(), two.addr().to_owned()];
    addrs.sort();
    expected.sort();
    assert_eq!((what.as_str(), addrs), ("name server", expected.to_vec()));
}

#[tokio::test]
async fn a_silent_name_server_is_passed_over() {
    let (silent, other) = (FakeNamesrv::start().await, FakeNamesrv::start().await);
    let broker = FakeBroker::start("a").await;
    silent.on(ROUTE, |_| Said::Nothing);
    other.set_topic("T", 1, &[&broker]);
    let addrs = vec![silent.addr().to_owned(), other.addr().to_owned()];
    let mut config = crate::ClientConfig::new(addrs);
    config.request_timeout = Duration::from_millis(50);
    for _ in 0..4 {
        let (client, _) = crate::testing::client_with(config.clone());
        client.topic_route("T").await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_topic_is_not_remembered_as_such() {
    let (namesrv, broker) = (FakeNamesrv::start().await, FakeBroker::start("a").await);
    let (client, _) = client_of(&[&namesrv]);
    let error = client.topic_route("T").await.unwrap_err();
    let addr = namesrv.addr().to_owned();
    assert_eq!(
        error,
        ClientError::TopicNotFound {
            topic: "T".into(),
            namesrv: addr
        }
    );
    namesrv.set_topic("T", 3, &[&broker]);
    assert_eq!(
        client
            .topic_route("T")
            .await
            .unwrap()
            .subscribe_queues()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_name_server_that_refuses_is_quoted() {
    let namesrv = FakeNamesrv::start().await;
    namesrv.on(ROUTE, |_| {
        Said::code(ResponseCode::SystemError, "name server not ready")
    });
    let (client, _) = client_of(&[&namesrv]);
    let error = client.topic_route("T").await.unwrap_err();
    assert!(
        error.to_string().ends_with("name server not ready"),
        "{error}"
    );
    namesrv.on(ROUTE, |_| Said::body(b"{".to_vec()));
    let error = client.topic_route("T").await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol { .. }), "{error}");
}

#[tokio::test]
async fn routes_are_refreshed_in_the_background() {
    let (namesrv, broker) = (FakeNamesrv::start().await, FakeBroker::start("a").await);
    namesrv.set_topic("T", 1, &[&broker]);
    let mut config = crate::ClientConfig::new(vec![namesrv.addr().to_owned()]);
    config.route_refresh_interval = Duration::from_millis(5);
    let (client, _) = crate::testing::client_with(config);
    client.topic_route("T").await.unwrap();
    until("three questions", || namesrv.asked(ROUTE).len() >= 3).await;
    // a client that nobody has any more asks no more
    drop(client);
    until("the connection to end", || namesrv.connections().is_empty()).await;
}
