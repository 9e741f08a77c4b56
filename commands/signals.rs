//! SIGINT, SIGTERM and SIGHUP: the first asks a command to stop, the second ends it at once.
//!
//! A command that does nothing about signals is ended by the first one. One that wants to clean up
//! or print a summary takes [`Signals::claim`] and stops by itself when [`Stop::requested`] is done.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// What has happened so far: how many signals, and the number of the last one.
#[derive(Debug, Clone, Copy, Default)]
struct Received {
    count: u32,
    last: u8,
}

/// The signals of one command.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    received: Arc<watch::Sender<Received>>,
    claimed: Arc<watch::Sender<bool>>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            received: Arc::new(watch::Sender::default()),
            claimed: Arc::new(watch::Sender::default()),
        }
    }
}

/// Tells a command that has claimed the signals when to stop.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    received: watch::Receiver<Received>,
}

impl Signals {
    /// From now on the first signal does not end the command; it has to stop by itself.
    pub(crate) fn claim(&self) -> Stop {
        self.claimed.send_replace(true);
        Stop {
            received: self.received.subscribe(),
        }
    }

    /// Counts the signals of the process until `ended` is reached; gives the number of the signal
    /// that ends the command at once.
    pub(crate) async fn until_fatal(&self) -> io::Result<u8> {
        let mut interrupt = Watched::new(SignalKind::interrupt())?;
        let mut terminate = Watched::new(SignalKind::terminate())?;
        let mut hang_up = Watched::new(SignalKind::hangup())?;
        loop {
            let last = tokio::select! {
                () = interrupt.received() => 2,
                () = terminate.received() => 15,
                () = hang_up.received() => 1,
            };
            if self.receive(last) {
                return Ok(last);
            }
        }
    }

    /// Notes a signal; says whether it ends the command at once.
    fn receive(&self, last: u8) -> bool {
        self.received.send_modify(|received| {
            *received = Received {
                count: received.count + 1,
                last,
            }
        });
        self.received.borrow().count > 1 || !*self.claimed.borrow()
    }
}

/// One kind of signal; never received if the process was started with it ignored, as `nohup` and
/// shells that start jobs in the background do.
#[derive(Debug)]
struct Watched(Option<Signal>);

impl Watched {
    fn new(kind: SignalKind) -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if is_ignored(&status, kind.as_raw_value()) {
            return Ok(Self(None));
        }
        signal(kind).map(|signal| Self(Some(signal)))
    }

    async fn received(&mut self) {
        let received = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if received.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether the mask of ignored signals in `/proc/PID/status` has this one. Where there is no such
/// file, none is taken for ignored.
fn is_ignored(status: &str, number: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let bit = u32::try_from(number - 1)
        .ok()
        .and_then(|bit| 1_u64.checked_shl(bit));
    bit.is_some_and(|bit| mask & bit != 0)
}

impl Stop {
    /// Done when the command has been asked to stop; gives the signal's number.
    pub(crate) async fn requested(&mut self) -> u8 {
        match self.received.wait_for(|received| received.count > 0).await {
            Ok(received) => received.last,
            // Nobody can send a signal any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether the command has been asked to stop.
    pub(crate) fn is_requested(&self) -> bool {
        self.received.borrow().count > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let status = "Name:\tgantry\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\n";
        assert!(is_ignored(status, 1) && is_ignored(status, 13));
        assert!(!is_ignored(status, 2) && !is_ignored(status, 15));
        assert!(!is_ignored("", 1) && !is_ignored(status, 0));
    }

    #[tokio::test]
    async fn an_unclaimed_signal_ends_a_claimed_one_asks_and_the_second_ends() {
        assert!(Signals::default().receive(2));
        let signals = Signals::default();
        let mut stop = signals.claim();
        assert!(!stop.is_requested());
        assert!(!signals.receive(15));
        assert_eq!(stop.requested().await, 15);
        assert!(stop.is_requested());
        assert!(signals.receive(2));
    }
}
