//! Waiting for a condition, with a deadline that fails the test.

use std::thread;
use std::time::Duration;

use clock::{Clock as _, SystemClock};

/// Long enough for a loaded machine; a test that needs it all has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Looks until there is something to see; fails the test after [`PATIENCE`].
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            clock.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain for {what}"
        );
        thread::sleep(STEP);
    }
}

/// Looks until it is true.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    wait_for(what, || is_true().then_some(()));
}

#[test]
fn a_condition_is_looked_at_until_it_holds() {
    let mut looks = 0;
    wait_until("the third look", || {
        looks += 1;
        looks == 3
    });
    assert_eq!(looks, 3);
}
