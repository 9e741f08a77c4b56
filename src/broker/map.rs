//! Hash maps by name, as all tables use them.

use std::collections::HashMap;

/// A map by topic or group name. Its hash is fast and seeded anew for each map.
pub(crate) type NameMap<V> = HashMap<Box<str>, V, foldhash::quality::RandomState>;
