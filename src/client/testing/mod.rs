//! What the tests of this crate need: servers that say what they are told to, over real sockets.

mod fake_broker;
mod fake_namesrv;
mod fake_server;
mod message;

use std::sync::Arc;
use std::time::Duration;

use clock::ManualClock;

pub(crate) use fake_broker::FakeBroker;
pub(crate) use fake_namesrv::FakeNamesrv;
pub(crate) use fake_server::{FakeServer, Said};
pub(crate) use message::message;

use crate::{Client, ClientConfig};

/// How long a test waits for something that should happen soon.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `check` gives something, asking again whenever others have had their turn.
pub(crate) async fn eventually<T>(what: &str, check: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = check().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    match tokio::time::timeout(DEADLINE, looking).await {
        Ok(found) => found,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits until `check` holds.
pub(crate) async fn until(what: &str, check: impl Fn() -> bool) {
    eventually(what, async || check().then_some(())).await;
}

/// A client of these name servers whose time stands still.
pub(crate) fn client_of(namesrvs: &[&FakeNamesrv]) -> (Client, Arc<ManualClock>) {
    let addrs = namesrvs
        .iter()
        .map(|namesrv| namesrv.addr().to_owned())
        .collect();
    client_with(ClientConfig::new(addrs))
}

pub(crate) fn client_with(config: ClientConfig) -> (Client, Arc<ManualClock>) {
    let clock = ManualClock::at(1_700_000_000_000);
    let client = Client::new(config, Arc::clone(&clock) as _).unwrap();
    (client, clock)
}
