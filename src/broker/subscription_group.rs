//! The consumer groups of this broker and their settings.
//!
//! Reading is one look-up by name under a read lock. Changes are made one after the other under a
//! lock of their own; each survives the end of the process when it returns.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use clock::SharedClock;
use parking_lot::{Mutex, RwLock};
use protocol::body::{DataVersion, SubscriptionGroupConfig, SubscriptionGroupWrapper};
use protocol::name::{is_system_group, validate_group};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::config::BrokerConfig;
use crate::error::StartError;
use crate::map::NameMap;
use crate::saved_table::{self, SavedTable, Synced};
use crate::table_file;

/// Groups that a broker may have; auto-creation lets any consumer make more.
pub(crate) const GROUPS_MAX: usize = 50_000;
/// Topics that one group may be forbidden.
const FORBIDDEN_TOPICS_PER_GROUP_MAX: usize = 4_096;

/// The bit of a forbidden topic that says that the group may not read it (`INDEX_PERM_READ`).
pub(crate) const FORBIDDEN_READ: i32 = 1 << 2;

/// The name of the table's files in the config folder.
const TABLE_NAME: &str = "subscriptionGroup";

/// The groups that every broker has (RocketMQ `SubscriptionGroupManager.init`).
const PREDEFINED: [&str; 8] = [
    "TOOLS_CONSUMER",
    "FILTERSRV_CONSUMER",
    "SELF_TEST_C_GROUP",
    "CID_ONS-HTTP-PROXY",
    "CID_ONSAPI_PULL",
    "CID_ONSAPI_PERMISSION",
    "CID_ONSAPI_OWNER",
    "CID_RMQ_SYS_TRANS",
];

/// By group, then by topic.
type Forbidden = BTreeMap<String, BTreeMap<String, i32>>;

/// What happened to the table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Change {
    Put(Box<SubscriptionGroupConfig>),
    Delete(String),
    #[serde(rename_all = "camelCase")]
    Forbid {
        group: String,
        topic: String,
        bits: i32,
    },
}

/// Why a group is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GroupError {
    /// There are as many groups as there may be.
    #[error("the broker has {GROUPS_MAX} consumer groups, more are not allowed")]
    TooMany,
    /// There are as many topics forbidden to the group as there may be.
    #[error("the group is forbidden {FORBIDDEN_TOPICS_PER_GROUP_MAX} topics, more are not allowed")]
    TooManyForbidden,
}

/// All groups of a broker.
#[derive(Debug)]
pub(crate) struct SubscriptionGroupTable {
    clock: SharedClock,
    groups: RwLock<NameMap<Arc<SubscriptionGroupConfig>>>,
    forbidden: RwLock<Forbidden>,
    /// Held for the whole of a change.
    saved: Mutex<SavedTable<Change>>,
    synced: Synced,
    /// Held while the JSON file is written.
    writing: Mutex<()>,
}

impl SubscriptionGroupTable {
    /// Reads the table of the config folder and adds the groups that every broker has.
    ///
    /// # Errors
    /// The table cannot be read.
    pub(crate) fn open(config: &BrokerConfig, clock: SharedClock) -> Result<Self, StartError> {
        let dir = config.config_dir();
        let path = dir.join(format!("{TABLE_NAME}.json"));
        let file =
            table_file::read_json(&path, SubscriptionGroupWrapper::from_json)?.unwrap_or_default();
        let (saved, changes) = SavedTable::open(&dir, TABLE_NAME, file.data_version)?;
        let mut groups = NameMap::default();
        for name in PREDEFINED {
            groups.insert(name.into(), Arc::new(config_of(name)));
        }
        for (name, config) in file.subscription_group_table {
            // Java writes what it was given: a name that is not legal here was not legal there.
            if validate_group(&name).is_ok() {
                groups.insert(
                    name.as_str().into(),
                    Arc::new(SubscriptionGroupConfig {
                        group_name: name,
                        ..config
                    }),
                );
            } else {
                tracing::warn!(group = name, "a group with an illegal name is left out");
            }
        }
        let mut forbidden = file.forbidden_table;
        for change in changes {
            apply(&mut groups, &mut forbidden, change);
        }
        Ok(Self {
            clock,
            groups: RwLock::new(groups),
            forbidden: RwLock::new(forbidden),
            saved: Mutex::new(saved),
            synced: Synced::default(),
            writing: Mutex::default(),
        })
    }

    /// The settings of a group.
    pub(crate) fn get(&self, group: &str) -> Option<Arc<SubscriptionGroupConfig>> {
        self.groups.read().get(group).map(Arc::clone)
    }

    /// The settings of a group, which is made now if it may be: when consumers may make groups, or
    /// when it is one of RocketMQ's own, and when its name is legal.
    pub(crate) fn find(
        &self,
        group: &str,
        auto_create: bool,
    ) -> Option<Arc<SubscriptionGroupConfig>> {
        if let Some(known) = self.get(group) {
            return Some(known);
        }
        if !(auto_create || is_system_group(group)) || validate_group(group).is_err() {
            return None;
        }
        let mut saved = self.saved.lock();
        if let Some(made_meanwhile) = self.get(group) {
            return Some(made_meanwhile);
        }
        tracing::info!(group, "group created by a consumer");
        match self.store(&mut saved, config_of(group)) {
            Ok(config) => Some(config),
            Err(error) => {
                tracing::warn!(group, %error, "group not created");
                None
            }
        }
    }

    /// Whether there is such a group.
    pub(crate) fn contains(&self, group: &str) -> bool {
        self.groups.read().contains_key(group)
    }

