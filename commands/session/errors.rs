//! From the client's errors to what users read: what happened, where it was looked for, what next.

use client::ClientError;
use protocol::RequestCode;

use crate::config::Origin;
use crate::context::Target;
use crate::error::{CommandError, codes};
use crate::output::units::counted;

/// The error in three parts. `is_local_running` says whether a local cluster is there to be meant.
pub(super) fn describe(
    error: &ClientError,
    target: &Target,
    is_local_running: bool,
) -> CommandError {
    let said = || error.to_string();
    match error {
        ClientError::Unreachable { what, tried } => {
            unreachable(what, tried, target, is_local_running)
        }
        ClientError::Timeout { what, addr, .. } => CommandError::new(&codes::TIMEOUT, said())
            .looked_at(format!("{what} at {addr}; {}", target.describe()))
            .next("try with --timeout 30s"),
        ClientError::Remote {
            request,
            addr,
            code,
            remark,
        } => {
            remote(*request, addr, *code, remark.as_deref(), target).retryable(error.is_retryable())
        }
        ClientError::TopicNotFound { topic, .. } => topic_not_found(topic, target, &[], 0),
        ClientError::NoQueue { topic, reason } => {
            let text = format!("topic \"{topic}\" has no queue that can be used: {reason}");
            CommandError::new(&codes::NO_QUEUE, text)
                .looked_at(target.describe())
                .next(format!("gantry topic route {topic}"))
                .next("gantry broker list")
                .detail("topic", topic.as_str())
        }
        ClientError::BrokerNotFound { name, known } => broker_not_found(name, known, target),
        ClientError::ClusterNotFound { name, known } => {
            let text = format!("cluster \"{name}\" not found");
            CommandError::new(&codes::CLUSTER_NOT_FOUND, text)
                .looked_at(format!("{}: {} clusters", target.describe(), known.len()))
                .did_you_mean(name, known.iter().map(String::as_str))
                .next("gantry cluster info")
        }
        ClientError::QueueNotFound { queue, known } => {
            let text = format!(
                "topic \"{}\" has no queue {}:{}",
                queue.topic, queue.broker_name, queue.queue_id
            );
            CommandError::new(&codes::QUEUE_NOT_FOUND, text)
                .looked_at(format!("{}: {known} queues", target.describe()))
                .next(format!("gantry topic route {}", queue.topic))
        }
        ClientError::NotFound { what } if what.starts_with("a message") => {
            CommandError::new(&codes::MESSAGE_NOT_FOUND, said()).looked_at(target.describe())
        }
        ClientError::NotFound { .. } => {
            CommandError::new(&codes::NOT_FOUND, said()).looked_at(target.describe())
        }
        ClientError::InvalidMessage { .. } => CommandError::new(&codes::MESSAGE_ILLEGAL, said()),
        ClientError::InvalidName { .. } | ClientError::InvalidArgument { .. } => {
            CommandError::new(&codes::USAGE, said())
        }
        ClientError::Local { path, .. } => CommandError::new(&codes::FILE_FAILED, said())
            .detail("path", path.display().to_string()),
        ClientError::Protocol { .. } => {
            CommandError::new(&codes::REMOTE_ERROR, said()).looked_at(target.describe())
        }
        _ => CommandError::new(&codes::FAILED, said()),
    }
}

fn unreachable(
    what: &str,
    tried: &[(String, String)],
    target: &Target,
    is_local_running: bool,
) -> CommandError {
    let attempts: Vec<String> = tried
        .iter()
        .map(|(addr, why)| format!("{addr}: {why}"))
        .collect();
    let is_namesrv = what.starts_with("name server");
    let reasons = if attempts.is_empty() {
        "no address is known".to_owned()
    } else {
        attempts.join("; ")
    };
    let code = if is_namesrv {
        &codes::NAMESRV_UNREACHABLE
    } else {
        &codes::BROKER_UNREACHABLE
    };
    let error = CommandError::new(code, format!("{what} cannot be reached: {reasons}"))
        .looked_at(target.describe())
        .detail(
            "tried",
            tried
                .iter()
                .map(|(addr, _)| addr.as_str())
                .collect::<Vec<_>>(),
        );
    match (is_namesrv, &target.origin) {
        (true, Origin::Default) if !is_local_running => error.next("gantry up -d"),
        (true, _) => error.next("gantry context list").next("gantry status"),
        (false, _) => error.next("gantry broker list"),
    }
}

fn remote(
    request: RequestCode,
    addr: &str,
    code: i32,
    remark: Option<&str>,
    target: &Target,
) -> CommandError {
    CommandError::remote(code, remark)
        .looked_at(format!(
            "{} to {addr}; {}",
            request.name(),
            target.describe()
        ))
        .detail("request", request.name())
        .detail("addr", addr)
}

