//! `gantry explain`.

use crate::common::sandbox::Sandbox;

#[test]
fn codes_are_explained_by_name_and_number() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.run(["explain", "topic_not_found"]), @r"
    topic_not_found  error code, exit 3

    meaning  No broker that the name server knows has this topic.
    cause    A misspelt name, another cluster than the one meant, or a topic that was created less than a route refresh ago.
    next     List the topics of the cluster, or create this one.
    retry    does not help
    --- exit 0
    ");
    insta::assert_snapshot!(sandbox.run(["explain", "17"]), @r"
    TOPIC_NOT_EXIST  response code 17 of RocketMQ

    meaning  The server does not know the topic.
    next     Create the topic, or check its name and the cluster.
    retry    does not help
    --- exit 0
    ");
    let by_name = sandbox
        .run(["explain", "TOPIC_NOT_EXIST", "-o", "json"])
        .json();
    let by_number = sandbox.run(["explain", "17", "-o", "json"]).json();
    assert_eq!(by_name, by_number);
    assert_eq!(
        sandbox.run(["explain", "-1006", "-o", "name"]).ok(),
        "RPC_TIME_OUT\n"
    );
}

#[test]
fn an_unknown_code_is_answered_with_those_that_are_close() {
    let sandbox = Sandbox::new();
    let lost = sandbox.run(["explain", "topic_not_fund"]).fails(3);
    assert!(
        lost.starts_with("error: there is no code \"topic_not_fund\" "),
        "{lost}"
    );
    assert!(
        lost.contains(
            "  did you mean: topic_not_found, TOPIC_NOT_EXIST?
"
        ),
        "{lost}"
    );
}

#[test]
fn all_codes_are_listed() {
    let sandbox = Sandbox::new();
    let json = sandbox.run(["explain", "-o", "json"]).json();
    let items = json["items"].as_array().unwrap();
    assert!(items.len() > 100);
    assert!(items.iter().all(|item| {
        item["meaning"]
            .as_str()
            .is_some_and(|text| text.ends_with('.'))
    }));
}
