//! `--rate`: no more than so many messages in so much time.

use std::time::Duration;

use tokio::time::Instant;

/// Messages a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    per_second: f64,
}

impl Rate {
    /// Reads `200/s`, `5k/s`, `10/m`, `1000/h`; without a unit, a second.
    ///
    /// # Errors
    /// The forms there are.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let expected = || "a rate such as 200/s, 5k/s or 10/m".to_owned();
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(expected()),
        };
        let (digits, factor) = match number.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1000.0),
            None => (number, 1.0),
        };
        let number: f64 = digits.parse().map_err(|_| expected())?;
        let per_second = number * factor / seconds;
        if !per_second.is_finite() || per_second <= 0.0 {
            return Err(expected());
        }
        Ok(Self { per_second })
    }

    pub(crate) fn per_second(self) -> f64 {
        self.per_second
    }
}

/// Holds messages back so that a rate is kept.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<Rate>,
    begun: Instant,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            begun: Instant::now(),
        }
    }

    /// Waits until the message with this number, counted from 1, is due.
    pub(super) async fn wait_for(&self, number: u64) {
        if let Some(rate) = self.rate {
            tokio::time::sleep_until(self.begun + due(rate, number)).await;
        }
    }
}

/// How long after the beginning a message is due. Counted from the beginning, so that no error adds up.
fn due(rate: Rate, number: u64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of messages is far below 2^53"
    )]
    let earlier = number.saturating_sub(1) as f64;
    Duration::try_from_secs_f64(earlier / rate.per_second).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_with_units() {
        let cases = [
            ("200/s", 200.0),
            ("5k/s", 5000.0),
            ("30/m", 0.5),
            ("7", 7.0),
            ("3600/h", 1.0),
        ];
        for (text, per_second) in cases {
            assert_eq!(Rate::parse(text), Ok(Rate { per_second }), "{text}");
        }
        for text in ["", "x/s", "0/s", "-1/s", "5/d", "inf/s"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn messages_are_due_at_even_distances() {
        let rate = Rate { per_second: 200.0 };
        let due: Vec<_> = [1, 2, 201].map(|number| due(rate, number)).into();
        assert_eq!(due, [0, 5, 1000].map(Duration::from_millis));
    }
}