/// The error for a topic that no broker has; `topics` are those that there are.
pub(super) fn topic_not_found(
    topic: &str,
    target: &Target,
    topics: &[String],
    brokers: usize,
) -> CommandError {
    let place = if topics.is_empty() {
        target.describe()
    } else {
        format!(
            "{}: {}, {}",
            target.describe(),
            counted(brokers, "broker"),
            counted(topics.len(), "topic")
        )
    };
    CommandError::new(
        &codes::TOPIC_NOT_FOUND,
        format!("topic \"{topic}\" not found{}", in_cluster(target)),
    )
    .looked_at(place)
    .did_you_mean(topic, topics.iter().map(String::as_str))
    .next(format!("gantry topic create {}", shell_word(topic)))
    .next("gantry topic list")
    .detail("topic", topic)
}

/// The error for a group that no broker knows; `groups` are those that there are.
pub(super) fn group_not_found(group: &str, target: &Target, groups: &[&str]) -> CommandError {
    CommandError::new(
        &codes::GROUP_NOT_FOUND,
        format!("group \"{group}\" not found{}", in_cluster(target)),
    )
    .looked_at(format!(
        "{}: {}",
        target.describe(),
        counted(groups.len(), "group")
    ))
    .did_you_mean(group, groups.iter().copied())
    .next("gantry group list")
    .detail("group", group)
}

fn broker_not_found(name: &str, known: &[String], target: &Target) -> CommandError {
    CommandError::new(
        &codes::BROKER_NOT_FOUND,
        format!("broker \"{name}\" not found{}", in_cluster(target)),
    )
    .looked_at(format!(
        "{}: {}",
        target.describe(),
        counted(known.len(), "broker")
    ))
    .did_you_mean(name, known.iter().map(String::as_str))
    .next("gantry broker list")
    .detail("broker", name)
}

/// ` in cluster "local"`, where the cluster has a name.
fn in_cluster(target: &Target) -> String {
    let name = target.context.as_ref();
    name.map(|name| format!(" in \"{name}\""))
        .unwrap_or_default()
}

/// A word that can be pasted into a shell: quoted where it has to be.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '%' | '.' | ':');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::context::tests::TestContext;

    fn target() -> Target {
        TestContext::new(&[], &["-n", "127.0.0.1:9876"])
            .ctx
            .target()
            .unwrap()
    }

    #[test]
    fn each_error_has_its_code_and_exit_code() {
        let check = |error: ClientError, code: &str, exit: u8| {
            let error = describe(&error, &target(), false);
            assert_eq!((error.code().name, error.kind().exit_code()), (code, exit));
        };
        let tried = vec![("x:1".to_owned(), "connection refused".to_owned())];
        let unreachable = |what: &str| ClientError::Unreachable {
            what: what.to_owned(),
            tried: tried.clone(),
        };
        check(unreachable("name server"), "namesrv_unreachable", 5);
        check(unreachable("broker b-0"), "broker_unreachable", 5);
        let topic = "t".to_owned();
        let namesrv = "x:1".to_owned();
        check(
            ClientError::TopicNotFound { topic, namesrv },
            "topic_not_found",
            3,
        );
        let (what, addr) = ("broker b".to_owned(), "x:1".to_owned());
        let after = Duration::from_secs(1);
        check(ClientError::Timeout { what, addr, after }, "timeout", 6);
        let remote = |code| ClientError::Remote {
            request: RequestCode::SendMessage,
            addr: "x:1".to_owned(),
            code,
            remark: None,
        };
        check(remote(16), "denied", 7);
        check(remote(17), "topic_not_found", 3);
        check(remote(13), "message_illegal", 1);
        let reason = "no".to_owned();
        check(ClientError::InvalidArgument { reason }, "usage", 2);
        check(ClientError::ShutDown, "failed", 1);
    }

    #[test]
    fn a_missing_topic_names_its_neighbours() {
        let topics = ["orders".to_owned(), "billing".to_owned()];
        let error = topic_not_found("order", &target(), &topics, 1);
        insta::assert_snapshot!(error.to_text(crate::output::color::Palette::PLAIN), @r#"
        error: topic "order" not found                              [topic_not_found]
          looked at: namesrv 127.0.0.1:9876 (flag --namesrv): 1 broker, 2 topics
          did you mean: orders?
          next: gantry topic create order    ·    gantry topic list    ·    gantry explain topic_not_found
        "#);
    }

    #[test]
    fn words_of_the_next_step_can_be_pasted() {
        assert_eq!(shell_word("%DLQ%billing"), "%DLQ%billing");
        assert_eq!(shell_word("it's; rm"), "'it'\\''s; rm'");
        assert_eq!(shell_word(""), "''");
    }
}
