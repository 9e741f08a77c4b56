//! The help of `gantry` itself: commands by purpose instead of one long list.

use std::fmt::Write as _;

use clap::Command;

/// Which commands stand together, in the order of the help. A test keeps it complete.
pub(crate) const GROUPS: &[(&str, &[&str])] = &[
    (
        "Local clusters",
        &["up", "down", "status", "logs", "top", "wait", "run", "demo"],
    ),
    (
        "Messages",
        &["send", "tail", "peek", "consume", "message", "bench"],
    ),
    ("Single nodes", &["namesrv", "store"]),
    (
        "Administration",
        &["topic", "group", "client", "events", "broker", "cluster"],
    ),
    ("Settings", &["context", "config"]),
    ("Reference", &["explain", "help", "version", "completion"]),
];

const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}";

/// The heading of the flags that all commands share.
const GLOBAL: &str = "Global options";

/// Gives the parser its overview, short for `-h` and long for `--help`.
pub(crate) fn with_overview(command: Command) -> Command {
    let (short, long) = (short(&command), long(&command));
    command
        .help_template(TEMPLATE)
        .override_usage("gantry [OPTIONS] COMMAND")
        .after_help(short)
        .after_long_help(long)
}

fn short(command: &Command) -> String {
    let mut text = String::new();
    let widest = GROUPS
        .iter()
        .map(|(title, _)| title.len())
        .max()
        .unwrap_or(0);
    for (title, names) in GROUPS {
        let _ = writeln!(text, "  {title:<widest$}  {}", names.join(", "));
    }
    text.push_str("\nOptions of every command:\n");
    text.push_str(&options(command, false));
    text.push_str("\nMore: gantry --help, gantry COMMAND --help, gantry help TOPIC\n");
    text.push_str(&format!(
        "Topics: {}",
        crate::help::topic_names().join(", ")
    ));
    text
}

fn long(command: &Command) -> String {
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "{title}:");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {name:<12}{about}");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{GLOBAL} (before or after the command):");
    text.push_str(&options(command, true));
    text.push_str("\nTopics: gantry help ");
    text.push_str(&crate::help::topic_names().join(", "));
    text
}

/// The global flags, one a line.
fn options(command: &Command, all: bool) -> String {
    let mut lines = Vec::new();
    for arg in command
        .get_arguments()
        .filter(|arg| arg.get_help_heading() == Some(GLOBAL))
    {
        if arg.is_hide_short_help_set() && !all {
            continue;
        }
        let short = arg
            .get_short()
            .map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
        let long = arg.get_long().unwrap_or_default();
        let takes_value = arg.get_action().takes_values();
        let value = arg
            .get_value_names()
            .filter(|_| takes_value)
            .and_then(<[_]>::first);
        let value = value.map(|name| format!(" {name}")).unwrap_or_default();
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        lines.push((format!("{short}--{long}{value}"), about));
    }
    lines.push((
        "-h, --help".to_owned(),
        "Print help; -h is the short form".to_owned(),
    ));
    let widest = lines.iter().map(|(form, _)| form.len()).max().unwrap_or(0);
    lines
        .iter()
        .map(|(form, about)| format!("  {form:<widest$}  {about}\n"))
        .collect()
}
