//! `--delay 10s`: the delay level of the brokers that takes this long.

use std::time::Duration;

use client::{Admin, Target};
use protocol::body::MessageQueue;

use crate::error::{CommandError, codes};

/// RocketMQ's levels, where the broker does not tell its own.
const LEVELS_DEFAULT: &str = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";

/// The broker's setting.
const SETTING: &str = "messageDelayLevel";

/// The level of this delay on the brokers of these queues.
///
/// # Errors
/// No level takes exactly this long; the neighbours are named.
pub(super) async fn level_for(
    admin: &Admin,
    queues: &[MessageQueue],
    delay: Duration,
) -> Result<u32, CommandError> {
    let told = match queues.first() {
        Some(queue) => levels_of(admin, &queue.broker_name).await,
        None => None,
    };
    find(told.as_deref().unwrap_or(LEVELS_DEFAULT), delay)
}

/// What a broker says of its levels; some do not say.
async fn levels_of(admin: &Admin, broker: &str) -> Option<String> {
    let masters = admin
        .masters(&Target::Broker(broker.to_owned()))
        .await
        .ok()?;
    let mut config = admin.broker_config(&masters.first()?.addr).await.ok()?;
    config.remove(SETTING)
}

fn find(levels: &str, delay: Duration) -> Result<u32, CommandError> {
    let known = levels
        .split_whitespace()
        .map(|level| (level, humantime::parse_duration(level).ok()));
    for (at, (_, known)) in (1..).zip(known) {
        if known == Some(delay) {
            return Ok(at);
        }
    }
    let text = format!(
        "no delay level takes {}: the brokers' levels are {levels}",
        humantime::format_duration(delay)
    );
    Err(CommandError::new(&codes::USAGE, text).detail("levels", levels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_the_number_of_its_level() {
        let level = |text: &str| find(LEVELS_DEFAULT, humantime::parse_duration(text).unwrap());
        assert_eq!(level("1s").unwrap(), 1);
        assert_eq!(level("10s").unwrap(), 3);
        assert_eq!(level("60s").unwrap(), 5);
        assert_eq!(level("2h").unwrap(), 18);
        let refused = level("7s").unwrap_err();
        assert!(
            refused.message().contains("no delay level takes 7s"),
            "{refused}"
        );
    }
}
