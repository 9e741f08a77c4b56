//! The grammar as a whole: consistent, complete, short where it says it is.

use clap::Command as Grammar;

use super::*;

/// Every command, with the words that lead to it.
fn all(command: &Grammar, path: &str, visit: &mut impl FnMut(&str, &Grammar)) {
    visit(path, command);
    for inner in command.get_subcommands() {
        all(inner, &format!("{path} {}", inner.get_name()), visit);
    }
}

fn built() -> Grammar {
    let mut root = command();
    root.build();
    root
}

#[test]
fn the_grammar_is_consistent() {
    command().debug_assert();
}

#[test]
fn every_visible_command_has_its_place_in_the_overview() {
    let grammar = grammar();
    let visible = grammar
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let mut visible: Vec<_> = visible.map(Grammar::get_name).collect();
    let mut listed: Vec<_> = overview::GROUPS
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    visible.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, visible);
}

#[test]
fn short_help_fits_on_a_small_screen() {
    let mut too_long = Vec::new();
    all(&built(), "gantry", &mut |path, command| {
        // A small screen's width, whatever the terminal has that runs the tests.
        let help = command.clone().term_width(80).render_help().to_string();
        let lines = help.trim_end().lines().count();
        if lines > 24 {
            too_long.push(format!("{path} -h has {lines} lines:\n{help}"));
        }
    });
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn every_help_text_says_what_the_command_does() {
    all(&built(), "gantry", &mut |path, command| {
        let about = command
            .get_about()
            .unwrap_or_else(|| panic!("{path} has no help"))
            .to_string();
        assert!(
            about.len() <= 80 && !about.ends_with('.') && !about.contains('\n'),
            "{path}: {about}"
        );
        let is_leaf = command.get_subcommands().next().is_none();
        if is_leaf && !path.starts_with("gantry util") {
            let examples = command
                .get_after_long_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(examples.contains("Examples:\n  "), "{path} has no examples");
        }
        for arg in command.get_arguments() {
            assert!(
                arg.get_help().is_some(),
                "{path}: {} has no help",
                arg.get_id()
            );
        }
    });
}

#[test]
fn global_flags_mean_the_same_before_and_after_the_command() {
    for line in [
        ["gantry", "-o", "json", "version"],
        ["gantry", "version", "-o", "json"],
    ] {
        let cli = Cli::try_parse_from(line).unwrap();
        assert_eq!(cli.globals.output, Some(Format::Json));
    }
}

#[test]
fn flags_are_found_in_lines_that_cannot_be_parsed() {
    let cases: [(&[&str], Option<&str>); 7] = [
        (&["x", "-o", "json"], Some("json")),
        (&["-ojson"], Some("json")),
        (&["--output", "json"], Some("json")),
        (&["--output=json"], Some("json")),
        (&["--", "-o", "json"], None),
        (&["-o"], None),
        (&["--other"], None),
    ];
    for (words, expected) in cases {
        assert_eq!(flag(words, "-o", "--output"), expected, "{words:?}");
    }
}

#[derive(Debug, clap::Parser)]
struct WithOwnContextFlag {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: OwnContextFlag,
}

#[derive(Debug, Subcommand)]
enum OwnContextFlag {
    /// Run
    Run {
        /// File
        #[arg(id = "context", short = 'c', long = "config")]
        config: String,
    },
}

#[test]
fn a_command_may_use_the_letter_of_the_context_for_itself() {
    WithOwnContextFlag::command().debug_assert();
    for line in [
        ["gantry", "run", "-c", "broker.conf"],
        ["gantry", "run", "--config", "broker.conf"],
    ] {
        let parsed = WithOwnContextFlag::try_parse_from(line).unwrap();
        let OwnContextFlag::Run { config } = parsed.command;
        assert_eq!(config, "broker.conf");
        assert_eq!(parsed.globals.context.as_deref(), Some("broker.conf"));
    }
}
