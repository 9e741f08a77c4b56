//! Where to: `start`, `end`, `@-10m`, `4711`, `+100`, `-100`, `group:other`, `file:positions.json`.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::reading::moment::{self, Reference};

/// What `--to` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    Start,
    End,
    Timestamp(i64),
    Offset(i64),
    Shift(i64),
    Group(String),
    File(PathBuf),
}

/// The forms there are.
const EXPECTED: &str = "start, end, @TIME, OFFSET, +N, -N, group:OTHER or file:PATH";

impl Goal {
    /// Reads one of the forms.
    ///
    /// # Errors
    /// The forms there are.
    pub(super) fn parse(text: &str, now_ms: i64) -> Result<Self, String> {
        let unknown = || format!("\"{text}\" is none of {EXPECTED}");
        if let Some(time) = text.strip_prefix('@') {
            let zone = TimeZone::system();
            let reference = Reference {
                now_ms,
                zone: &zone,
            };
            let at_ms = moment::parse(time, reference).filter(|at_ms| *at_ms >= 0);
            return at_ms.map(Self::Timestamp).ok_or_else(unknown);
        }
        if let Some(group) = text
            .strip_prefix("group:")
            .filter(|group| !group.is_empty())
        {
            return Ok(Self::Group(group.to_owned()));
        }
        if let Some(path) = text.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::File(PathBuf::from(path)));
        }
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| text.parse::<i64>().map_err(|_| unknown());
        match text {
            "start" | "earliest" => Ok(Self::Start),
            "end" | "latest" => Ok(Self::End),
            _ => match text.as_bytes().first() {
                Some(b'+') if is_number(text.get(1..).unwrap_or_default()) => {
                    number(text).map(Self::Shift)
                }
                Some(b'-') if is_number(text.get(1..).unwrap_or_default()) => {
                    number(text).map(Self::Shift)
                }
                _ if is_number(text) => number(text).map(Self::Offset),
                _ => Err(unknown()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_others_are_told_the_forms() {
        let now = 1_000_000;
        let check = |text, goal| assert_eq!(Goal::parse(text, now), Ok(goal), "{text}");
        check("start", Goal::Start);
        check("end", Goal::End);
        check("@-10s", Goal::Timestamp(now - 10_000));
        check("@1970-01-01T00:00:01Z", Goal::Timestamp(1_000));
        check("47", Goal::Offset(47));
        check("+100", Goal::Shift(100));
        check("-100", Goal::Shift(-100));
        check("group:other", Goal::Group("other".to_owned()));
        check("file:a.json", Goal::File(PathBuf::from("a.json")));
        for text in [
            "", "@", "@soon", "@-10", "+", "-", "+-1", "1.5", "group:", "file:", "first",
        ] {
            let refused = Goal::parse(text, now).unwrap_err();
            assert!(refused.contains(EXPECTED), "{text}");
        }
    }
}
