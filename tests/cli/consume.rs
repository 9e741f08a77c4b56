//! `gantry consume`: what its filters let through.

use std::rc::Rc;

use super::live::{Live, lines};
use crate::common::sandbox::Sandbox;
use crate::server::Server;

#[test]
fn a_group_gets_what_its_expression_matches_and_shows_what_it_is_told_to() {
    let live = Live::with_topic("1", "orders", "1");
    for amount in ["5", "50", "500"] {
        let property = format!("amount={amount}");
        let body = format!("{{\"amount\":{amount}}}");
        live.run(["send", "orders", &body, "-p", &property]).ok();
    }
    let consume = |group: &str, filters: &[&str]| {
        let mut line = vec!["consume", "orders", "-g", group, "--from", "first"];
        line.extend(["--until-idle", "2s", "-o", "jsonl"]);
        line.extend(filters);
        let read = lines(&live.home.run(line).ok());
        read.iter()
            .map(|message| message["offset"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(consume("by-brokers", &["--sql", "amount > 10"]), [1, 2]);
    let both = ["--sql", "amount > 10", "--where", "body.amount < 100"];
    assert_eq!(consume("both", &both), [1]);
    assert_eq!(consume("unseen", &["--where", "body.amount = 5"]), [0]);
    // What was not shown is consumed like the rest.
    assert!(consume("unseen", &[]).is_empty());
    live.run(["consume", "orders", "-g", "g", "--where", "amount >"])
        .fails(2);
}

#[test]
fn a_broker_that_does_not_filter_says_so_before_anything_is_consumed() {
    let home = Rc::new(Sandbox::new());
    let setting = "enablePropertyFilter=false";
    let up = [
        "up",
        "--ports",
        "auto",
        "--until-stdin-eof",
        "--set",
        setting,
    ];
    let server = Server::start(&home, &up);
    home.run(["topic", "create", "orders", "--queues", "1"])
        .ok();
    let said = home
        .run(["consume", "orders", "-g", "billing", "--sql", "a > 1"])
        .fails(1);
    let words = "The broker does not support consumer to filter message by SQL92";
    assert!(said.contains(words), "{said}");
    drop(server);
}
