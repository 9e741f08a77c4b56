//! Progress of longer work: on a terminal's stderr, after half a second, and never without words.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use super::Output;

/// Work that is over sooner shows nothing.
const SHOW_AFTER: Duration = Duration::from_millis(500);

/// How often a line is written where nobody sees a bar (`CI=1`).
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(10);

const SPINNER_STEP: Duration = Duration::from_millis(120);

/// The progress of one piece of work. Dropping it removes what is not finished.
#[derive(Debug)]
pub(crate) struct Progress {
    out: Output,
    label: String,
    total: Option<u64>,
    done: AtomicU64,
    started: Duration,
    shown: AtomicBool,
    last_line: Mutex<Duration>,
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(out: Output, label: &str, total: Option<u64>) -> Self {
        let started = out.clock().elapsed();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{msg}  {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}",
            None => "{spinner} {msg}  {human_pos}  {per_sec}",
        };
        // The templates are ours; should one not parse, the library's own look is as good.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(label.to_owned());
        Self {
            out,
            label: label.to_owned(),
            total,
            done: AtomicU64::new(0),
            started,
            shown: AtomicBool::new(false),
            last_line: Mutex::new(started),
            bar,
        }
    }

    /// Counts `by` more as done.
    pub(crate) fn advance(&self, by: u64) {
        let done = self.done.fetch_add(by, Ordering::Relaxed) + by;
        self.bar.inc(by);
        let now = self.out.clock().elapsed();
        if self.out.shows_progress() {
            if now.saturating_sub(self.started) > SHOW_AFTER
                && !self.shown.swap(true, Ordering::Relaxed)
            {
                self.show();
            }
        } else if self.out.is_ci() {
            self.plain_line(now, done);
        }
    }

    /// The work is done; a bar that was shown stays as the record.
    pub(crate) fn finish(self) {
        if self.shown.load(Ordering::Relaxed) {
            self.bar.finish();
        }
    }

    fn show(&self) {
        self.out.set_bar(Some(self.bar.clone()));
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        if self.total.is_none() {
            self.bar.enable_steady_tick(SPINNER_STEP);
        }
    }

    fn plain_line(&self, now: Duration, done: u64) {
        {
            let mut last = self.last_line.lock();
            if now.saturating_sub(*last) < PLAIN_LINE_EVERY {
                return;
            }
            *last = now;
        }
        let of = self
            .total
            .map(|total| format!(" of {total}"))
            .unwrap_or_default();
        self.out.note(&format!("{}: {done}{of}", self.label));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.out.set_bar(None);
        if !self.bar.is_finished() {
            self.bar.finish_and_clear();
        }
    }
}

impl Output {
    /// Progress of work in `total` steps, or of unknown length. Shows nothing in the first half second.
    pub(crate) fn progress(&self, label: &str, total: Option<u64>) -> Progress {
        Progress::new(self.clone(), label, total)
    }

    /// Awaits `work`, with a spinner and `label` if it takes longer than half a second.
    pub(crate) async fn busy<F: Future>(&self, label: &str, work: F) -> F::Output {
        if !self.shows_progress() {
            return work.await;
        }
        let mut work = std::pin::pin!(work);
        if let Ok(done) = tokio::time::timeout(SHOW_AFTER, &mut work).await {
            return done;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_message(label.to_owned());
        bar.enable_steady_tick(SPINNER_STEP);
        self.set_bar(Some(bar.clone()));
        let done = work.await;
        self.set_bar(None);
        bar.finish_and_clear();
        done
    }
}
