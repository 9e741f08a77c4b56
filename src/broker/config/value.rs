//! The types of settings: how each is read from a properties file and written back.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use store::DelayLevels;

/// A type that a setting may have.
pub(super) trait SettingValue: Sized {
    /// What a value is, in the words of an error.
    const EXPECTED: &'static str;

    /// Reads trimmed text.
    fn parse(text: &str) -> Option<Self>;

    /// The text that [`SettingValue::parse`] reads.
    fn format(&self) -> String;
}

macro_rules! parsed {
    ($($kind:ty: $expected:literal;)+) => {$(
        impl SettingValue for $kind {
            const EXPECTED: &'static str = $expected;

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn format(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

parsed! {
    i32: "a 32-bit number";
    i64: "a 64-bit number";
    u16: "a port";
    IpAddr: "an IP address";
}

impl SettingValue for String {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn format(&self) -> String {
        self.clone()
    }
}

impl SettingValue for bool {
    const EXPECTED: &'static str = "true or false";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn format(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }

    fn format(&self) -> String {
        self.display().to_string()
    }
}

/// Milliseconds in a properties file.
impl SettingValue for Duration {
    const EXPECTED: &'static str = "a number of milliseconds";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::from_millis)
    }

    fn format(&self) -> String {
        self.as_millis().to_string()
    }
}

/// Addresses separated by `;`.
impl SettingValue for Vec<String> {
    const EXPECTED: &'static str = "host:port, several separated by `;`";

    fn parse(text: &str) -> Option<Self> {
        let addresses = text
            .split(';')
            .map(str::trim)
            .filter(|address| !address.is_empty());
        addresses
            .map(|address| is_address(address).then(|| address.to_owned()))
            .collect()
    }

    fn format(&self) -> String {
        self.join(";")
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Empty text stands for none.
impl<V: SettingValue> SettingValue for Option<V> {
    const EXPECTED: &'static str = V::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            Some(None)
        } else {
            V::parse(text).map(Some)
        }
    }

    fn format(&self) -> String {
        self.as_ref().map(V::format).unwrap_or_default()
    }
}

/// Role of a broker in its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerRole {
    /// A master that does not wait for replicas.
    AsyncMaster,
    /// A master that waits for as many replicas as `inSyncReplicas` says; with its default, for none.
    SyncMaster,
}

impl SettingValue for BrokerRole {
    const EXPECTED: &'static str = "ASYNC_MASTER or SYNC_MASTER (slaves are not supported yet)";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "ASYNC_MASTER" => Some(Self::AsyncMaster),
            "SYNC_MASTER" => Some(Self::SyncMaster),
            _ => None,
        }
    }

    fn format(&self) -> String {
        match self {
            Self::AsyncMaster => "ASYNC_MASTER",
            Self::SyncMaster => "SYNC_MASTER",
        }
        .to_owned()
    }
}

/// What an acknowledged message survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushDiskType {
    /// It survives the end of the process, however it comes.
    AsyncFlush,
    /// It survives a power cut.
    SyncFlush,
}

impl SettingValue for FlushDiskType {
    const EXPECTED: &'static str = "ASYNC_FLUSH or SYNC_FLUSH";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "ASYNC_FLUSH" => Some(Self::AsyncFlush),
            "SYNC_FLUSH" => Some(Self::SyncFlush),
            _ => None,
        }
    }

    fn format(&self) -> String {
        match self {
            Self::AsyncFlush => "ASYNC_FLUSH",
            Self::SyncFlush => "SYNC_FLUSH",
        }
        .to_owned()
    }
}

/// Hours of the day, local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours(Vec<u8>);

impl Hours {
    /// Each hour, from 0 to 23.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// Four in the morning, as RocketMQ has it.
impl Default for Hours {
    fn default() -> Self {
        Self(vec![4])
    }
}

impl SettingValue for Hours {
    const EXPECTED: &'static str = "hours from 00 to 23, separated by `;`";

    fn parse(text: &str) -> Option<Self> {
        let hour = |text: &str| text.trim().parse::<u8>().ok().filter(|hour| *hour < 24);
        text.split(';').map(hour).collect::<Option<_>>().map(Self)
    }

    fn format(&self) -> String {
        let hours: Vec<String> = self.0.iter().map(|hour| format!("{hour:02}")).collect();
        hours.join(";")
    }
}

/// The most levels there may be: each is a queue of `SCHEDULE_TOPIC_XXXX` and a timer of ours.
const DELAY_LEVELS_MAX: i32 = 256;

/// Units of a delay with their length in milliseconds, the largest first.
const DELAY_UNITS: [(char, i64); 4] = [
    ('d', 86_400_000),
    ('h', 3_600_000),
    ('m', 60_000),
    ('s', 1_000),
];

impl SettingValue for DelayLevels {
    const EXPECTED: &'static str = "delays such as 1s 5m 2h, separated by blanks";

    fn parse(text: &str) -> Option<Self> {
        let levels = Self::parse(text).ok()?;
        (1..=DELAY_LEVELS_MAX)
            .contains(&levels.max_level())
            .then_some(levels)
    }

    fn format(&self) -> String {
        let levels: Vec<String> = self
            .iter()
            .map(|(_, delay_ms)| delay_text(delay_ms))
            .collect();
        levels.join(" ")
    }
}

/// In the largest unit that divides it, as people write it.
fn delay_text(delay_ms: i64) -> String {
    let fits = |(_, unit_ms): &&(char, i64)| delay_ms >= *unit_ms && delay_ms % unit_ms == 0;
    let (unit, unit_ms) = DELAY_UNITS.iter().find(fits).unwrap_or(&('s', 1_000));
    format!("{}{unit}", delay_ms / unit_ms)
}
