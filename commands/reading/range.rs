//! The grammar of `-r`: which part of each queue is meant.

use super::moment::{self, Reference};

/// The forms, for helps and errors.
pub(crate) const FORMS: &str = "start, end, 47, +100, -10, 47:99, :end, 47:+10, @-1h:, \
     @2026-11-22T10:00Z:+5m, @yesterday";

/// A place in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// The first message that is there.
    Start,
    /// Behind the last message that is there now.
    End,
    Offset(i64),
    /// So many messages behind the start.
    AfterStart(i64),
    /// So many messages before the end.
    BeforeEnd(i64),
    /// The first message that was stored at this time or later, in ms since 1970.
    Time(i64),
}

/// Where reading ends: before this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    Point(Point),
    /// After so many messages.
    Count(i64),
}

/// A part of each queue. Without an end it goes on with what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) begin: Point,
    pub(crate) until: Option<Until>,
}

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// What is expected, with the forms there are.
    pub(crate) fn parse(text: &str, reference: Reference<'_>) -> Result<Self, String> {
        let parsed = match text.strip_prefix('@') {
            Some(times) => Self::of_times(times, reference),
            None => Self::of_offsets(text, reference),
        };
        let range = parsed.ok_or_else(|| format!("\"{text}\" is no range; forms: {FORMS}"))?;
        range.check(text)?;
        Ok(range)
    }

    /// `47:99`, `:end`, `start`
    fn of_offsets(text: &str, reference: Reference<'_>) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let (begin, until) = match text.split_once(':') {
            Some((begin, until)) => (begin, Some(until)),
            None => (text, None),
        };
        let begin = if begin.is_empty() {
            Point::Start
        } else {
            point(begin)?
        };
        let until = match until {
            None | Some("") => None,
            Some(until) => Some(match (until.strip_prefix('+'), until.strip_prefix('@')) {
                (Some(count), _) => Until::Count(number(count)?),
                (_, Some(time)) => Until::Point(Point::Time(moment::parse(time, reference)?)),
                _ => Until::Point(point(until)?),
            }),
        };
        Some(Self { begin, until })
    }

    /// `-1h:`, `2026-11-22T10:00Z:+5m`: a colon may be part of a time, so the first place is taken at
    /// which both halves make sense.
    fn of_times(text: &str, reference: Reference<'_>) -> Option<Self> {
        if let Some(time) = moment::parse(text, reference) {
            return Some(Self {
                begin: Point::Time(time),
                until: None,
            });
        }
        let colons = text.rmatch_indices(':').map(|(at, _)| at);
        colons
            .filter_map(|at| Self::of_halves(&text[..at], &text[at + 1..], reference))
            .next()
    }

    fn of_halves(begin: &str, until: &str, reference: Reference<'_>) -> Option<Self> {
        let begin = match begin {
            "" | "start" => Point::Start,
            time => Point::Time(moment::parse(time, reference)?),
        };
        // A length of time counts from the beginning: `@10:00:+5m` and `@10:00:5m` are five minutes.
        let length = match begin {
            Point::Time(begin) => {
                let length = moment::duration_ms(until.strip_prefix('+').unwrap_or(until));
                length.map(|length| begin.saturating_add(length))
            }
            _ => None,
        };
        let until = match until.strip_prefix('@').unwrap_or(until) {
            "" => None,
            "end" => Some(Until::Point(Point::End)),
            time => {
                let time = length.or_else(|| moment::parse(time, reference))?;
                Some(Until::Point(Point::Time(time)))
            }
        };
        Some(Self { begin, until })
    }

    /// Refuses what ends before it begins.
    fn check(self, text: &str) -> Result<(), String> {
        let is_backwards = match (self.begin, self.until) {
            (Point::Offset(begin), Some(Until::Point(Point::Offset(until))))
            | (Point::Time(begin), Some(Until::Point(Point::Time(until)))) => until < begin,
            (Point::BeforeEnd(begin), Some(Until::Point(Point::BeforeEnd(until)))) => until > begin,
            _ => false,
        };
        if is_backwards {
            Err(format!("\"{text}\" ends before it begins"))
        } else {
            Ok(())
        }
    }
}

