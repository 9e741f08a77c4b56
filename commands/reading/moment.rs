//! Points in time as people write them: `-1h`, `2026-11-22T10:00Z`, `yesterday`, `1763812800`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// What a time is relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'a> {
    pub(crate) now_ms: i64,
    pub(crate) zone: &'a TimeZone,
}

impl Reference<'_> {
    fn now(&self) -> Option<Zoned> {
        Timestamp::from_millisecond(self.now_ms)
            .ok()
            .map(|now| now.to_zoned(self.zone.clone()))
    }
}

/// Reads a point in time, in milliseconds since 1970; `None` if it is none. Times without a zone are
/// those of this machine.
pub(crate) fn parse(text: &str, reference: Reference<'_>) -> Option<i64> {
    if let Some(ago) = text.strip_prefix('-') {
        return Some(reference.now_ms.saturating_sub(duration_ms(ago)?));
    }
    if let Some(ahead) = text.strip_prefix('+') {
        return Some(reference.now_ms.saturating_add(duration_ms(ahead)?));
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(unix_ms);
    }
    let day = |days: i64| {
        let midnight = reference.now()?.start_of_day().ok()?;
        Some(
            midnight
                .checked_add(days.days())
                .ok()?
                .timestamp()
                .as_millisecond(),
        )
    };
    match text {
        "now" => return Some(reference.now_ms),
        "today" => return day(0),
        "yesterday" => return day(-1),
        _ => {}
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let local = |time: DateTime| {
        let zoned = time.to_zoned(reference.zone.clone()).ok()?;
        Some(zoned.timestamp().as_millisecond())
    };
    if text.contains(['T', ' ']) {
        return text.parse::<DateTime>().ok().and_then(local);
    }
    text.parse::<Date>()
        .ok()
        .and_then(|date| local(date.to_datetime(jiff::civil::Time::midnight())))
}

/// Reads a length of time: `90s`, `1h30m`.
pub(crate) fn duration_ms(text: &str) -> Option<i64> {
    let duration = humantime::parse_duration(text).ok()?;
    i64::try_from(duration.as_millis()).ok()
}

/// A unix time in seconds, milliseconds, microseconds or nanoseconds: whichever puts it into our
/// centuries.
fn unix_ms(number: i64) -> i64 {
    const SECONDS_BELOW: i64 = 100_000_000_000;
    const MILLIS_BELOW: i64 = SECONDS_BELOW * 1000;
    const MICROS_BELOW: i64 = MILLIS_BELOW * 1000;
    if number < SECONDS_BELOW {
        number * 1000
    } else if number < MILLIS_BELOW {
        number
    } else if number < MICROS_BELOW {
        number / 1000
    } else {
        number / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-11-22T12:00:00Z
    const NOON: i64 = 1_763_812_800_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn every_form_of_a_time() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let reference = Reference {
            now_ms: NOON,
            zone: &zone,
        };
        let cases = [
            ("now", NOON),
            ("-1h", NOON - HOUR),
            ("+90s", NOON + 90_000),
            ("-1h30m", NOON - HOUR * 3 / 2),
            ("1763812800", NOON),
            ("1763812800000", NOON),
            ("1763812800000000", NOON),
            ("1763812800000000000", NOON),
            ("2025-11-22T12:00:00Z", NOON),
            ("2025-11-22T12:00Z", NOON),
            ("2025-11-22T12:00:00.250Z", NOON + 250),
            ("2025-11-22T13:00:00+01:00", NOON),
            ("2025-11-22T14:00", NOON),
            ("2025-11-22 14:00:00", NOON),
            ("2025-11-22", NOON - 14 * HOUR),
            ("today", NOON - 14 * HOUR),
            ("yesterday", NOON - 38 * HOUR),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, reference), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        let zone = TimeZone::UTC;
        let reference = Reference {
            now_ms: NOON,
            zone: &zone,
        };
        for text in [
            "",
            "-",
            "soon",
            "2025-13-01",
            "-1x",
            "25:00",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text, reference), None, "{text}");
        }
    }
}
