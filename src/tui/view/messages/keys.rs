//! The keys of the messages.

use crate::keymap::{Binding, Command};

pub(super) const KEYS: &[Binding] = &[
    Binding::new(
        Command::Query,
        "query",
        &["/"],
        "which messages: topic, from where on, where what holds",
    )
    .footer("query"),
    Binding::new(
        Command::Follow,
        "follow",
        &["f"],
        "go on with what comes in, and stop",
    )
    .footer("follow"),
    Binding::new(
        Command::FollowKey,
        "follow-key",
        &["F"],
        "every message with the key of this one; esc leaves",
    )
    .footer("this key"),
    Binding::new(
        Command::BodyForm,
        "body-form",
        &["J"],
        "the body as JSON, as it is, byte by byte",
    )
    .footer("json/raw/hex"),
    Binding::new(Command::CopyBody, "copy-body", &["y"], "copy the body").footer("copy"),
    Binding::new(
        Command::CopyRow,
        "copy-row",
        &["Y"],
        "copy the message as JSON",
    ),
    Binding::new(
        Command::Export,
        "export",
        &["e"],
        "write what is shown into a file, a line of JSON each",
    )
    .footer("export"),
];
