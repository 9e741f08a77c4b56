//! How it went: counts, times, brokers, failures.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::json;

use super::receipt::Receipt;
use crate::error::{CommandError, codes};
use crate::output::units::{decimal, grouped};

/// The longest time that is told apart, in microseconds: a minute.
const RT_MAX_US: u64 = 60_000_000;

/// Counts what became of the messages.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) sent: u64,
    pub(super) failed: u64,
    by_broker: BTreeMap<String, u64>,
    /// Statuses other than `SEND_OK`: stored, but not as safely as the broker is set up to.
    by_status: BTreeMap<&'static str, u64>,
    failures: BTreeMap<&'static str, u64>,
    first_error: Option<CommandError>,
    times: Option<Histogram<u64>>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            sent: 0,
            failed: 0,
            by_broker: BTreeMap::new(),
            by_status: BTreeMap::new(),
            failures: BTreeMap::new(),
            first_error: None,
            // The bounds are constants that the library takes.
            times: Histogram::new_with_bounds(1, RT_MAX_US, 3).ok(),
        }
    }

    /// One request was answered, with a receipt for each of its messages.
    pub(super) fn count_sent(&mut self, receipts: &[Receipt], rt: Option<Duration>) {
        for receipt in receipts {
            self.sent += 1;
            *self
                .by_broker
                .entry(receipt.broker().to_owned())
                .or_default() += 1;
            if receipt.status() != "SEND_OK" && rt.is_some() {
                *self.by_status.entry(receipt.status()).or_default() += 1;
            }
        }
        if let (Some(rt), Some(times)) = (rt, &mut self.times) {
            times.saturating_record(u64::try_from(rt.as_micros()).unwrap_or(u64::MAX).max(1));
        }
    }

    /// One request with so many messages failed. Says whether it is the first of its kind.
    pub(super) fn count_failed(&mut self, error: CommandError, messages: u64) -> bool {
        self.failed += messages;
        let count = self.failures.entry(error.code().name).or_default();
        *count += messages;
        let is_first = *count == messages;
        self.first_error.get_or_insert(error);
        is_first
    }

    /// The summary for people, over several lines.
    pub(super) fn summary(&self, took: Duration, units_raw: bool) -> String {
        let number = |count: u64| {
            if units_raw {
                count.to_string()
            } else {
                grouped(count.into())
            }
        };
        let list = |counts: &mut dyn Iterator<Item = (&str, u64)>| {
            let texts: Vec<_> = counts
                .map(|(name, count)| format!("{name} {}", number(count)))
                .collect();
            texts.join("  ")
        };
        let messages = if self.sent == 1 {
            "message"
        } else {
            "messages"
        };
        let mut text = format!("sent {} {messages}", number(self.sent));
        let seconds = took.as_secs_f64();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of messages is far below 2^53"
        )]
        let rate = self.sent as f64 / seconds;
        if rate.is_finite() {
            text.push_str(&format!(" in {seconds:.1}s ({}/s)", decimal(rate)));
        }
        if let Some(times) = self.times.as_ref().filter(|times| !times.is_empty()) {
            let ms = |us: u64| format!("{:.1}ms", Duration::from_micros(us).as_secs_f64() * 1000.0);
            let [p50, p99] = [0.5, 0.99].map(|part| ms(times.value_at_quantile(part)));
            text.push_str(&format!("   p50 {p50}  p99 {p99}  max {}", ms(times.max())));
        }
        let by_broker = &mut self
            .by_broker
            .iter()
            .map(|(name, count)| (name.as_str(), *count));
        if !self.by_broker.is_empty() {
            text.push_str(&format!("\nby broker   {}", list(by_broker)));
        }
        for (title, counts) in [
            ("stored but ", &self.by_status),
            ("failed     ", &self.failures),
        ] {
            if !counts.is_empty() {
                let counts = &mut counts.iter().map(|(name, count)| (*name, *count));
                text.push_str(&format!("\n{title} {}", list(counts)));
            }
        }
        text
    }

    /// What the command ends with.
    pub(super) fn outcome(self) -> Result<(), CommandError> {
        let Some(first) = self.first_error else {
            return Ok(());
        };
        if self.sent == 0 {
            return Err(first);
        }
        let all = self.sent + self.failed;
        let text = format!(
            "{} of {all} messages were not sent: {}",
            self.failed,
            first.message()
        );
        Err(CommandError::new(&codes::PARTIAL, text)
            .detail("sent", self.sent)
            .detail("failed", self.failed)
            .detail("failures", json!(self.failures)))
    }
}

#[cfg(test)]
mod tests {
    use protocol::body::MessageQueue;

    use super::*;

    #[test]
    fn a_summary_counts_brokers_and_failures() {
        let mut report = Report::new();
        for broker in ["b-0", "b-1", "b-0"] {
            let receipt = Receipt::oneway(&MessageQueue::new("t", broker, 0));
            report.count_sent(&[receipt], None);
        }
        let busy = || CommandError::new(&codes::REMOTE_BUSY, "no room");
        assert!(report.count_failed(busy(), 1));
        assert!(!report.count_failed(busy(), 2));
        let expected =
            "sent 3 messages in 2.0s (1.5/s)\nby broker   b-0 2  b-1 1\nfailed      remote_busy 3";
        assert_eq!(report.summary(Duration::from_secs(2), true), expected);
        let error = report.outcome().unwrap_err();
        assert_eq!(error.message(), "3 of 6 messages were not sent: no room");
        assert_eq!(error.kind().exit_code(), 8);
    }

    #[test]
    fn nothing_sent_at_all_is_the_first_error() {
        let mut report = Report::new();
        report.count_failed(CommandError::new(&codes::TIMEOUT, "late"), 1);
        report.count_failed(CommandError::new(&codes::REMOTE_BUSY, "no room"), 1);
        assert_eq!(report.outcome().unwrap_err().code().name, "timeout");
        assert!(Report::new().outcome().is_ok());
    }
}
