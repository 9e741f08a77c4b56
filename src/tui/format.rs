//! Numbers, shares, durations and moments as the dashboard writes them.
//!
//! Invariant: what is not known is [`NOTHING`], never 0.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What stands where nothing is known.
pub const NOTHING: &str = "·";

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The value as `show` writes it, or [`NOTHING`].
pub fn or_nothing<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), show)
}

/// A number in at most five columns: `7`, `812`, `4.1k`, `12k`, `1.5M`; below ten with a decimal if it
/// has one.
#[must_use]
pub fn short(value: f64) -> String {
    const UNITS: &[(f64, &str)] = &[(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    for &(unit, letter) in UNITS {
        // What would be rounded to 1000 of the smaller unit is 1 of this one.
        if size >= unit * 0.999_5 {
            let scaled = value / unit;
            let digits = usize::from(scaled.abs() < 9.95);
            return format!("{scaled:.digits$}{letter}");
        }
    }
    if size > 0.0 && size < 0.05 {
        return "<0.1".to_owned();
    }
    let digits = usize::from(size < 9.95 && (value - value.round()).abs() > 0.05);
    format!("{value:.digits$}")
}

/// A count in the same form.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
pub fn short_count(count: i64) -> String {
    short(count as f64)
}

/// A whole number in groups of three: `184 210`.
#[must_use]
pub fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A share of one as a percentage: `12%`.
#[must_use]
pub fn percent(ratio: f64) -> String {
    format!("{:.0}%", ratio * 100.0)
}

/// How long, in at most seven columns: `9s`, `4m12`, `47h 12m`, `12d`.
#[must_use]
pub fn span(ms: i64) -> String {
    let ms = ms.max(0);
    if ms < SECOND_MS {
        return "0s".to_owned();
    }
    if ms < MINUTE_MS {
        return format!("{}s", ms / SECOND_MS);
    }
    if ms < HOUR_MS && ms % MINUTE_MS < SECOND_MS {
        return format!("{}m", ms / MINUTE_MS);
    }
    if ms < HOUR_MS {
        return format!("{}m{:02}", ms / MINUTE_MS, ms % MINUTE_MS / SECOND_MS);
    }
    if ms < 3 * DAY_MS {
        return format!("{}h {:02}m", ms / HOUR_MS, ms % HOUR_MS / MINUTE_MS);
    }
    format!("{}d", ms / DAY_MS)
}

/// How long something fast takes: `1.9ms`, `210ms`, `1.2s`.
#[must_use]
pub fn latency(ms: f64) -> String {
    if ms < 9.95 {
        return format!("{ms:.1}ms");
    }
    if ms < 999.5 {
        return format!("{ms:.0}ms");
    }
    format!("{:.1}s", ms / 1000.0)
}

/// The time of day: `12:04:05`.
#[must_use]
pub fn time_of_day(at_ms: i64, zone: &TimeZone) -> String {
    zoned(at_ms, zone).map_or_else(
        || NOTHING.to_owned(),
        |zoned| zoned.strftime("%H:%M:%S").to_string(),
    )
}

/// The same with milliseconds: `12:04:05.019`.
#[must_use]
pub fn time_of_day_ms(at_ms: i64, zone: &TimeZone) -> String {
    zoned(at_ms, zone).map_or_else(
        || NOTHING.to_owned(),
        |zoned| zoned.strftime("%H:%M:%S%.3f").to_string(),
    )
}

/// A moment as a part of a file's name: `20261122-120405`.
#[must_use]
pub fn file_time(at_ms: i64, zone: &TimeZone) -> String {
    zoned(at_ms, zone).map_or_else(
        || at_ms.to_string(),
        |zoned| zoned.strftime("%Y%m%d-%H%M%S").to_string(),
    )
}

/// A size in at most five columns: `312B`, `4.1kB`, `12MB`, in steps of 1000.
#[must_use]
pub fn bytes(size: usize) -> String {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    format!("{}B", short_count(size))
}

/// What the zone calls itself at a moment: `UTC`, `CET`, `+08`.
#[must_use]
pub fn zone_name(at_ms: i64, zone: &TimeZone) -> String {
    zoned(at_ms, zone).map_or_else(String::new, |zoned| zoned.strftime("%Z").to_string())
}

fn zoned(at_ms: i64, zone: &TimeZone) -> Option<jiff::Zoned> {
    let timestamp = Timestamp::from_millisecond(at_ms).ok()?;
    Some(timestamp.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_short() {
        let cases = [
            (0.0, "0"),
            (7.0, "7"),
            (7.25, "7.2"),
            (0.01, "<0.1"),
            (812.4, "812"),
            (999.4, "999"),
            (999.6, "1.0k"),
            (4_120.0, "4.1k"),
            (12_300.0, "12k"),
            (999_900.0, "1.0M"),
            (1_500_000.0, "1.5M"),
            (-2_500.0, "-2.5k"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected);
        }
        assert_eq!(short_count(i64::MAX), "9223372T");
        assert_eq!(or_nothing(None::<i64>, short_count), "·");
    }

    #[test]
    fn whole_numbers_are_grouped() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1 000"),
            (184_210, "184 210"),
            (-12_345_678, "-12 345 678"),
        ];
        for (value, expected) in cases {
            assert_eq!(grouped(value), expected);
        }
    }

    #[test]
    fn durations_name_their_two_largest_units() {
        let cases = [
            (-5, "0s"),
            (9_999, "9s"),
            (252_000, "4m12"),
            (300_000, "5m"),
            (169_920_000, "47h 12m"),
            (12 * DAY_MS, "12d"),
        ];
        for (ms, expected) in cases {
            assert_eq!(span(ms), expected);
        }
        assert_eq!(latency(1.94), "1.9ms");
        assert_eq!(latency(210.4), "210ms");
        assert_eq!(latency(1_234.0), "1.2s");
    }

    #[test]
    fn moments_are_in_their_zone() {
        let east = TimeZone::fixed(jiff::tz::offset(8));
        assert_eq!(time_of_day(1_700_000_000_000, &TimeZone::UTC), "22:13:20");
        assert_eq!(time_of_day(1_700_000_000_000, &east), "06:13:20");
        assert_eq!(zone_name(0, &TimeZone::UTC), "UTC");
        assert_eq!(time_of_day(i64::MAX, &east), "·");
    }
}
