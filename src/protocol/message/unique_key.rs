//! The message id that a client makes: address, process, time within the month and a counter.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};

use super::offset_msg_id::{MessageIdError, decode_hex, hex_digits};
use super::reader::Reader;

/// Set back by less than this, a clock still counts as being at the start of the month: as in
/// Java's `MessageClientIDSetter`, for small corrections by NTP.
const CLOCK_CORRECTION_MAX_MS: i64 = 1_000_000;

const MS_PER_DAY: i64 = 24 * 60 * 60 * 1_000;

/// A calendar month of some time zone: from its first instant to the next month's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthSpan {
    /// First instant, in ms since the epoch.
    pub start_ms: i64,
    /// First instant of the next month, in ms since the epoch.
    pub end_ms: i64,
}

impl MonthSpan {
    /// The month that `now_ms` falls in where the clocks are `utc_offset_ms` ahead of UTC.
    ///
    /// In a zone with daylight saving time the offset changes within some months; take a calendar
    /// with a time zone database there. Only the searching of an id by its time depends on it.
    #[must_use]
    pub const fn containing(now_ms: i64, utc_offset_ms: i64) -> Self {
        let local_ms = now_ms.saturating_add(utc_offset_ms);
        let day = local_ms.div_euclid(MS_PER_DAY);
        let (start_day, length) = month_of_day(day);
        let start_ms = start_day
            .saturating_mul(MS_PER_DAY)
            .saturating_sub(utc_offset_ms);
        Self {
            start_ms,
            end_ms: start_ms.saturating_add(length * MS_PER_DAY),
        }
    }
}

/// First day and length of the month that a day since the epoch falls in.
///
/// Counts in years that begin in March, so that the leap day is the last of its year.
const fn month_of_day(day: i64) -> (i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    const EPOCH_IN_ERAS: i64 = 719_468; // days from 0000-03-01 to 1970-01-01
    let day = day + EPOCH_IN_ERAS;
    let day_of_era = day.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let year_start = 365 * year_of_era + year_of_era / 4 - year_of_era / 100;
    let day_of_year = day_of_era - year_start;
    let month = (5 * day_of_year + 2) / 153;
    let month_start = (153 * month + 2) / 5;
    let is_leap_end = (year_of_era + 1) % 4 == 0
        && ((year_of_era + 1) % 100 != 0 || (year_of_era + 1) % 400 == 0);
    let length = match (month, is_leap_end) {
        (11, true) => 29,
        (11, false) => 28,
        _ => (153 * (month + 1) + 2) / 5 - month_start,
    };
    (day - EPOCH_IN_ERAS - day_of_year + month_start, length)
}

/// What a unique key says: upper-case hexadecimal as text, 32 characters or 56 with IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UniqueKey {
    /// Address of the client.
    pub ip: IpAddr,
    /// Low 16 bits of the client's process id.
    pub pid: u16,
    /// Tells two libraries in one process apart.
    pub class_loader_hash: i32,
    /// Milliseconds since the month began, in the client's time zone.
    pub month_offset_ms: u32,
    /// Counts the keys of one client.
    pub counter: u16,
}

impl UniqueKey {
    /// When the key was made, in ms since the epoch: this month, or the one before.
    ///
    /// `month_of` gives the month that an instant falls in.
    #[must_use]
    pub fn born_ms(&self, now_ms: i64, month_of: impl Fn(i64) -> MonthSpan) -> i64 {
        let offset = i64::from(self.month_offset_ms);
        let this_month = month_of(now_ms).start_ms;
        if this_month.saturating_add(offset) < now_ms {
            return this_month.saturating_add(offset);
        }
        month_of(this_month.saturating_sub(1))
            .start_ms
            .saturating_add(offset)
    }
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = key_prefix(self.ip, self.pid, self.class_loader_hash);
        push_hex(&self.month_offset_ms.to_be_bytes(), &mut text);
        push_hex(&self.counter.to_be_bytes(), &mut text);
        formatter.pad(&text)
    }
}

impl FromStr for UniqueKey {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, MessageIdError> {
        let mut buffer = [0; 28];
        let bytes = decode_hex(text, &mut buffer)?;
        let mut reader = Reader::new(bytes);
        let mut key = || {
            let address = reader.bytes(bytes.len().checked_sub(KEY_LENGTH_AFTER_IP)?)?;
            let ip = match address.first_chunk::<16>() {
                Some(address) => IpAddr::V6(Ipv6Addr::from(*address)),
                None => IpAddr::V4(Ipv4Addr::from(*address.first_chunk::<4>()?)),
            };
            Some(Self {
                ip,
                pid: u16::from_be_bytes(reader.i16()?.to_be_bytes()),
                class_loader_hash: reader.i32()?,
                month_offset_ms: u32::from_be_bytes(reader.i32()?.to_be_bytes()),
                counter: u16::from_be_bytes(reader.i16()?.to_be_bytes()),
            })
        };
        key().ok_or(MessageIdError::NoAddress)
    }
}

const KEY_LENGTH_AFTER_IP: usize = 12;

/// Makes unique keys; one generator serves all threads of a client.
pub struct UniqueKeyGenerator {
    prefix: String,
    counter: AtomicU16,
    month: Mutex<MonthSpan>,
    month_of: Box<dyn Fn(i64) -> MonthSpan + Send + Sync>,
}

