//! The delay levels: `1s 5s 10s …`, counted from 1.

use thiserror::Error;

/// RocketMQ's own levels.
pub const DELAY_LEVELS_DEFAULT: &str = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";

/// Why a text holds no delay levels.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("delay level {level:?} is not a number with s, m, h or d behind it")]
pub struct DelayLevelError {
    /// The part that cannot be read.
    pub level: String,
}

/// What each delay level means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayLevels {
    delays_ms: Vec<i64>,
}

impl DelayLevels {
    /// Reads `messageDelayLevel`: numbers with a unit (`s`, `m`, `h`, `d`), separated by blanks.
    ///
    /// # Errors
    /// [`DelayLevelError`] names the part that is none.
    pub fn parse(text: &str) -> Result<Self, DelayLevelError> {
        let delays = text.split_ascii_whitespace().map(|level| {
            delay_of(level).ok_or_else(|| DelayLevelError {
                level: level.to_owned(),
            })
        });
        Ok(Self {
            delays_ms: delays.collect::<Result<_, _>>()?,
        })
    }

    /// The delay of a level in ms. A level above the highest means the highest; below 1 there is
    /// none.
    #[must_use]
    pub fn delay_ms(&self, level: i32) -> Option<i64> {
        let level = usize::try_from(level).ok()?.min(self.delays_ms.len());
        self.delays_ms.get(level.checked_sub(1)?).copied()
    }

    /// The highest level; 0 when there are none.
    #[must_use]
    pub fn max_level(&self) -> i32 {
        i32::try_from(self.delays_ms.len()).unwrap_or(i32::MAX)
    }

    /// Each level with its delay in ms.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        (1..).zip(self.delays_ms.iter().copied())
    }
}

impl Default for DelayLevels {
    fn default() -> Self {
        Self::parse(DELAY_LEVELS_DEFAULT).unwrap_or(Self {
            delays_ms: Vec::new(),
        })
    }
}

fn delay_of(level: &str) -> Option<i64> {
    let unit = level.chars().next_back()?;
    let number: i64 = level.strip_suffix(unit)?.parse().ok()?;
    let unit_ms = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit_ms).filter(|delay| *delay >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_rocketmqs_eighteen_levels() {
        let levels = DelayLevels::default();
        assert_eq!(levels.max_level(), 18);
        assert_eq!(levels.delay_ms(1), Some(1_000));
        assert_eq!(levels.delay_ms(5), Some(60_000));
        assert_eq!(levels.delay_ms(18), Some(7_200_000));
    }

    #[test]
    fn a_level_out_of_range_is_the_highest_or_none() {
        let levels = DelayLevels::parse("1s 1d").expect("two levels");
        assert_eq!(levels.delay_ms(99), Some(86_400_000));
        assert_eq!(levels.delay_ms(0), None);
        assert_eq!(levels.delay_ms(-1), None);
    }

    #[test]
    fn what_is_no_level_is_named() {
        let error = DelayLevels::parse("1s 5 10s").expect_err("5 has no unit");
        assert_eq!(error.level, "5");
        assert!(DelayLevels::parse("9223372036854775807h").is_err());
    }
}
