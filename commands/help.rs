//! `gantry help`: the long help of a command, or a topic that belongs to no single command.

use std::fmt::Write as _;

use clap::builder::StyledStr;

use crate::config::setting::{self, Files};
use crate::context::Context;
use crate::error::{CommandError, ErrorKind, codes};
use crate::output::message_format::directive_help;
use crate::output::{Output, Text};

/// Print the help of a command or a topic
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  gantry help context add
  gantry help exit-codes")]
pub(crate) struct Args {
    /// A command, or one of: exit-codes, format, where, environment
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// Name and text of a topic.
type Topic = (&'static str, fn() -> String);

/// The topics.
const TOPICS: &[Topic] = &[
    ("exit-codes", exit_codes),
    ("format", message_format),
    ("where", where_language),
    ("environment", environment),
];

/// The names of the topics.
pub(crate) fn topic_names() -> Vec<&'static str> {
    TOPICS.iter().map(|(name, _)| *name).collect()
}

/// Finds the help.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<Text, CommandError> {
    if let [word] = args.words.as_slice()
        && let Some((_, text)) = TOPICS
            .iter()
            .find(|(name, _)| *name == word.replace('_', "-"))
    {
        return Ok(Text(text()));
    }
    let mut root = crate::cli::command();
    root.build();
    let mut found = &mut root;
    for word in &args.words {
        let names = names_in(found);
        found = match found.find_subcommand_mut(word) {
            Some(inner) => inner,
            None => return Err(not_found(args, word, &names)),
        };
    }
    Ok(Text(styled(&found.render_long_help(), &ctx.out)))
}

/// Help text in the colours of the output.
pub(crate) fn styled(text: &StyledStr, out: &Output) -> String {
    let text = if out.options().stdout.palette.is_colored() {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    format!("{}\n", text.trim_end())
}

fn names_in(command: &clap::Command) -> Vec<String> {
    let visible = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set());
    visible.map(|inner| inner.get_name().to_owned()).collect()
}

fn not_found(args: &Args, word: &str, names: &[String]) -> CommandError {
    let topics = topic_names();
    let known = names
        .iter()
        .map(String::as_str)
        .chain(topics.iter().copied());
    CommandError::new(
        &codes::HELP_NOT_FOUND,
        format!("no help for \"{}\"", args.words.join(" ")),
    )
    .looked_at(format!(
        "commands {}; topics {}",
        names.join(", "),
        topics.join(", ")
    ))
    .did_you_mean(word, known)
}

fn exit_codes() -> String {
    let mut text = String::from("Exit codes, the same for every command:\n\n");
    for kind in ErrorKind::ALL {
        let (name, meaning) = kind.describe();
        let _ = writeln!(text, "  {:<5}{name:<20}{meaning}", kind.exit_code());
    }
    text.push_str(
        "\nWith -o json, jsonl or yaml an error is a JSON object on stderr:
  {\"error\":{\"code\":\"topic_not_found\",\"exit\":3,\"message\":\"…\",\"hint\":\"…\",\"retryable\":false,…}}
The code is stable: gantry explain CODE says what it means. gantry explain lists them all.
",
    );
    text
}

fn message_format() -> String {
    format!(
        "Percent formats for messages: -F 'FORMAT'

{}
  %%              a percent sign
  \\n \\r \\t \\0 \\\\ \\xHH   line end, tab, … ; no line end is added by itself

Into a pipe the body (%v) goes byte by byte; on a terminal control characters are escaped.

Examples:
  -F '%d{{%H:%M:%S}} %q@%o %k %t %v\\n'
  -F '%T\\t%p{{region}}\\t%s\\n'
",
        directive_help()
    )
}

fn where_language() -> String {
    let mut text = String::from(
        "Expressions over messages: --where 'EXPR', filtered by this command

  tag == \"paid\" && body.total > 100 && age < 5m
  key in (\"A-17\", \"A-18\") || region = 'eu' and not (size > 2kB)

Names:
",
    );
    for (name, about) in client::WHERE_NAMES {
        let _ = writeln!(text, "  {name:<17}{about}");
    }
    text.push_str(
        "
Comparing: = == <> != < <= > >=   IN (…)   BETWEEN … AND …   IS [NOT] NULL
Texts:     CONTAINS  STARTSWITH  ENDSWITH  ~ 'regular expression'
Joining:   && AND   || OR   ! NOT   ( )
Values:    'text' \"text\" 42 1.5 TRUE FALSE   30s 5m 2h 1d   100B 2kB 4MiB
A name that is not plain stands in backquotes: `prop.trace-id`

A property is a text; beside a number it is read as one: amount > 5 does not match 12.5,
amount > 5.0 does. What a message does not have is neither equal nor unequal to anything.

--sql 'EXPR' is RocketMQ's SQL92, filtered by the brokers: properties, TAGS and KEYS alone,
= and <> and no others, AND, OR, NOT, texts in single quotes.
",
    );
    text
}

/// Variables that are no settings of their own.
const OTHER_VARIABLES: &[(&str, &str)] = &[
    ("GANTRY_HOME", "one folder for settings, state and data"),
    (
        "GANTRY_LOG",
        "what to log: a level, or targets such as gantry_broker=debug",
    ),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME",
        "the same by kind",
    ),
    (
        "NO_COLOR, CLICOLOR_FORCE, TERM=dumb",
        "colour, as everywhere",
    ),
    ("CI", "no questions, no pager, plain progress"),
];

fn environment() -> String {
    let mut text = String::from(
        "Settings, strongest first: flag > environment > project file (.gantry.toml, here or above)
> context > user file > default. gantry config show --origin tells where each comes from.

  VARIABLE                   FLAG             KEY IN FILES         DEFAULT
",
    );
    for setting in setting::ALL {
        let key = if setting.files == Files::None {
            ""
        } else {
            setting.key
        };
        let default = if setting.default.is_empty() {
            "-"
        } else {
            setting.default
        };
        for (at, name) in setting.env.iter().enumerate() {
            let row = if at == 0 {
                format!("  {name:<27}{:<17}{key:<21}{default}", setting.flag)
            } else {
                format!("  {name:<27}the same")
            };
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }
    text.push_str("\nOthers:\n");
    for (names, about) in OTHER_VARIABLES {
        let _ = writeln!(text, "  {names:<49}{about}");
    }
    text
}