fn point(text: &str) -> Option<Point> {
    match text {
        "start" => return Some(Point::Start),
        "end" => return Some(Point::End),
        _ => {}
    }
    if let Some(count) = text.strip_prefix('+') {
        return number(count).map(Point::AfterStart);
    }
    if let Some(count) = text.strip_prefix('-') {
        return number(count).map(Point::BeforeEnd);
    }
    number(text).map(Point::Offset)
}

/// A number without a sign.
fn number(text: &str) -> Option<i64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    /// 2025-11-22T12:00:00Z
    const NOON: i64 = 1_763_812_800_000;
    const HOUR: i64 = 3_600_000;

    fn parse(text: &str) -> Result<Range, String> {
        Range::parse(
            text,
            Reference {
                now_ms: NOON,
                zone: &TimeZone::UTC,
            },
        )
    }

    fn from(begin: Point) -> Range {
        Range { begin, until: None }
    }

    fn part(begin: Point, until: Point) -> Range {
        Range {
            begin,
            until: Some(Until::Point(until)),
        }
    }

    #[test]
    fn places_in_queues() {
        let cases = [
            ("start", from(Point::Start)),
            ("end", from(Point::End)),
            ("47", from(Point::Offset(47))),
            ("47:", from(Point::Offset(47))),
            ("+100", from(Point::AfterStart(100))),
            ("-10", from(Point::BeforeEnd(10))),
            ("47:99", part(Point::Offset(47), Point::Offset(99))),
            (":end", part(Point::Start, Point::End)),
            (":99", part(Point::Start, Point::Offset(99))),
            ("start:end", part(Point::Start, Point::End)),
            ("-10:-5", part(Point::BeforeEnd(10), Point::BeforeEnd(5))),
            (":", from(Point::Start)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        let ten = Range {
            begin: Point::Offset(47),
            until: Some(Until::Count(10)),
        };
        assert_eq!(parse("47:+10"), Ok(ten));
    }

    #[test]
    fn times_with_and_without_an_end() {
        let ten = NOON - 2 * HOUR;
        let cases = [
            ("@-1h", from(Point::Time(NOON - HOUR))),
            ("@-1h:", from(Point::Time(NOON - HOUR))),
            ("@-2h:-1h", part(Point::Time(ten), Point::Time(NOON - HOUR))),
            ("@-1h:end", part(Point::Time(NOON - HOUR), Point::End)),
            ("@:-1h", part(Point::Start, Point::Time(NOON - HOUR))),
            ("@2025-11-22T10:00Z", from(Point::Time(ten))),
            (
                "@2025-11-22T10:00Z:+5m",
                part(Point::Time(ten), Point::Time(ten + 300_000)),
            ),
            (
                "@2025-11-22T10:00Z:5m",
                part(Point::Time(ten), Point::Time(ten + 300_000)),
            ),
            (
                "@2025-11-22T10:00:00Z:2025-11-22T11:00:00Z",
                part(Point::Time(ten), Point::Time(ten + HOUR)),
            ),
            ("@2025-11-22T10:00", from(Point::Time(ten))),
            ("@yesterday", from(Point::Time(NOON - 36 * HOUR))),
            (
                "@1763812800:+1h",
                part(Point::Time(NOON), Point::Time(NOON + HOUR)),
            ),
            ("47:@-1h", part(Point::Offset(47), Point::Time(NOON - HOUR))),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_the_forms() {
        for text in [
            "",
            "x",
            "47:x",
            "--1",
            "+-1",
            "@",
            "@soon",
            "@-1h:soon",
            "1:2:3",
        ] {
            let refused = parse(text);
            assert!(
                refused
                    .as_ref()
                    .is_err_and(|why| why.contains("forms: start")),
                "{text}: {refused:?}"
            );
        }
        for text in ["99:47", "@-1h:-2h", "-5:-10"] {
            assert!(
                parse(text).unwrap_err().ends_with("ends before it begins"),
                "{text}"
            );
        }
    }
}
