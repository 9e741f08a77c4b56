//! Putting one message: in asynchronous mode, with the store's threads beside it.

use divan::Bencher;
use divan::counter::BytesCount;

use crate::common::{queues, record, running};

/// Messages per sample; 50 samples of 4 KiB messages are some 400 MB.
const SAMPLE: u32 = 2000;

fn append(bencher: Bencher<'_, '_>, length: usize, queue_count: i32) {
    let bench = running(|config| config.index_enabled = false);
    let queues = queues(&bench.store, "orders", queue_count);
    let mut records: Vec<_> = queues
        .iter()
        .map(|queue| record(queue, length, 7))
        .collect();
    let mut next = 0;
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        let outcome = bench.store.put(&queues[next], &mut records[next]);
        next = (next + 1) % queues.len();
        outcome.expect("the message is taken").physical_offset
    });
}

#[divan::bench(args = [128, 1024, 4096], sample_count = 50, sample_size = SAMPLE)]
fn one_queue(bencher: Bencher<'_, '_>, length: usize) {
    append(bencher, length, 1);
}

#[divan::bench(args = [128, 1024, 4096], sample_count = 50, sample_size = SAMPLE)]
fn ten_thousand_queues(bencher: Bencher<'_, '_>, length: usize) {
    append(bencher, length, 10_000);
}

/// Batches of 32 messages; the time is that of a batch.
#[divan::bench(args = [128, 1024], sample_count = 50, sample_size = 200)]
fn batch_of_32(bencher: Bencher<'_, '_>, length: usize) {
    let bench = running(|config| config.index_enabled = false);
    let queue = &queues(&bench.store, "orders", 1)[0];
    let mut records = Vec::new();
    for number in 0..32 {
        records.extend(record(queue, length, number));
    }
    let mut offsets = Vec::new();
    bencher
        .counter(BytesCount::new(32 * length))
        .bench_local(|| {
            offsets.clear();
            let outcome = bench.store.put_batch(queue, &mut records, &mut offsets);
            outcome.expect("the batch is taken").physical_offset
        });
}
