//! Which state a table is in, so that two holders of it can tell who knows more.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::json_body;

/// Which state a table is in; the greater version is the later one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DataVersion {
    /// How often the table was changed.
    pub counter: i64,
    /// Which master wrote it: its epoch, or 0.
    pub state_version: i64,
    /// When it was last changed, in ms since the epoch.
    pub timestamp: i64,
}

json_body!(DataVersion);

impl DataVersion {
    /// The version of a table that was never changed.
    #[must_use]
    pub const fn new(now_ms: i64) -> Self {
        Self {
            counter: 0,
            state_version: 0,
            timestamp: now_ms,
        }
    }

    /// Notes a change.
    pub const fn next_version(&mut self, now_ms: i64, state_version: i64) {
        self.counter = self.counter.wrapping_add(1);
        self.state_version = state_version;
        self.timestamp = now_ms;
    }
}

impl Ord for DataVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |version: &Self| (version.state_version, version.counter, version.timestamp);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for DataVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let mut version = DataVersion::new(1_700_000_000_000);
        version.next_version(1_700_000_000_005, 0);
        golden(
            &version,
            r#"{"counter":1,"stateVersion":0,"timestamp":1700000000005}"#,
        );
    }

    #[test]
    fn state_goes_before_count_before_time() {
        let version = |state_version, counter, timestamp| DataVersion {
            counter,
            state_version,
            timestamp,
        };
        assert!(version(1, 0, 0) > version(0, 9, 9));
        assert!(version(0, 1, 0) > version(0, 0, 9));
        assert!(version(0, 0, 1) > version(0, 0, 0));
    }
}