    /// Makes a group or changes its settings.
    ///
    /// # Errors
    /// It would be one group too many.
    pub(crate) fn put(&self, config: SubscriptionGroupConfig) -> Result<(), GroupError> {
        let mut saved = self.saved.lock();
        if self
            .get(&config.group_name)
            .is_some_and(|old| *old == config)
        {
            return Ok(());
        }
        self.store(&mut saved, config).map(drop)
    }

    /// Forgets a group. Says whether there was one.
    pub(crate) fn delete(&self, group: &str) -> bool {
        let mut saved = self.saved.lock();
        self.forbidden.write().remove(group);
        let removed = self.groups.write().remove(group);
        if removed.is_some() {
            saved.note(Change::Delete(group.to_owned()), self.clock.now_ms());
        }
        removed.is_some()
    }

    /// What a group may not do with a topic: bits.
    pub(crate) fn forbidden(&self, group: &str, topic: &str) -> i32 {
        let forbidden = self.forbidden.read();
        forbidden
            .get(group)
            .and_then(|topics| topics.get(topic))
            .copied()
            .unwrap_or_default()
    }

    /// Forbids a group to read a topic, or allows it again.
    ///
    /// # Errors
    /// It would be one topic too many.
    pub(crate) fn set_read_forbidden(
        &self,
        group: &str,
        topic: &str,
        forbid: bool,
    ) -> Result<(), GroupError> {
        let mut saved = self.saved.lock();
        let mut forbidden = self.forbidden.write();
        let topics = forbidden.get(group);
        let old = topics
            .and_then(|topics| topics.get(topic))
            .copied()
            .unwrap_or_default();
        let bits = if forbid {
            old | FORBIDDEN_READ
        } else {
            old & !FORBIDDEN_READ
        };
        if bits == old {
            return Ok(());
        }
        if old == 0 && topics.map_or(0, BTreeMap::len) >= FORBIDDEN_TOPICS_PER_GROUP_MAX {
            return Err(GroupError::TooManyForbidden);
        }
        set_forbidden(&mut forbidden, group, topic, bits);
        let change = Change::Forbid {
            group: group.to_owned(),
            topic: topic.to_owned(),
            bits,
        };
        saved.note(change, self.clock.now_ms());
        Ok(())
    }

    /// The table as tools and replicas read it.
    pub(crate) fn to_wrapper(&self) -> SubscriptionGroupWrapper {
        let saved = self.saved.lock();
        self.wrapper(saved.version())
    }

    /// The names of all groups, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.groups.read().keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    /// Waits until all changes so far survive a power cut. Blocks on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn sync(&self) -> io::Result<()> {
        saved_table::sync(&self.saved, &self.synced)
    }

    /// Told of each change, which should be synced soon.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        self.saved.lock().changed()
    }

    /// Writes the table to the config folder, if it has changed. Blocks on the disk, but no reader,
    /// and no change for longer than it takes to copy the table.
    pub(crate) fn persist(&self) {
        let _one_at_a_time = self.writing.lock();
        let Some(state) = self.saved.lock().begin_write() else {
            return;
        };
        if state.write(&self.wrapper(state.version).to_json()) {
            self.saved.lock().end_write(&state);
        }
    }

    fn wrapper(&self, data_version: DataVersion) -> SubscriptionGroupWrapper {
        let groups = self.groups.read();
        let table = groups
            .iter()
            .map(|(name, config)| (name.to_string(), (**config).clone()));
        SubscriptionGroupWrapper {
            data_version,
            forbidden_table: self.forbidden.read().clone(),
            subscription_group_table: table.collect(),
        }
    }

    /// Puts a changed or new group in place; the lock of changes is held.
    fn store(
        &self,
        saved: &mut SavedTable<Change>,
        config: SubscriptionGroupConfig,
    ) -> Result<Arc<SubscriptionGroupConfig>, GroupError> {
        let mut groups = self.groups.write();
        let name = config.group_name.as_str();
        if groups.len() >= GROUPS_MAX && !groups.contains_key(name) {
            return Err(GroupError::TooMany);
        }
        let config = Arc::new(config);
        groups.insert(config.group_name.as_str().into(), Arc::clone(&config));
        drop(groups);
        saved.note(
            Change::Put(Box::new((*config).clone())),
            self.clock.now_ms(),
        );
        Ok(config)
    }
}

/// A group with RocketMQ's defaults.
fn config_of(group: &str) -> SubscriptionGroupConfig {
    SubscriptionGroupConfig {
        group_name: group.to_owned(),
        ..SubscriptionGroupConfig::default()
    }
}

fn apply(
    groups: &mut NameMap<Arc<SubscriptionGroupConfig>>,
    forbidden: &mut Forbidden,
    change: Change,
) {
    match change {
        Change::Put(config) => {
            groups.insert(config.group_name.as_str().into(), Arc::new(*config));
        }
        Change::Delete(group) => {
            groups.remove(group.as_str());
            forbidden.remove(&group);
        }
        Change::Forbid { group, topic, bits } => set_forbidden(forbidden, &group, &topic, bits),
    }
}

fn set_forbidden(forbidden: &mut Forbidden, group: &str, topic: &str, bits: i32) {
    if bits > 0 {
        forbidden
            .entry(group.to_owned())
            .or_default()
            .insert(topic.to_owned(), bits);
    } else if let Some(topics) = forbidden.get_mut(group) {
        topics.remove(topic);
        if topics.is_empty() {
            forbidden.remove(group);
        }
    }
}

#[cfg(test)]
mod tests;
