//! Months of the local time zone, which message ids count in.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use protocol::message::MonthSpan;

/// The month that an instant falls in. One that no calendar has stands for its own month.
pub(crate) fn month_of(now_ms: i64) -> MonthSpan {
    let whole = || {
        let now = Timestamp::from_millisecond(now_ms)
            .ok()?
            .to_zoned(TimeZone::system());
        let start = now.first_of_month().ok()?.start_of_day().ok()?;
        let end = start.checked_add(1.month()).ok()?;
        let ms = |moment: &jiff::Zoned| moment.timestamp().as_millisecond();
        Some(MonthSpan {
            start_ms: ms(&start),
            end_ms: ms(&end),
        })
    };
    whole().unwrap_or(MonthSpan {
        start_ms: now_ms,
        end_ms: now_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_holds_the_instant_and_is_as_long_as_months_are() {
        const DAY_MS: i64 = 86_400_000;
        for now_ms in [0, 1_700_000_000_000, 1_709_164_800_000] {
            let MonthSpan { start_ms, end_ms } = month_of(now_ms);
            assert!((start_ms..end_ms).contains(&now_ms));
            let days = (end_ms - start_ms + DAY_MS / 2) / DAY_MS;
            assert!((28..=31).contains(&days), "{days} days");
        }
    }
}
