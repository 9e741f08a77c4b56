//! The two forms of an error, and what response codes become.

use super::*;
use crate::output::color::Palette;

fn sample() -> CommandError {
    CommandError::new(
        &codes::TOPIC_NOT_FOUND,
        "topic \"order\" not found in cluster \"local\"",
    )
    .looked_at("namesrv 127.0.0.1:9876 (3 brokers, 41 topics)")
    .did_you_mean("order", ["orders", "orders-dlq", "billing"])
    .next("gantry topic create order --queues 8")
    .detail("topic", "order")
}

#[test]
fn people_read_what_where_and_what_next() {
    insta::assert_snapshot!(sample().to_text(Palette::PLAIN), @r#"
    error: topic "order" not found in cluster "local"           [topic_not_found]
      looked at: namesrv 127.0.0.1:9876 (3 brokers, 41 topics)
      did you mean: orders, orders-dlq?
      next: gantry topic create order --queues 8    ·    gantry explain topic_not_found
    "#);
    let colored = sample().to_text(Palette::COLORED);
    assert!(colored.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m topic"));
    assert!(colored.contains("\u{1b}[2m[topic_not_found]\u{1b}[0m\n"));
}

#[test]
fn programs_read_one_object() {
    insta::assert_snapshot!(format!("{:#}", sample().to_json()), @r#"
    {
      "error": {
        "code": "topic_not_found",
        "exit": 3,
        "message": "topic \"order\" not found in cluster \"local\"",
        "hint": "gantry topic create order --queues 8 · gantry explain topic_not_found",
        "retryable": false,
        "looked_at": "namesrv 127.0.0.1:9876 (3 brokers, 41 topics)",
        "did_you_mean": [
          "orders",
          "orders-dlq"
        ],
        "details": {
          "topic": "order"
        }
      }
    }
    "#);
}

#[test]
fn what_a_server_says_is_named_and_cannot_drive_the_terminal() {
    let error = CommandError::remote(
        2,
        Some("[TIMEOUT_CLEAN_QUEUE]broker busy\x1b[2J\nerror: all is lost"),
    );
    assert_eq!(error.code().name, "remote_busy");
    assert!(error.is_retryable());
    assert_eq!(error.to_json()["error"]["remote_code"], 2);
    insta::assert_snapshot!(error.to_text(Palette::PLAIN), @r"
    error: the server answered SYSTEM_BUSY (2): [TIMEOUT_CLEAN_QUEUE]broker busy\x1b[2J\nerror: all is lost  [remote_busy]
      next: gantry explain SYSTEM_BUSY
    ");
    assert_eq!(
        CommandError::remote(4711, None).message(),
        "the server answered an unknown response code (4711): (no remark)"
    );
    assert_eq!(CommandError::remote(17, Some(" ")).remote_code(), Some(17));
}

#[test]
fn the_operating_systems_words_come_without_its_numbers() {
    let denied = io::Error::from_raw_os_error(13);
    let error = CommandError::io("write", Path::new("/x"), &denied);
    assert_eq!(
        error.to_string(),
        "cannot write /x: permission denied [file_denied]"
    );
    let full = CommandError::io("write", Path::new("/x"), &io::Error::from_raw_os_error(28));
    assert_eq!(full.code().name, "disk_full");
    assert!(!full.retryable(false).is_retryable());
}

#[test]
fn some_ends_are_silent() {
    let gone = CommandError::output(&io::ErrorKind::BrokenPipe.into());
    assert_eq!((gone.kind().exit_code(), gone.is_silent()), (0, true));
    let interrupted = CommandError::signal(2);
    assert_eq!(
        (interrupted.kind().exit_code(), interrupted.is_silent()),
        (130, true)
    );
    let child = CommandError::child_exit(7);
    assert_eq!((child.kind().exit_code(), child.is_silent()), (7, true));
    assert_eq!(
        CommandError::output(&io::ErrorKind::Other.into())
            .kind()
            .exit_code(),
        11
    );
}

#[test]
fn exit_codes_are_all_different_and_described() {
    let mut exits: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.exit_code()).collect();
    let count = exits.len();
    exits.dedup();
    assert_eq!(exits.len(), count);
    assert!(
        ErrorKind::ALL
            .iter()
            .all(|kind| !kind.describe().1.is_empty())
    );
    assert_eq!(ErrorKind::Child(3).describe().0, "child");
}

#[test]
fn every_response_code_of_the_protocol_is_explained_under_its_name() {
    use protocol::response_code::ResponseCode;
    for code in -2_000..5_000 {
        let name = ResponseCode::from_code(code).map(ResponseCode::name);
        assert_eq!(
            remote::by_code(code).map(|entry| entry.name),
            name,
            "{code}"
        );
    }
}