impl fmt::Debug for UniqueKeyGenerator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UniqueKeyGenerator")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl UniqueKeyGenerator {
    /// A generator for one client.
    ///
    /// `class_loader_hash` may be any number that another library in this process is unlikely to
    /// have. `month_of` gives the month of the local time zone that an instant falls in; it is
    /// asked once a month.
    #[must_use]
    pub fn new(
        ip: IpAddr,
        pid: u32,
        class_loader_hash: i32,
        month_of: impl Fn(i64) -> MonthSpan + Send + Sync + 'static,
    ) -> Self {
        let [_, _, high, low] = pid.to_be_bytes();
        Self {
            prefix: key_prefix(ip, u16::from_be_bytes([high, low]), class_loader_hash),
            counter: AtomicU16::new(0),
            month: Mutex::new(MonthSpan {
                start_ms: i64::MAX,
                end_ms: i64::MAX,
            }),
            month_of: Box::new(month_of),
        }
    }

    /// The next key. Two calls within one millisecond differ by the counter.
    #[must_use]
    pub fn next(&self, now_ms: i64) -> String {
        let offset = now_ms.saturating_sub(self.month_start(now_ms)).max(0);
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut key = String::with_capacity(self.prefix.len() + 12);
        key.push_str(&self.prefix);
        push_hex(&offset.to_be_bytes(), &mut key);
        push_hex(&counter.to_be_bytes(), &mut key);
        key
    }

    fn month_start(&self, now_ms: i64) -> i64 {
        let mut month = self.month.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest_ms = month.start_ms.saturating_sub(CLOCK_CORRECTION_MAX_MS);
        if now_ms >= month.end_ms || now_ms < earliest_ms {
            *month = (self.month_of)(now_ms);
        }
        month.start_ms
    }
}

/// The part of a key that stays the same for a client.
fn key_prefix(ip: IpAddr, pid: u16, class_loader_hash: i32) -> String {
    let mut prefix = String::with_capacity(56);
    match ip.to_canonical() {
        IpAddr::V4(address) => push_hex(&address.octets(), &mut prefix),
        IpAddr::V6(address) => push_hex(&address.octets(), &mut prefix),
    }
    push_hex(&pid.to_be_bytes(), &mut prefix);
    push_hex(&class_loader_hash.to_be_bytes(), &mut prefix);
    prefix
}

fn push_hex(bytes: &[u8], text: &mut String) {
    text.extend(
        bytes
            .iter()
            .flat_map(|byte| hex_digits(*byte))
            .map(char::from),
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    const NOVEMBER_2023_MS: i64 = 1_698_796_800_000;
    const KEY: &str = "C0A8010A123418B4AAC247B760000001";

    fn utc(now_ms: i64) -> MonthSpan {
        MonthSpan::containing(now_ms, 0)
    }

    fn generator() -> UniqueKeyGenerator {
        let ip = "192.168.1.10".parse().unwrap();
        UniqueKeyGenerator::new(ip, 0xAB_1234, 0x18B4_AAC2, utc)
    }

    #[test]
    fn text_is_javas() {
        let generator = generator();
        let now_ms = NOVEMBER_2023_MS + 1_203_200_000;
        assert_eq!(generator.next(now_ms), "C0A8010A123418B4AAC247B760000000");
        assert_eq!(generator.next(now_ms), KEY);
    }

    #[test]
    fn a_key_tells_when_it_was_made() {
        let key: UniqueKey = KEY.parse().unwrap();
        assert_eq!(key.pid, 0x1234);
        assert_eq!(key.counter, 1);
        assert_eq!(key.to_string(), KEY);
        let born_ms = NOVEMBER_2023_MS + 1_203_200_000;
        assert_eq!(key.born_ms(born_ms + 5, utc), born_ms);
        assert_eq!(
            key.born_ms(NOVEMBER_2023_MS + 30 * MS_PER_DAY + 5, utc),
            born_ms
        );
    }

    #[test]
    fn the_month_turns_and_small_corrections_do_not_turn_it_back() {
        let generator = generator();
        let december_ms = NOVEMBER_2023_MS + 30 * MS_PER_DAY;
        let offset = |now_ms| {
            generator
                .next(now_ms)
                .parse::<UniqueKey>()
                .unwrap()
                .month_offset_ms
        };
        assert_eq!(offset(december_ms - 1), 30 * 86_400_000 - 1);
        assert_eq!(offset(december_ms), 0);
        assert_eq!(offset(december_ms - 10), 0);
        assert_eq!(offset(december_ms - MS_PER_DAY), 29 * 86_400_000);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let check = |now_ms, utc_offset_ms, start_ms, days| {
            let month = MonthSpan::containing(now_ms, utc_offset_ms);
            assert_eq!(
                month,
                MonthSpan {
                    start_ms,
                    end_ms: start_ms + days * MS_PER_DAY
                }
            );
        };
        check(0, 0, 0, 31);
        check(-1, 0, -31 * MS_PER_DAY, 31);
        check(951_782_400_000, 0, 949_363_200_000, 29); // 29 February 2000
        check(1_709_251_200_000, 0, 1_709_251_200_000, 31); // 1 March 2024
        check(1_677_600_000_000, 0, 1_675_209_600_000, 28); // 28 February 2023
        let hour = 3_600_000;
        check(
            NOVEMBER_2023_MS - hour,
            8 * hour,
            NOVEMBER_2023_MS - 8 * hour,
            30,
        );
        check(
            NOVEMBER_2023_MS + hour,
            -8 * hour,
            NOVEMBER_2023_MS - 31 * MS_PER_DAY + 8 * hour,
            31,
        );
    }

    proptest! {
        #[test]
        fn an_instant_is_in_its_month(now_ms in -10_000_000_000_000_i64..10_000_000_000_000) {
            let month = utc(now_ms);
            assert!(month.start_ms <= now_ms && now_ms < month.end_ms);
            assert_eq!(utc(month.start_ms), month);
            assert_eq!(utc(month.end_ms - 1), month);
            assert_eq!(utc(month.end_ms).start_ms, month.end_ms);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _parsed = text.parse::<UniqueKey>();
        }
    }
}
