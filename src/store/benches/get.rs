//! Pulling 32 messages, from the page cache.

use std::cell::RefCell;
use std::fs::File;

use divan::Bencher;
use divan::counter::ItemsCount;
use rustix::fs::Advice;

use crate::common::{Bench, directory, fill, pull, pull_all, queues, still};

/// Messages in the queue that is read over and over.
const MESSAGES: usize = 32 * 500;
const PULLED: usize = 32;

fn filled(length: usize) -> Bench {
    let bench = still(directory(), |config| config.index_enabled = false);
    let queues = queues(&bench.store, "orders", 1);
    fill(&bench.store, &queues, length, MESSAGES);
    bench.store.write_queues_once().expect("written");
    bench
}

#[divan::bench(args = [128, 1024], sample_count = 50, sample_size = 500)]
fn thirty_two(bencher: Bencher<'_, '_>, length: usize) {
    let bench = filled(length);
    let queue = bench.store.queue("orders", 0).expect("a queue");
    let (mut offset, mut body) = (0, Vec::new());
    bencher.counter(ItemsCount::new(PULLED)).bench_local(|| {
        offset = pull_all(&bench.store, &queue, offset, &mut body);
        body.len()
    });
}

/// One tag of eight is wanted: seven units are looked at and passed over for each message.
#[divan::bench(sample_count = 50, sample_size = 500)]
fn one_tag_of_eight(bencher: Bencher<'_, '_>) {
    let bench = filled(128);
    let queue = bench.store.queue("orders", 0).expect("a queue");
    let (mut offset, mut body) = (0, Vec::new());
    // The hash of a tag of one letter is its code.
    let mut wanted = |tags_code: i64| tags_code == i64::from(b'c');
    bencher.counter(ItemsCount::new(PULLED)).bench_local(|| {
        offset = pull(&bench.store, &queue, offset, &mut wanted, &mut body);
        body.len()
    });
}

/// The last message of a queue, as a consumer that keeps up asks for it.
#[divan::bench(sample_count = 50, sample_size = 2000)]
fn the_newest(bencher: Bencher<'_, '_>) {
    let bench = filled(128);
    let queue = bench.store.queue("orders", 0).expect("a queue");
    let mut body = Vec::new();
    bencher.bench_local(|| pull_all(&bench.store, &queue, queue.max_offset() - 1, &mut body));
}

/// A consumer far behind, whose messages are on the disk and not in the page cache: the cache is told
/// to forget the log before it is read.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn far_behind_128_mib(bencher: Bencher<'_, '_>) {
    const MESSAGES: usize = 192 * 1024;
    const READ: i64 = 128 * 1024 * 1024 / 1180;
    let bench = still(directory(), |config| config.index_enabled = false);
    fill(
        &bench.store,
        &queues(&bench.store, "orders", 1),
        1024,
        MESSAGES,
    );
    bench.store.shutdown().expect("shut down");
    let root = bench.dir.path().join("store");
    let log = File::open(root.join("commitlog/00000000000000000000")).expect("the log");
    let reopened = RefCell::new(Some(bench));
    bencher
        .counter(ItemsCount::new(READ.unsigned_abs()))
        .with_inputs(|| {
            // What is mapped is not forgotten, so the store is closed first.
            let Bench { store, dir } = reopened.take().expect("a store");
            store.shutdown().expect("shut down");
            drop(store);
            rustix::fs::fadvise(&log, 0, None, Advice::DontNeed).expect("forgotten");
            *reopened.borrow_mut() = Some(still(dir, |config| config.index_enabled = false));
        })
        .bench_local_values(|()| {
            let bench = reopened.borrow();
            let store = &bench.as_ref().expect("a store").store;
            let queue = store.queue("orders", 0).expect("a queue");
            let (mut offset, mut body) = (0, Vec::new());
            while offset < READ {
                offset = pull_all(store, &queue, offset, &mut body);
            }
        });
}
