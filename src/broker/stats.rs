//! Counters for people and tools: of the broker, of each topic and of each group that reads it.
//!
//! Counting is an atomic addition. A task takes samples; rates are differences of samples. Counters
//! of a topic live with it and go with it. What goes for the store as a whole is counted there.

mod item;

use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use parking_lot::{Mutex, RwLock};

pub(crate) use item::{StatsItem, StatsSpan};

use crate::map::NameMap;

/// How often samples are taken: RocketMQ's ten seconds.
pub(crate) const SAMPLE_PERIOD: Duration = Duration::from_secs(10);

/// The groups of one topic that are counted apart; a client cannot make more by inventing names.
const GROUPS_MAX: usize = 4_096;

/// What is counted for the whole broker.
#[derive(Debug)]
pub(crate) struct BrokerStats {
    clock: SharedClock,
    /// Messages taken in, as `BROKER_PUT_NUMS`.
    pub(crate) broker_put_nums: StatsItem,
    /// Messages handed out, as `BROKER_GET_NUMS`.
    pub(crate) broker_get_nums: StatsItem,
    /// Messages taken in for topics that are none of RocketMQ's own.
    pub(crate) user_put_nums: StatsItem,
    /// Messages handed out of topics that are none of RocketMQ's own.
    pub(crate) user_get_nums: StatsItem,
    mornings: Mutex<Mornings>,
}

/// Totals at the last two local midnights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mornings {
    day: Option<jiff::civil::Date>,
    pub(crate) put_yesterday: i64,
    pub(crate) put_today: i64,
    pub(crate) get_yesterday: i64,
    pub(crate) get_today: i64,
}

impl BrokerStats {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            broker_put_nums: StatsItem::default(),
            broker_get_nums: StatsItem::default(),
            user_put_nums: StatsItem::default(),
            user_get_nums: StatsItem::default(),
            mornings: Mutex::default(),
        }
    }

    /// Totals at the last two local midnights; 0 for those before the start.
    pub(crate) fn mornings(&self) -> Mornings {
        *self.mornings.lock()
    }

    /// Takes all samples that are due, those of the topics included.
    pub(crate) fn sample<'a>(&self, topics: impl Iterator<Item = &'a TopicStats>) {
        let now = self.clock.elapsed();
        for item in [&self.broker_put_nums, &self.broker_get_nums] {
            item.sample(now);
        }
        for topic in topics {
            topic.sample(now);
        }
        let timestamp = jiff::Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or_default();
        let today = timestamp.to_zoned(jiff::tz::TimeZone::system()).date();
        self.mornings.lock().note(
            today,
            self.user_put_nums.total(),
            self.user_get_nums.total(),
        );
    }
}

impl Mornings {
    fn note(&mut self, today: jiff::civil::Date, put_total: i64, get_total: i64) {
        if self.day.is_some_and(|day| day != today) {
            self.put_yesterday = std::mem::replace(&mut self.put_today, put_total);
            self.get_yesterday = std::mem::replace(&mut self.get_today, get_total);
        }
        self.day = Some(today);
    }
}

/// What is counted for one topic.
#[derive(Debug, Default)]
pub(crate) struct TopicStats {
    /// `TOPIC_PUT_NUMS`.
    pub(crate) put_nums: StatsItem,
    /// `TOPIC_PUT_SIZE`.
    pub(crate) put_size: StatsItem,
    groups: RwLock<NameMap<Arc<GroupStats>>>,
}

/// What is counted for one group that reads a topic.
#[derive(Debug, Default)]
pub(crate) struct GroupStats {
    /// `GROUP_GET_NUMS`.
    pub(crate) get_nums: StatsItem,
    /// `GROUP_GET_SIZE`.
    pub(crate) get_size: StatsItem,
    /// `SNDBCK_PUT_NUMS`.
    pub(crate) send_back_nums: StatsItem,
}

impl TopicStats {
    /// The counters of a group, if it was ever seen here.
    pub(crate) fn find_group(&self, group: &str) -> Option<Arc<GroupStats>> {
        self.groups.read().get(group).cloned()
    }

    /// The counters of a group; `None` when there are too many groups to count apart.
    pub(crate) fn group(&self, group: &str) -> Option<Arc<GroupStats>> {
        if let Some(known) = self.find_group(group) {
            return Some(known);
        }
        let mut groups = self.groups.write();
        if groups.len() >= GROUPS_MAX && !groups.contains_key(group) {
            return None;
        }
        Some(Arc::clone(groups.entry(group.into()).or_default()))
    }

    /// Forgets a group that was deleted.
    pub(crate) fn remove_group(&self, group: &str) {
        self.groups.write().remove(group);
    }

    fn sample(&self, now: Duration) {
        self.put_nums.sample(now);
        self.put_size.sample(now);
        let groups: Vec<Arc<GroupStats>> = self.groups.read().values().map(Arc::clone).collect();
        for group in groups {
            group.get_nums.sample(now);
            group.get_size.sample(now);
            group.send_back_nums.sample(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_day_moves_the_totals_on() {
        let day = |day| jiff::civil::date(2026, 3, day);
        let mut mornings = Mornings::default();
        mornings.note(day(1), 5, 1);
        assert_eq!((mornings.put_today, mornings.get_today), (0, 0));
        mornings.note(day(2), 7, 2);
        mornings.note(day(2), 9, 3);
        assert_eq!((mornings.put_yesterday, mornings.put_today), (0, 7));
        mornings.note(day(3), 10, 4);
        assert_eq!((mornings.put_yesterday, mornings.put_today), (7, 10));
        assert_eq!((mornings.get_yesterday, mornings.get_today), (2, 4));
    }

    #[test]
    fn groups_are_counted_apart_up_to_a_limit() {
        let topic = TopicStats::default();
        for number in 0..GROUPS_MAX {
            assert!(topic.group(&format!("g{number}")).is_some());
        }
        assert!(topic.group("one-more").is_none());
        topic.group("g0").unwrap().get_nums.add(3);
        assert_eq!(topic.find_group("g0").unwrap().get_nums.total(), 3);
    }
}
