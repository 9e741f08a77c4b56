//! What the colours of the matrix say: how far behind, how fast, how old, whose.

use client::snapshot::AllocatedQueue;

use crate::format;
use crate::theme::HEAT_STEPS;

/// What the colours say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeatBy {
    /// How many messages wait.
    #[default]
    Lag,
    /// How fast it is written, compared with the fastest queue.
    Rate,
    /// How long the next message has waited.
    Age,
    /// Who reads it.
    Owner,
}

/// The lags, in messages, at which the next step begins.
const LAG_STEPS: [i64; 7] = [10, 100, 300, 1_000, 3_000, 10_000, 100_000];

/// The ages, in ms, at which the next step begins.
const AGE_STEPS: [i64; 7] = [1_000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000];

impl HeatBy {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Lag => Self::Rate,
            Self::Rate => Self::Age,
            Self::Age => Self::Owner,
            Self::Owner => Self::Lag,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lag => "lag",
            Self::Rate => "rate",
            Self::Age => "age",
            Self::Owner => "owner",
        }
    }

    /// What the glyphs mean.
    pub(super) fn legend(self) -> &'static str {
        match self {
            Self::Lag => "lag ░ <100  ▒ <1k  ▓ <10k  █ ≥10k",
            Self::Rate => "rate, of the fastest ░ <25%  ▒ <50%  ▓ <75%  █ more",
            Self::Age => "next message waits ░ <10s  ▒ <1m  ▓ <10m  █ longer",
            Self::Owner => "a letter and a colour for each owner",
        }
    }
}

/// What is compared to give a queue its step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) by: HeatBy,
    /// The rate of the fastest queue.
    pub(super) fastest: f64,
    /// The moment that is shown, in ms since the epoch.
    pub(super) now_ms: i64,
}

impl Scale {
    /// The step of a queue, 0 to 7; `None` if it is not known. `owner` is the place of its owner.
    pub(super) fn step(&self, queue: &AllocatedQueue, owner: Option<usize>) -> Option<u8> {
        match self.by {
            HeatBy::Lag => queue.lag().map(|lag| step_of(lag, &LAG_STEPS)),
            HeatBy::Rate => queue.in_per_s.map(|rate| self.share(rate)),
            HeatBy::Age => self.age_ms(queue).map(|age| step_of(age, &AGE_STEPS)),
            HeatBy::Owner => {
                let place = owner? % usize::from(HEAT_STEPS);
                u8::try_from(place).ok()
            }
        }
    }

    /// The same as a number.
    pub(super) fn number(&self, queue: &AllocatedQueue, owner: Option<usize>) -> Option<String> {
        match self.by {
            HeatBy::Lag => queue.lag().map(format::short_count),
            HeatBy::Rate => queue.in_per_s.map(format::short),
            HeatBy::Age => self.age_ms(queue).map(coarse),
            HeatBy::Owner => owner.map(|place| letter(place).to_string()),
        }
    }

    /// How long the next message has waited: nothing while none waits.
    pub(super) fn age_ms(&self, queue: &AllocatedQueue) -> Option<i64> {
        if queue.lag()? == 0 {
            return Some(0);
        }
        queue.next_stored_ms.map(|at| (self.now_ms - at).max(0))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=7"
    )]
    fn share(&self, rate: f64) -> u8 {
        if self.fastest <= 0.0 {
            return 0;
        }
        (rate / self.fastest * f64::from(HEAT_STEPS))
            .floor()
            .clamp(0.0, 7.0) as u8
    }
}

/// In at most four columns.
fn coarse(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", (seconds / 86_400).min(999)),
    }
}

/// The letter of an owner.
pub(super) fn letter(place: usize) -> char {
    let letters = ('a'..='z').chain('A'..='Z');
    letters.cycle().nth(place).unwrap_or('?')
}

fn step_of(value: i64, steps: &[i64]) -> u8 {
    let above = steps.iter().filter(|step| value >= **step).count();
    u8::try_from(above).unwrap_or(HEAT_STEPS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW_MS, allocation};

    #[test]
    fn steps_grow_with_the_lag() {
        let cases = [
            (0, 0),
            (9, 0),
            (10, 1),
            (99, 1),
            (100, 2),
            (999, 3),
            (10_000, 6),
            (i64::MAX, 7),
        ];
        for (lag, expected) in cases {
            assert_eq!(step_of(lag, &LAG_STEPS), expected, "{lag}");
        }
    }

    #[test]
    fn a_queue_that_nothing_is_known_of_has_no_step() {
        let mut queue = allocation("a").queues.remove(0);
        let mut scale = Scale {
            by: HeatBy::Lag,
            fastest: 40.0,
            now_ms: NOW_MS,
        };
        queue.consumer_offset = None;
        assert_eq!(scale.step(&queue, Some(0)), None);
        queue.consumer_offset = queue.max_offset;
        assert_eq!(scale.step(&queue, Some(0)), Some(0));
        scale.by = HeatBy::Age;
        assert_eq!(scale.number(&queue, None).unwrap(), "0s");
        scale.by = HeatBy::Rate;
        queue.in_per_s = Some(40.0);
        assert_eq!(scale.step(&queue, None), Some(7));
        scale.by = HeatBy::Owner;
        assert_eq!(scale.step(&queue, Some(9)), Some(1));
        assert_eq!(scale.step(&queue, None), None);
        assert_eq!((letter(0), letter(26), letter(52)), ('a', 'A', 'a'));
    }
}
