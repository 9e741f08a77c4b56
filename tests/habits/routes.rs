//! Name servers: routes in the form that each client reads.

use serde_json::{Value, json};

use super::Nodes;
use crate::raw::{BINARY, JSON};

/// The version of 4.9.4, which was the first to read standard JSON.
const READS_STANDARD_JSON: i32 = 401;

#[test]
fn broker_ids_are_quoted_for_clients_that_read_standard_json() {
    let nodes = Nodes::start(&[("orders", 4)]);
    let mut namesrv = nodes.namesrv();
    let mut route = |version: i32, fields: Value| {
        let header = json!({ "code": 105, "extFields": fields, "flag": 0, "version": version });
        namesrv.ask(header, &[]).with_code(0).text().to_owned()
    };
    let (bare, quoted) = (
        format!(r#"{{0:"{}"}}"#, nodes.broker_addr()),
        format!(r#"{{"0":"{}"}}"#, nodes.broker_addr()),
    );
    let topic = || json!({ "topic": "orders" });
    assert!(
        route(READS_STANDARD_JSON - 1, topic()).contains(&bare),
        "as old Java writes it"
    );
    assert!(route(READS_STANDARD_JSON, topic()).contains(&quoted));
    let asks_for_it = json!({ "topic": "orders", "acceptStandardJsonOnly": true });
    assert!(route(1, asks_for_it).contains(&quoted));
    nodes.end();
}

#[test]
fn routes_have_an_empty_table_of_filter_servers() {
    let nodes = Nodes::start(&[("orders", 4)]);
    let route = nodes
        .namesrv()
        .ask_for(105, &json!({ "topic": "orders" }))
        .with_code(0);
    let route: Value = serde_json::from_slice(&route.body).unwrap();
    assert_eq!(
        route["filterServerTable"],
        json!({}),
        "some clients read it without a look"
    );
    assert_eq!(route["brokerDatas"][0]["brokerName"], "b-0");
    assert_eq!(route["queueDatas"][0]["readQueueNums"], 4);
    nodes.end();
}

#[test]
fn a_topic_without_a_route_is_17() {
    let nodes = Nodes::start(&[]);
    let refused = nodes
        .namesrv()
        .ask_for(105, &json!({ "topic": "nobody" }))
        .with_code(17);
    let start = "No topic route info in name server for the topic: nobody";
    assert!(refused.remark().starts_with(start), "{refused:?}");
    nodes.end();
}

#[test]
fn name_servers_answer_in_the_form_they_are_asked_in() {
    let nodes = Nodes::start(&[("orders", 1)]);
    let mut namesrv = nodes.namesrv();
    let route = namesrv
        .ask_binary(105, &[("topic", "orders")], &[])
        .with_code(0);
    assert_eq!(route.serialize_type, BINARY);
    let cluster = namesrv.ask_for(106, &Value::Null).with_code(0);
    assert_eq!(cluster.serialize_type, JSON);
    assert!(cluster.text().contains(&nodes.broker_addr()), "{cluster:?}");
    // Trailing line feed, no language, no flag.
    namesrv.write(
        JSON,
        b"{\"code\":105,\"extFields\":{\"topic\":\"orders\"},\"opaque\":9,\"version\":62}\n",
        &[],
    );
    namesrv.answer_to(9).with_code(0);
    nodes.end();
}
