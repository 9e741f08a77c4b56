//! `gantry explain`: what a code means, why it comes, what to do.

use std::borrow::Cow;

use clap_complete::{ArgValueCandidates, CompletionCandidate};
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::error::codes::{self, Code};
use crate::error::remote::{self, RemoteCode};
use crate::output::{Cell, Column, Item, Listing, Page, Render as _, Role};

/// Explain an error code of gantry or a response code of RocketMQ
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Without a code, all of them are listed.

Examples:
  gantry explain topic_not_found
  gantry explain TOPIC_NOT_EXIST
  gantry explain 17")]
pub(crate) struct Args {
    /// Name or number of the code
    #[arg(allow_negative_numbers = true, add = ArgValueCandidates::new(known_codes))]
    code: Option<String>,
}

/// One code with its explanation.
#[derive(Debug, Serialize)]
struct Explanation {
    code: &'static str,
    /// `gantry` or `rocketmq`.
    origin: &'static str,
    /// The number of a response code.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i32>,
    exit: u8,
    retryable: bool,
    meaning: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    next: &'static str,
}

impl Explanation {
    fn of_code(code: &Code) -> Self {
        Self {
            code: code.name,
            origin: "gantry",
            number: None,
            exit: code.kind.exit_code(),
            retryable: code.retryable,
            meaning: code.meaning,
            cause: Some(code.cause),
            next: code.next,
        }
    }

    fn of_response(entry: &RemoteCode) -> Self {
        Self {
            code: entry.name,
            origin: "rocketmq",
            number: Some(entry.code),
            exit: if entry.code == 0 {
                0
            } else {
                entry.maps_to.kind.exit_code()
            },
            retryable: entry.maps_to.retryable,
            meaning: entry.meaning,
            cause: None,
            next: entry.next,
        }
    }
}

impl Item for Explanation {
    const SCHEMA: &'static str = "gantry.explain.show/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("code"),
        Column::number("number"),
        Column::number("exit"),
        Column::new("retryable").wide(),
        Column::new("meaning"),
        Column::new("cause").wide(),
        Column::new("next").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.code.into(),
            self.number.into(),
            self.exit.into(),
            self.retryable.into(),
            self.meaning.into(),
            self.cause.into(),
            self.next.into(),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.code.into()
    }

    fn page(&self, page: &mut Page) {
        let kind = match self.number {
            Some(number) => format!("  response code {number} of RocketMQ"),
            None => format!("  error code, exit {}", self.exit),
        };
        page.painted(&[(Some(Role::Heading), self.code), (Some(Role::Dim), &kind)])
            .gap();
        page.field("meaning", self.meaning);
        if let Some(cause) = self.cause {
            page.field("cause", cause);
        }
        page.field("next", self.next);
        page.field(
            "retry",
            if self.retryable {
                "may help"
            } else {
                "does not help"
            },
        );
    }
}

/// Shows one code, or lists all.
pub(crate) fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    match &args.code {
        Some(wanted) => find(wanted)?.render(&ctx.out),
        None => {
            let ours = codes::ALL.iter().copied().map(Explanation::of_code);
            let theirs = remote::ALL.iter().map(Explanation::of_response);
            Listing::new(ours.chain(theirs).collect()).render(&ctx.out)
        }
    }
}

/// What Tab offers.
fn known_codes() -> Vec<CompletionCandidate> {
    let ours = codes::ALL.iter().map(|code| (code.name, code.meaning));
    let theirs = remote::ALL.iter().map(|entry| (entry.name, entry.meaning));
    let candidate = |(name, meaning): (&'static str, &'static str)| {
        CompletionCandidate::new(name).help(Some(meaning.into()))
    };
    ours.chain(theirs).map(candidate).collect()
}

fn find(wanted: &str) -> Result<Explanation, CommandError> {
    if let Some(code) = codes::by_name(wanted) {
        return Ok(Explanation::of_code(code));
    }
    let entry = match wanted.parse::<i32>() {
        Ok(number) => remote::by_code(number),
        Err(_) => remote::by_name(wanted),
    };
    entry.map(Explanation::of_response).ok_or_else(|| {
        let names = codes::ALL
            .iter()
            .map(|code| code.name)
            .chain(remote::ALL.iter().map(|entry| entry.name));
        CommandError::new(
            &codes::HELP_NOT_FOUND,
            format!("there is no code \"{wanted}\""),
        )
        .looked_at(format!(
            "{} codes of gantry, {} of RocketMQ",
            codes::ALL.len(),
            remote::ALL.len()
        ))
        .did_you_mean(wanted, names)
        .next("gantry explain")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_by_either_name_and_by_number() {
        assert_eq!(find("topic-not-found").unwrap().exit, 3);
        assert_eq!(find("Topic_Not_Exist").unwrap().number, Some(17));
        assert_eq!(find("17").unwrap().code, "TOPIC_NOT_EXIST");
        assert_eq!(find("-1006").unwrap().code, "RPC_TIME_OUT");
        assert_eq!(find("0").unwrap().exit, 0);
        assert_eq!(find("4711").unwrap_err().code().name, "help_not_found");
    }

    #[test]
    fn no_two_codes_share_a_name_or_a_number() {
        let mut names: Vec<_> = codes::ALL
            .iter()
            .map(|code| code.name.to_uppercase())
            .collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(
            remote::ALL
                .windows(2)
                .all(|pair| pair[0].code < pair[1].code)
        );
    }
}
