//! A broker in a process of its own is killed, stopped, and left without what it needs, under load; what
//! it acknowledged must be there.

mod asking;
mod body;
mod kill;
mod ledger;
mod leftovers;
mod load;
mod node;
mod orderly;
mod scarce;
mod stop;
mod verify;

use std::io::Write as _;

use clock::{Clock as _, SystemClock};

/// A number from the environment, or `otherwise`.
fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// The seed of all that is random, printed so that a failure can be played again.
fn seed() -> u64 {
    let seed = number("GANTRY_SEED", SystemClock::new().now_ms().unsigned_abs());
    tell(&format!("GANTRY_SEED={seed}"));
    seed
}

/// For whoever looks at a failed run, or asked for many cycles with `--nocapture`.
fn tell(line: &str) {
    let written = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    written.unwrap();
}
