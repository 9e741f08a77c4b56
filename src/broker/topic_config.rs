//! The topics of this broker: their settings, their queues at hand, their counters.
//!
//! Reading is one look-up by name under a read lock. Changes are made one after the other under a
//! lock of their own, so that the log of changes, the data version and the table never disagree; see
//! [`metadata_log`](crate::metadata_log) for what a change survives. Every change is told to the name
//! servers.

mod entry;
mod predefined;

use std::io;
use std::sync::Arc;

use clock::SharedClock;
use parking_lot::{Mutex, RwLock};
use protocol::body::{KvTable, TopicConfig, TopicConfigSerializeWrapper, perm};
use protocol::name::{AUTO_CREATE_TOPIC, validate_topic};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub(crate) use entry::TopicEntry;

use crate::config::{BrokerConfig, FlushDiskType};
use crate::error::StartError;
use crate::map::NameMap;
use crate::namesrv_api::NamesrvApi;
use crate::saved_table::{self, SavedTable, Synced};
use crate::table_file;

/// The topics that a broker may have; auto-creation lets any producer make more.
pub(crate) const TOPICS_MAX: usize = 200_000;

/// The name of the table's files in the config folder.
const TABLE_NAME: &str = "topics";

/// What happened to the table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Change {
    Put(Box<TopicConfig>),
    Delete(String),
    /// Something changed that goes for all topics, so that there is a new version.
    Touch,
}

/// Why a topic is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TopicError {
    /// There is no template that it could take its settings from.
    #[error("no template topic allows it to be created")]
    NoTemplate,
    /// There are as many topics as there may be.
    #[error("the broker has {TOPICS_MAX} topics, more are not allowed")]
    TooMany,
}

/// All topics of a broker.
#[derive(Debug)]
pub(crate) struct TopicConfigTable {
    clock: SharedClock,
    namesrv: Arc<NamesrvApi>,
    entries: RwLock<NameMap<Arc<TopicEntry>>>,
    /// Held for the whole of a change.
    saved: Mutex<SavedTable<Change>>,
    synced: Synced,
    /// Whether a topic that is made on the way to a message has to survive what the message does.
    syncs_made_topics: bool,
    /// Held while the JSON file is written.
    writing: Mutex<()>,
}

impl TopicConfigTable {
    /// Reads the table of the config folder and adds the topics that every broker has.
    ///
    /// # Errors
    /// The table cannot be read.
    pub(crate) fn open(
        config: &BrokerConfig,
        clock: SharedClock,
        namesrv: Arc<NamesrvApi>,
    ) -> Result<Self, StartError> {
        let dir = config.config_dir();
        let path = dir.join(format!("{TABLE_NAME}.json"));
        let file = table_file::read_json(&path, TopicConfigSerializeWrapper::from_json)?
            .unwrap_or_default();
        let (saved, changes) = SavedTable::open(&dir, TABLE_NAME, file.data_version)?;
        let mut topics = NameMap::default();
        for predefined in predefined::topics(config) {
            insert(&mut topics, predefined);
        }
        for (topic_name, config) in file.topic_config_table {
            insert(
                &mut topics,
                TopicConfig {
                    topic_name,
                    ..config
                },
            );
        }
        for change in changes {
            match change {
                Change::Put(config) => insert(&mut topics, *config),
                Change::Delete(topic) => {
                    topics.remove(topic.as_str());
                }
                Change::Touch => {}
            }
        }
        let entries = topics
            .into_iter()
            .map(|(name, config)| (name, Arc::new(TopicEntry::new(config))));
        Ok(Self {
            clock,
            namesrv,
            entries: RwLock::new(entries.collect()),
            saved: Mutex::new(saved),
            synced: Synced::default(),
            syncs_made_topics: config.flush_disk_type == FlushDiskType::SyncFlush,
            writing: Mutex::default(),
        })
    }

    /// A topic with its queues and counters.
    pub(crate) fn get(&self, topic: &str) -> Option<Arc<TopicEntry>> {
        self.entries.read().get(topic).cloned()
    }

    /// Whether there is such a topic.
    pub(crate) fn contains(&self, topic: &str) -> bool {
        self.entries.read().contains_key(topic)
    }

    /// All topics, by name.
    pub(crate) fn snapshot(&self) -> Vec<Arc<TopicEntry>> {
        let mut entries: Vec<_> = self.entries.read().values().map(Arc::clone).collect();
        entries.sort_unstable_by(|a, b| a.config.topic_name.cmp(&b.config.topic_name));
        entries
    }

    /// The table as tools and name servers are told it.
    pub(crate) fn to_wrapper(&self) -> TopicConfigSerializeWrapper {
        let saved = self.saved.lock();
        TopicConfigSerializeWrapper {
            data_version: saved.version(),
            topic_config_table: self.configs(),
        }
    }

    /// Makes a topic or changes its settings. Says whether anything is different now.
    ///
    /// # Errors
    /// It would be one topic too many.
    pub(crate) fn put(&self, config: TopicConfig) -> Result<bool, TopicError> {
        let mut saved = self.saved.lock();
        let old = self.get(&config.topic_name);
        if old.as_ref().is_some_and(|old| old.config == config) {
            return Ok(false);
        }
        self.store(&mut saved, old.as_deref(), config)?;
        Ok(true)
    }

    /// Forgets a topic. Says whether there was one.
    pub(crate) fn delete(&self, topic: &str) -> bool {
        let mut saved = self.saved.lock();
        let removed = self.entries.write().remove(topic);
        if removed.is_some() {
            saved.note(Change::Delete(topic.to_owned()), self.clock.now_ms());
        }
        removed.is_some()
    }

