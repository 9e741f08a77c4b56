//! `SYNC_FLUSH`: messages that count as stored when they are on the disk, so many in flight at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::Bencher;
use divan::counter::ItemsCount;
use gantry_store::{Durability, FlushMode};

use crate::common::{queues, record, running};

/// Messages of one sample.
const SAMPLE: u32 = 500;

/// As a broker's network thread does it: every acknowledged message makes place for the next one.
#[divan::bench(args = [1, 16, 64], sample_count = 10, sample_size = SAMPLE)]
fn in_flight(bencher: Bencher<'_, '_>, in_flight: usize) {
    let bench = running(|config| {
        config.flush_mode = FlushMode::Sync;
        config.index_enabled = false;
    });
    let queue = &queues(&bench.store, "orders", 1)[0];
    let mut record = record(queue, 1024, 7);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut put = 0;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        while put - acknowledged.load(Ordering::Acquire) >= in_flight {
            std::thread::park();
        }
        let outcome = bench.store.put(queue, &mut record);
        let end = outcome.expect("the message is taken").end_physical_offset;
        put += 1;
        let (acknowledged, producer) = (Arc::clone(&acknowledged), std::thread::current());
        let callback = move |durability| {
            assert_eq!(durability, Durability::Durable, "the disk is well");
            acknowledged.fetch_add(1, Ordering::Release);
            producer.unpark();
        };
        bench.store.when_durable(end, Box::new(callback));
    });
    while acknowledged.load(Ordering::Acquire) < put {
        std::thread::park();
    }
}
