//! Numbers, sizes, durations and times in the forms that people and programs read.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How numbers and sizes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Units {
    /// With units and grouping, for people
    Auto,
    /// Plain integers, for programs
    Raw,
}

/// How moments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TimeFormat {
    /// As a distance from now: 4m ago
    Relative,
    /// As 2026-11-22T12:04:05.123Z
    Rfc3339,
    /// As milliseconds since 1970
    Ms,
}

/// `1 234 567`, grouped by thin spaces.
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 broker`, `3 brokers`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// A size in decimal units: `3.1 kB`, `512 B`.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if size < 1000 {
        return format!("{size} B");
    }
    // In thousandths, so that no float rounds 999 999 up to "1000.0 kB".
    let (mut whole, mut rest, mut unit) = (size, 0, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        rest = whole % 1000;
        whole /= 1000;
        unit += 1;
    }
    if whole >= 100 {
        return format!("{whole} {}", UNITS[unit]);
    }
    format!("{whole}.{} {}", rest / 100, UNITS[unit])
}

/// A duration with its two largest units: `4m 12s`, `1.8s`, `350ms`.
pub(crate) fn duration_ms(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let seconds = ms / 1000;
    let pair = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        let mut text = format!("{sign}{large}{large_unit}");
        if small > 0 {
            let _ = write!(text, " {small}{small_unit}");
        }
        text
    };
    match seconds {
        0 => format!("{sign}{ms}ms"),
        1..=9 => pair_of_tenths(sign, ms),
        10..=59 => format!("{sign}{seconds}s"),
        60..=3_599 => pair(seconds / 60, "m", seconds % 60, "s"),
        3_600..=86_399 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

fn pair_of_tenths(sign: &str, ms: u64) -> String {
    match ms % 1000 / 100 {
        0 => format!("{sign}{}s", ms / 1000),
        tenths => format!("{sign}{}.{tenths}s", ms / 1000),
    }
}

/// A rate or another measured number: one decimal below ten, none above.
pub(crate) fn decimal(number: f64) -> String {
    if number.abs() < 10.0 && number != number.trunc() {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

/// A part of one as percent: `12%`.
pub(crate) fn percent(ratio: f64) -> String {
    format!("{}%", decimal(ratio * 100.0))
}

/// A moment in UTC: `2026-11-22T12:04:05.123Z`. Outside of what a calendar holds: the milliseconds.
pub(crate) fn rfc3339(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(moment) => format!("{moment:.3}"),
        Err(_) => ms.to_string(),
    }
}

/// A moment as its distance from `now_ms`: `4m ago`, `in 12s`.
pub(crate) fn relative(ms: i64, now_ms: i64) -> String {
    let age = now_ms.saturating_sub(ms);
    match age {
        -999..=999 => "now".to_owned(),
        1_000.. => format!("{} ago", duration_ms(age)),
        _ => format!("in {}", duration_ms(age.saturating_neg())),
    }
}

/// A moment in this machine's time zone by a strftime pattern such as `%H:%M:%S%.3f`.
///
/// # Errors
/// Says what is wrong with the pattern.
pub(crate) fn strftime(pattern: &str, ms: i64) -> Result<String, String> {
    let moment = Timestamp::from_millisecond(ms).map_err(|error| error.to_string())?;
    let zoned = moment.to_zoned(TimeZone::system());
    jiff::fmt::strtime::format(pattern, &zoned).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_in_threes() {
        let cases = [
            (0, "0"),
            (-999, "-999"),
            (1000, "1\u{2009}000"),
            (-1_234_567, "-1\u{2009}234\u{2009}567"),
        ];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn sizes_never_round_up_into_the_next_unit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (3_174, "3.1 kB"),
            (999_999, "999 kB"),
            (4_194_304, "4.1 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (size, expected) in cases {
            assert_eq!(bytes(size), expected);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let cases = [
            (0, "0ms"),
            (350, "350ms"),
            (1_800, "1.8s"),
            (2_000, "2s"),
            (59_999, "59s"),
            (252_000, "4m 12s"),
            (3_600_000, "1h"),
            (169_920_000, "1d 23h"),
            (-1_500, "-1.5s"),
        ];
        for (ms, expected) in cases {
            assert_eq!(duration_ms(ms), expected);
        }
    }

    #[test]
    fn moments_in_three_forms() {
        let now = 1_763_812_800_000;
        assert_eq!(rfc3339(now + 123), "2025-11-22T12:00:00.123Z");
        assert_eq!(relative(now - 240_000, now), "4m ago");
        assert_eq!(relative(now + 12_000, now), "in 12s");
        assert_eq!(relative(now, now), "now");
        assert_eq!(rfc3339(i64::MAX), i64::MAX.to_string());
        assert!(
            strftime("%H:%M:%S%.3f", now + 123)
                .unwrap()
                .ends_with(":00.123")
        );
        assert!(strftime("%Q%!", now).is_err());
    }

    #[test]
    fn rates_and_ratios() {
        assert_eq!(
            [decimal(0.0), decimal(1.25), decimal(812.4)],
            ["0", "1.2", "812"]
        );
        assert_eq!(
            [percent(0.12), percent(0.005), percent(1.0)],
            ["12%", "0.5%", "100%"]
        );
    }
}