    /// Makes the topic of a send after its template: with the client's count of queues, but not
    /// more than the template has.
    ///
    /// # Errors
    /// There is no template for it, or no room.
    pub(crate) fn create_on_send(
        &self,
        topic: &str,
        template: &str,
        queue_nums: i32,
        topic_sys_flag: i32,
        auto_create: bool,
    ) -> Result<Arc<TopicEntry>, TopicError> {
        let mut saved = self.saved.lock();
        if let Some(made_meanwhile) = self.get(topic) {
            return Ok(made_meanwhile);
        }
        let template = self.get(template).ok_or(TopicError::NoTemplate)?;
        let is_switched_off = template.config.topic_name == AUTO_CREATE_TOPIC && !auto_create;
        if is_switched_off || !perm::is_inherited(template.config.perm) {
            return Err(TopicError::NoTemplate);
        }
        let queue_nums = queue_nums.min(template.config.write_queue_nums).max(1);
        let config = TopicConfig {
            topic_name: topic.to_owned(),
            read_queue_nums: queue_nums,
            write_queue_nums: queue_nums,
            perm: template.config.perm & !perm::INHERIT,
            topic_filter_type: template.config.topic_filter_type,
            topic_sys_flag,
            ..TopicConfig::default()
        };
        tracing::info!(topic, queue_nums, "topic created by a send");
        let made = self.store(&mut saved, None, config);
        drop(saved);
        self.sync_made();
        made
    }

    /// Makes the retry or dead letter topic of a group, or says whether its messages keep an order.
    ///
    /// # Errors
    /// It would be one topic too many.
    pub(crate) fn create_retry_topic(
        &self,
        topic: &str,
        queue_nums: i32,
        perm: i32,
        order: bool,
        topic_sys_flag: i32,
    ) -> Result<Arc<TopicEntry>, TopicError> {
        if let Some(known) = self.get(topic).filter(|known| known.config.order == order) {
            return Ok(known);
        }
        let mut saved = self.saved.lock();
        let made = match self.get(topic) {
            Some(known) if known.config.order == order => return Ok(known),
            Some(known) => {
                let config = TopicConfig {
                    order,
                    ..known.config.clone()
                };
                self.store(&mut saved, Some(&known), config)
            }
            None => {
                let config = TopicConfig {
                    topic_name: topic.to_owned(),
                    read_queue_nums: queue_nums,
                    write_queue_nums: queue_nums,
                    perm,
                    topic_sys_flag,
                    order,
                    ..TopicConfig::default()
                };
                self.store(&mut saved, None, config)
            }
        };
        drop(saved);
        self.sync_made();
        made
    }

    /// Marks the topics that a name server says keep an order.
    pub(crate) fn apply_order_config(&self, order_topics: &KvTable) {
        let mut saved = self.saved.lock();
        for topic in order_topics.table.keys() {
            if let Some(known) = self.get(topic).filter(|known| !known.config.order) {
                let config = TopicConfig {
                    order: true,
                    ..known.config.clone()
                };
                // There is room: the topic is there already.
                let _marked = self.store(&mut saved, Some(&known), config);
            }
        }
    }

    /// Gives the table a new version and tells the name servers everything: something has changed
    /// that goes for all topics.
    pub(crate) fn announce_all(&self) {
        self.saved.lock().note(Change::Touch, self.clock.now_ms());
        self.namesrv.register_all();
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

    /// Before a message is acknowledged that waits for the disk, its topic must be there. Blocks on the
    /// disk once for each topic that is made so.
    fn sync_made(&self) {
        if self.syncs_made_topics
            && let Err(error) = self.sync()
        {
            tracing::error!(%error, "a topic may not survive a power cut");
        }
    }

    /// Writes the table to the config folder, if it has changed. Blocks on the disk, but no reader,
    /// and no change for longer than it takes to copy the table.
    pub(crate) fn persist(&self) {
        let _one_at_a_time = self.writing.lock();
        let Some(state) = self.saved.lock().begin_write() else {
            return;
        };
        let wrapper = TopicConfigSerializeWrapper {
            data_version: state.version,
            topic_config_table: self.configs(),
        };
        if state.write(&wrapper.to_json()) {
            self.saved.lock().end_write(&state);
        }
    }

    fn configs(&self) -> std::collections::BTreeMap<String, TopicConfig> {
        let entries = self.entries.read();
        entries
            .values()
            .map(|entry| (entry.config.topic_name.clone(), entry.config.clone()))
            .collect()
    }

    /// Puts a changed or new topic in place and tells everybody; the lock of changes is held.
    fn store(
        &self,
        saved: &mut SavedTable<Change>,
        old: Option<&TopicEntry>,
        config: TopicConfig,
    ) -> Result<Arc<TopicEntry>, TopicError> {
        let entry = match old {
            Some(old) => Arc::new(old.with_config(config)),
            None if self.entries.read().len() >= TOPICS_MAX => return Err(TopicError::TooMany),
            None => Arc::new(TopicEntry::new(config)),
        };
        saved.note(
            Change::Put(Box::new(entry.config.clone())),
            self.clock.now_ms(),
        );
        let name = entry.config.topic_name.as_str().into();
        self.entries.write().insert(name, Arc::clone(&entry));
        self.namesrv.topic_changed(&entry.config, saved.version());
        Ok(entry)
    }
}

/// Takes over a topic from a file, whose names become folders here.
fn insert(topics: &mut NameMap<TopicConfig>, config: TopicConfig) {
    match validate_topic(&config.topic_name) {
        Ok(()) => {
            topics.insert(config.topic_name.as_str().into(), config);
        }
        Err(error) => tracing::warn!(topic = config.topic_name, %error, "a topic is left out"),
    }
}

#[cfg(test)]
mod tests;
