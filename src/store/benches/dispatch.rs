//! What follows a put in the background: the index, and the ConsumeQueue files.

use divan::Bencher;
use divan::counter::ItemsCount;
use gantry_store::KeyQuery;

use crate::common::{directory, fill, queues, still};

/// Messages of one round.
const MESSAGES: usize = 8000;

/// A query by key enters everything before it into the index, which is what is measured here.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn index(bencher: Bencher<'_, '_>) {
    let bench = still(directory(), |_| {});
    let queues = queues(&bench.store, "orders", 4);
    let query = KeyQuery {
        count_max: 1,
        begin_ms: 0,
        end_ms: i64::MAX,
    };
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| fill(&bench.store, &queues, 128, MESSAGES))
        .bench_local_values(|()| bench.store.query_by_key("orders", "none", query));
}

fn write_queues(bencher: Bencher<'_, '_>, queue_count: i32) {
    let bench = still(directory(), |config| config.index_enabled = false);
    let queues = queues(&bench.store, "orders", queue_count);
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| fill(&bench.store, &queues, 128, MESSAGES))
        .bench_local_values(|()| bench.store.write_queues_once().expect("written"));
}

#[divan::bench(args = [1, 100, 4000], sample_count = 20, sample_size = 1)]
fn consume_queue_files(bencher: Bencher<'_, '_>, queue_count: i32) {
    write_queues(bencher, queue_count);
}
