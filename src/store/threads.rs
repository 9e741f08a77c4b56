//! The store's three threads: thin loops around what tests call step by step.
//!
//! All of them sleep when there is nothing to do; none holds a lock while it sleeps.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::group_commit::Pace;
use crate::shared::Shared;
use crate::waker::Waker;

/// How long work for the index may pile up.
const INDEX_REST: Duration = Duration::from_millis(20);
/// Writing ConsumeQueue units takes at most one part in so many of the time.
const WRITE_SHARE: u32 = 20;
/// How long a sleeper sleeps who knows of nothing to do at a certain time.
const FOR_LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// Starts the threads of a store.
pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Vec<JoinHandle<()>>> {
    let flush: fn(&Shared) = flush_loop;
    let loops = [
        ("store-flush", flush),
        ("store-derive", derive_loop),
        ("store-keep", housekeeping_loop),
    ];
    let mut threads = Vec::new();
    for (name, run) in loops {
        let its_shared = Arc::clone(shared);
        let builder = std::thread::Builder::new().name(name.to_owned());
        match builder.spawn(move || run(&its_shared)) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                stop(shared, threads);
                return Err(error);
            }
        }
    }
    Ok(threads)
}

/// Ends the threads; nothing is flushed.
pub(crate) fn stop(shared: &Shared, threads: Vec<JoinHandle<()>>) {
    for waker in [
        &shared.flush_waker,
        &shared.derive_waker,
        &shared.housekeeping_waker,
    ] {
        waker.stop();
    }
    for thread in threads {
        // A thread that panicked has said so on its way out.
        let _ended = thread.join();
    }
}

/// Attached before the first look for work, so that whoever wakes it finds it.
fn attached(waker: &Waker) -> &Waker {
    waker.attach();
    waker
}

fn flush_loop(shared: &Shared) {
    let waker = attached(&shared.flush_waker);
    let mut pace = Pace::default();
    while !waker.is_stopped() {
        waker.sleep(None, || !shared.flush.has_work(&shared.log));
        if shared.holds_back() {
            gather(shared, &pace);
        } else {
            waker.rest(shared.config.flush_interval);
        }
        if !waker.is_stopped() && shared.flush.has_work(&shared.log) {
            // Read before the sync begins: what is put later may not be in it.
            let put = shared.messages_put.load(Ordering::Acquire);
            let began = shared.clock.elapsed();
            shared.flush_once();
            pace.note(put, began, shared.clock.elapsed());
        }
    }
}

/// Waits until a group is there that is worth a sync.
fn gather(shared: &Shared, pace: &Pace) {
    let put = || shared.messages_put.load(Ordering::Acquire);
    let Some(gathering) = pace.gathering(put(), shared.clock.elapsed()) else {
        return;
    };
    shared.flush.expect(gathering.until_put);
    // The end of the log is read first: it is published after the count.
    let is_idle = || shared.log.end() > 0 && put() < gathering.until_put;
    shared.flush_waker.sleep(Some(gathering.patience), is_idle);
    shared.flush.expect(0);
}

fn derive_loop(shared: &Shared) {
    let waker = attached(&shared.derive_waker);
    let now = || shared.clock.elapsed();
    let mut next_write = now() + shared.config.consume_queue_flush_interval;
    let mut next_sync = now() + shared.config.flush_thorough_interval;
    while !waker.is_stopped() {
        let is_indexed = shared.index_once();
        if shared.dispatcher.has_dirty() && (now() >= next_write || shared.has_many_unwritten()) {
            let began = now();
            if let Err(error) = shared.write_queues() {
                tracing::warn!(%error, "ConsumeQueue files cannot be written; trying again");
            }
            let pause = (now() - began) * WRITE_SHARE;
            next_write = now() + pause.max(shared.config.consume_queue_flush_interval);
        }
        if now() >= next_sync {
            if let Err(error) = shared.sync_everything() {
                tracing::warn!(%error, "the checkpoint cannot be brought up to date");
            }
            next_sync = now() + shared.config.flush_thorough_interval;
        }
        if !is_indexed {
            continue;
        }
        waker.rest(INDEX_REST);
        // What is dirty has to be written, what was written has to be synced, each at its time.
        let until = if shared.dispatcher.has_dirty() {
            next_write.min(next_sync)
        } else if shared.is_checkpoint_behind() {
            next_sync
        } else {
            now() + FOR_LONG
        };
        waker.sleep(Some(until.saturating_sub(now())), || {
            shared.is_index_done() && now() < until
        });
    }
}

fn housekeeping_loop(shared: &Shared) {
    let waker = attached(&shared.housekeeping_waker);
    let now = || shared.clock.elapsed();
    let mut next_clean = now() + shared.config.clean_interval;
    let (mut last_end, mut last_look) = (shared.log.end(), now());
    let mut end_at_clean = shared.log.end();
    while !waker.is_stopped() {
        // Only a log that is being written gets room ahead: an idle store takes no memory.
        if shared.room_wanted.swap(false, Ordering::SeqCst) {
            let elapsed = (now() - last_look).as_micros().max(1);
            let grown = u128::from(shared.log.end().saturating_sub(last_end));
            (last_end, last_look) = (shared.log.end(), now());
            let rate = u64::try_from(grown * 1_000_000 / elapsed).unwrap_or(u64::MAX);
            shared.prepare_log(rate);
        }
        let everything = shared.release_wanted.swap(false, Ordering::SeqCst);
        shared.log.release_behind(everything);
        if now() >= next_clean {
            shared.clean_once();
            // A store that nobody writes to takes no memory for its log.
            if std::mem::replace(&mut end_at_clean, shared.log.end()) == shared.log.end() {
                shared.log.release_all();
            } else {
                shared.log.release_behind(true);
            }
            shared.index.iter().for_each(crate::index::Index::release);
            next_clean = now() + shared.config.clean_interval;
        }
        waker.sleep(Some(next_clean.saturating_sub(now())), || {
            !shared.room_wanted.load(Ordering::SeqCst)
                && !shared.release_wanted.load(Ordering::SeqCst)
        });
    }
}
