//! Opening a directory: after the process was killed, and after it was stopped in order.

use std::fs;
use std::path::Path;

use divan::Bencher;
use gantry_store::{LastStop, MessageStore};

use crate::common::{Bench, directory, fill, queues, running, still};

/// Messages of 1 KiB that make up 1 GiB of log.
const GIB_OF_MESSAGES: usize = (1 << 30) / 1180;

/// Opens what another bench left, and lets go of it as a killed process does.
fn open_again(bench: Bench) -> (Bench, LastStop) {
    let Bench { store, dir } = bench;
    drop(store);
    let bench = still(dir, |config| config.index_enabled = false);
    let last_stop = bench.store.recovery_report().last_stop;
    (bench, last_stop)
}

/// The process is killed while it writes: all that the checkpoint does not speak of is read.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn after_kill_with_one_gib(bencher: Bencher<'_, '_>) {
    let bench = running(|config| config.index_enabled = false);
    let queues = queues(&bench.store, "orders", 4);
    fill(&bench.store, &queues, 1024, GIB_OF_MESSAGES);
    let mut killed = Some(bench);
    bencher.bench_local(|| {
        let (bench, last_stop) = open_again(killed.take().expect("a store"));
        assert_eq!(last_stop, LastStop::ProcessEnded);
        killed = Some(bench);
    });
}

/// Nothing of 1 GiB is in the checkpoint: the whole log is read, and all queues are built anew.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn after_kill_with_one_gib_unaccounted(bencher: Bencher<'_, '_>) {
    let bench = still(directory(), |config| config.index_enabled = false);
    let root = bench.dir.path().join("store");
    let checkpoint = fs::read(root.join("checkpoint")).expect("a checkpoint");
    let queues = queues(&bench.store, "orders", 4);
    fill(&bench.store, &queues, 1024, GIB_OF_MESSAGES);
    let mut killed = Some(bench);
    let forget = |root: &Path| {
        fs::write(root.join("checkpoint"), &checkpoint).expect("the checkpoint of the beginning");
        fs::remove_dir_all(root.join("consumequeue")).expect("no queues");
    };
    let killed = std::cell::RefCell::new(&mut killed);
    bencher
        .with_inputs(|| forget(&root))
        .bench_local_values(|()| {
            let mut killed = killed.borrow_mut();
            let (bench, last_stop) = open_again(killed.take().expect("a store"));
            assert_eq!(last_stop, LastStop::ProcessEnded);
            **killed = Some(bench);
        });
}

/// A store with a hundred thousand queues, stopped in order.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn a_hundred_thousand_queues(bencher: Bencher<'_, '_>) {
    let dir = directory();
    let bench = still(dir, |config| config.index_enabled = false);
    for topic in 0..25_000 {
        let queues = queues(&bench.store, &format!("topic-{topic}"), 4);
        fill(&bench.store, &queues, 16, 4);
    }
    bench.store.shutdown().expect("shut down");
    let mut stopped = Some(bench);
    bencher.bench_local(|| {
        let (bench, last_stop) = open_again(stopped.take().expect("a store"));
        assert_eq!(last_stop, LastStop::Clean);
        bench.store.shutdown().expect("shut down");
        stopped = Some(bench);
    });
}

/// A store of an empty directory, as a cluster for a test has it.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn an_empty_directory(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(directory).bench_local_values(|dir| {
        let config = crate::common::config(&dir);
        let clock = clock::SystemClock::shared();
        let store = MessageStore::open(config, clock).expect("the store opens");
        (store, dir)
    });
}
