//! The one table of settings: key, flag, environment variables, default, and what a value must be.

use std::time::Duration;

use super::address;
use crate::output::Format;
use crate::output::color::ColorWhen;
use crate::output::units::{TimeFormat, Units};
use crate::top::{PresetChoice, ThemeChoice};

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in files; a dot stands for a table: `output.time`.
    pub(crate) key: &'static str,
    /// The flag that sets it.
    pub(crate) flag: &'static str,
    /// The variables that set it, strongest first.
    pub(crate) env: &'static [&'static str],
    pub(crate) default: &'static str,
    pub(crate) files: Files,
    check: fn(&str) -> Result<(), String>,
}

/// Which files may hold a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    All,
    /// Not a project's file: it comes with other people's repositories, and the value is a command.
    UserOnly,
    /// What is meant for one call only.
    None,
}

impl Setting {
    /// Says what is expected if `value` is not that.
    pub(crate) fn check(&self, value: &str) -> Result<(), String> {
        (self.check)(value)
    }
}

const fn setting(
    key: &'static str,
    flag: &'static str,
    env: &'static [&'static str],
    default: &'static str,
    files: Files,
    check: fn(&str) -> Result<(), String>,
) -> Setting {
    Setting {
        key,
        flag,
        env,
        default,
        files,
        check,
    }
}

/// Every setting there is.
pub(crate) static ALL: &[Setting] = &[
    setting(
        "current",
        "--context",
        &["GANTRY_CONTEXT"],
        "",
        Files::All,
        anything,
    ),
    setting(
        "namesrv",
        "--namesrv",
        &["GANTRY_NAMESRV", "NAMESRV_ADDR"],
        "",
        Files::All,
        addresses,
    ),
    setting(
        "output.format",
        "--output",
        &["GANTRY_OUTPUT"],
        "table",
        Files::All,
        word::<Format>,
    ),
    setting(
        "output.time",
        "--time",
        &["GANTRY_TIME"],
        "",
        Files::All,
        word::<TimeFormat>,
    ),
    setting(
        "output.units",
        "--units",
        &["GANTRY_UNITS"],
        "",
        Files::All,
        word::<Units>,
    ),
    setting(
        "output.color",
        "--color",
        &["GANTRY_COLOR"],
        "auto",
        Files::All,
        word::<ColorWhen>,
    ),
    setting(
        "output.headers",
        "--no-headers",
        &["GANTRY_HEADERS"],
        "true",
        Files::All,
        switch,
    ),
    setting(
        "output.int_strings",
        "--int-strings",
        &["GANTRY_INT_STRINGS"],
        "false",
        Files::All,
        switch,
    ),
    setting(
        "output.pager",
        "--no-pager",
        &["GANTRY_PAGER", "PAGER"],
        crate::output::pager::DEFAULT,
        Files::UserOnly,
        anything,
    ),
    setting(
        "output.quiet",
        "--quiet",
        &["GANTRY_QUIET"],
        "false",
        Files::All,
        switch,
    ),
    setting(
        "request.timeout",
        "--timeout",
        &["GANTRY_TIMEOUT"],
        "5s",
        Files::All,
        duration,
    ),
    setting(
        "request.retries",
        "--retries",
        &["GANTRY_RETRIES"],
        "2",
        Files::All,
        count,
    ),
    setting(
        "top.theme",
        "--theme",
        &["GANTRY_THEME"],
        "auto",
        Files::All,
        word::<ThemeChoice>,
    ),
    setting(
        "top.preset",
        "--preset",
        &[],
        "vim",
        Files::All,
        word::<PresetChoice>,
    ),
    setting("top.refresh", "--refresh", &[], "1s", Files::All, duration),
    setting("top.fps", "--fps", &[], "30", Files::All, count),
    setting("top.ascii", "--ascii", &[], "false", Files::All, switch),
    setting("top.numbers", "--numbers", &[], "false", Files::All, switch),
    setting(
        "yes",
        "--yes",
        &["GANTRY_YES"],
        "false",
        Files::None,
        switch,
    ),
    setting(
        "dry_run",
        "--dry-run",
        &["GANTRY_DRY_RUN"],
        "false",
        Files::None,
        switch,
    ),
    setting(
        "no_input",
        "--no-input",
        &["GANTRY_NO_INPUT"],
        "false",
        Files::None,
        switch,
    ),
];

/// The setting with this key.
pub(crate) fn by_key(key: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.key == key)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one shape for all checks of the table"
)]
fn anything(_value: &str) -> Result<(), String> {
    Ok(())
}

fn addresses(value: &str) -> Result<(), String> {
    address::parse_list(value).map(drop)
}

fn word<T: clap::ValueEnum>(value: &str) -> Result<(), String> {
    if T::from_str(value, false).is_ok() {
        return Ok(());
    }
    let words: Vec<_> = T::value_variants()
        .iter()
        .map(crate::globals::word_of)
        .collect();
    Err(format!("expected one of {}", words.join(", ")))
}

fn switch(value: &str) -> Result<(), String> {
    parse_switch(value).map(drop)
}

fn duration(value: &str) -> Result<(), String> {
    parse_duration(value).map(drop)
}

fn count(value: &str) -> Result<(), String> {
    value
        .parse::<u32>()
        .map(drop)
        .map_err(|_| "expected a whole number".to_owned())
}

/// Reads `true` or `false` and the words that people use for them.
pub(crate) fn parse_switch(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// Reads a duration such as `500ms`, `5s` or `2m 30s`.
pub(crate) fn parse_duration(value: &str) -> Result<Duration, String> {
    humantime::parse_duration(value)
        .map_err(|_| "expected a duration such as 500ms, 5s or 2m".to_owned())
}
