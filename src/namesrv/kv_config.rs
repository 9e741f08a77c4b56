//! Small texts that brokers and tools keep at the name server, in namespaces; above all which
//! queues ordered topics have, in [`ORDER_TOPIC_CONFIG`].
//!
//! With a path the table is written there after every change, whole and atomically, in the format
//! of RocketMQ's `kvConfig.json`; without one it lives as long as the name server. Invariant: what
//! is on disk is a table that was in memory at some moment, never a mixture of two.

use crate::error::StartError;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The namespace of RocketMQ (`NamesrvUtil`) that says which queues ordered topics have.
pub(crate) const ORDER_TOPIC_CONFIG: &str = "ORDER_TOPIC_CONFIG";

/// How many entries all namespaces may hold together.
pub(crate) const ENTRIES_MAX: usize = 100_000;

/// How many namespaces there may be.
pub(crate) const NAMESPACES_MAX: usize = 1_000;

/// How long a namespace or key may be, in bytes.
pub(crate) const NAME_LENGTH_MAX: usize = 1_024;

/// How long a value may be, in bytes.
pub(crate) const VALUE_LENGTH_MAX: usize = 65_535;

/// How large a file may be that is read at the start.
const FILE_SIZE_MAX: u64 = 256 * 1024 * 1024;

/// Why an entry was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KvError {
    #[error("the {what} of a KV entry may not be empty")]
    Empty { what: &'static str },
    #[error("the {what} of a KV entry has {length} bytes, the limit is {max}")]
    TooLong {
        what: &'static str,
        length: usize,
        max: usize,
    },
    #[error("there are already {max} KV {what}, the limit")]
    TooMany { what: &'static str, max: usize },
}

type Namespaces = BTreeMap<String, BTreeMap<String, String>>;

/// The file's layout.
#[derive(Serialize)]
struct FileContent<'a> {
    #[serde(rename = "configTable")]
    config_table: &'a Namespaces,
}

/// The same, as read.
#[derive(Deserialize)]
struct OwnedFileContent {
    #[serde(rename = "configTable", default)]
    config_table: Namespaces,
}

/// All namespaces with their entries.
#[derive(Debug, Default)]
pub(crate) struct KvConfig {
    namespaces: RwLock<Namespaces>,
    path: Option<PathBuf>,
    /// Held while the table is copied and written, so that a later table is never overwritten by an
    /// earlier one.
    writing: Mutex<()>,
}

impl KvConfig {
    /// Reads the table that is kept at `path`; there may be none yet.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, StartError> {
        let namespaces = match &path {
            Some(path) => read(path)?,
            None => Namespaces::new(),
        };
        Ok(Self {
            namespaces: RwLock::new(namespaces),
            path,
            writing: Mutex::new(()),
        })
    }

    /// Whether changes are to be written to disk.
    pub(crate) fn is_persistent(&self) -> bool {
        self.path.is_some()
    }

    /// Adds an entry, in the place of an older one of the same name.
    pub(crate) fn put(&self, namespace: &str, key: &str, value: &str) -> Result<(), KvError> {
        check_name("namespace", namespace)?;
        check_name("key", key)?;
        if value.len() > VALUE_LENGTH_MAX {
            return Err(KvError::TooLong {
                what: "value",
                length: value.len(),
                max: VALUE_LENGTH_MAX,
            });
        }
        let mut namespaces = self.namespaces.write();
        let known = namespaces.get(namespace);
        if known.is_none() && namespaces.len() >= NAMESPACES_MAX {
            return Err(KvError::TooMany {
                what: "namespaces",
                max: NAMESPACES_MAX,
            });
        }
        let is_new = known.is_none_or(|entries| !entries.contains_key(key));
        if is_new && namespaces.values().map(BTreeMap::len).sum::<usize>() >= ENTRIES_MAX {
            return Err(KvError::TooMany {
                what: "entries",
                max: ENTRIES_MAX,
            });
        }
        namespaces
            .entry(namespace.to_owned())
            .or_default()
            .insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// The value of one entry.
    pub(crate) fn get(&self, namespace: &str, key: &str) -> Option<String> {
        self.namespaces.read().get(namespace)?.get(key).cloned()
    }

    /// Removes an entry, if it is there; its namespace stays.
    pub(crate) fn delete(&self, namespace: &str, key: &str) {
        if let Some(entries) = self.namespaces.write().get_mut(namespace) {
            entries.remove(key);
        }
    }

    /// All entries of a namespace that something was put into.
    pub(crate) fn list(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        self.namespaces.read().get(namespace).cloned()
    }

    /// Writes the table where it is kept. What was put before this returns survives a power cut.
    ///
    /// Blocks on the disk.
    pub(crate) fn persist(&self) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let _one_at_a_time = self.writing.lock();
        let content = serde_json::to_vec(&FileContent {
            config_table: &self.namespaces.read(),
        })?;
        replace_file(path, &content)
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), KvError> {
    if name.is_empty() {
        return Err(KvError::Empty { what });
    }
    if name.len() > NAME_LENGTH_MAX {
        return Err(KvError::TooLong {
            what,
            length: name.len(),
            max: NAME_LENGTH_MAX,
        });
    }
    Ok(())
}

fn read(path: &Path) -> Result<Namespaces, StartError> {
    let unreadable = |source: io::Error| StartError::KvConfigUnreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    };
    let damaged = |reason: String| StartError::KvConfigDamaged {
        path: path.to_owned(),
        reason,
    };
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Namespaces::new()),
        Err(error) => return Err(unreadable(error)),
    };
    if size > FILE_SIZE_MAX {
        return Err(damaged(format!(
            "it has {size} bytes, the limit is {FILE_SIZE_MAX}"
        )));
    }
    let content = fs::read(path).map_err(unreadable)?;
    let content: OwnedFileContent =
        serde_json::from_slice(&content).map_err(|error| damaged(error.to_string()))?;
    Ok(content.config_table)
}

/// Puts `content` in the place of the file at `path`: after a crash at any moment there is the old
/// file or the new one.
fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    // The new name is in the folder; without this a power cut may bring the old one back.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_put_read_listed_and_deleted() {
        let kv = KvConfig::default();
        assert_eq!(kv.list(ORDER_TOPIC_CONFIG), None);
        kv.put(ORDER_TOPIC_CONFIG, "orders", "broker-a:4").unwrap();
        kv.put(ORDER_TOPIC_CONFIG, "orders", "broker-a:8").unwrap();
        kv.put("other", "orders", "x").unwrap();
        assert_eq!(
            kv.get(ORDER_TOPIC_CONFIG, "orders").as_deref(),
            Some("broker-a:8")
        );
        assert_eq!(kv.list(ORDER_TOPIC_CONFIG).unwrap().len(), 1);
        kv.delete(ORDER_TOPIC_CONFIG, "orders");
        kv.delete("nobody", "nothing");
        assert_eq!(kv.get(ORDER_TOPIC_CONFIG, "orders"), None);
        assert_eq!(kv.list(ORDER_TOPIC_CONFIG), Some(BTreeMap::new()));
        assert_eq!(kv.get("other", "orders").as_deref(), Some("x"));
    }

    #[test]
    fn a_table_survives_in_the_format_of_rocketmq() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("namesrv/kvConfig.json");
        let kv = KvConfig::open(Some(path.clone())).unwrap();
        kv.put(ORDER_TOPIC_CONFIG, "orders", "broker-a:4").unwrap();
        kv.persist().unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            r#"{"configTable":{"ORDER_TOPIC_CONFIG":{"orders":"broker-a:4"}}}"#
        );
        let again = KvConfig::open(Some(path.clone())).unwrap();
        assert_eq!(
            again.get(ORDER_TOPIC_CONFIG, "orders").as_deref(),
            Some("broker-a:4")
        );
        let others = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(others, 1, "nothing temporary is left behind");
    }

    #[test]
    fn without_a_path_nothing_is_written() {
        let kv = KvConfig::open(None).unwrap();
        assert!(!kv.is_persistent());
        kv.put("a", "b", "c").unwrap();
        kv.persist().unwrap();
    }

    #[test]
    fn a_damaged_file_stops_the_start_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kvConfig.json");
        for content in ["", "{", "7", r#"{"configTable":{"a":1}}"#] {
            fs::write(&path, content).unwrap();
            let error = KvConfig::open(Some(path.clone())).unwrap_err().to_string();
            assert!(error.contains("kvConfig.json is damaged: "), "{error}");
        }
        let error = KvConfig::open(Some(path.join("below")))
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot be read: "), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kvConfig.json");
        let kv = KvConfig::open(Some(path.clone())).unwrap();
        kv.put("a", "b", "c").unwrap();
        kv.persist().unwrap();
        let before = fs::read(&path).unwrap();
        fs::create_dir(folder.path().join("kvConfig.json.tmp")).unwrap();
        kv.put("a", "b", "d").unwrap();
        assert!(kv.persist().is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn lengths_are_taken_up_to_the_limit_and_refused_beyond() {
        let kv = KvConfig::default();
        let longest = "n".repeat(NAME_LENGTH_MAX);
        kv.put(&longest, &longest, &"v".repeat(VALUE_LENGTH_MAX))
            .unwrap();
        let longer = format!("{longest}n");
        assert_eq!(
            kv.put(&longer, "k", "v").unwrap_err().to_string(),
            "the namespace of a KV entry has 1025 bytes, the limit is 1024"
        );
        assert_eq!(
            kv.put("n", &longer, "v").unwrap_err().to_string(),
            "the key of a KV entry has 1025 bytes, the limit is 1024"
        );
        assert_eq!(
            kv.put("n", "k", &"v".repeat(VALUE_LENGTH_MAX + 1))
                .unwrap_err()
                .to_string(),
            "the value of a KV entry has 65536 bytes, the limit is 65535"
        );
        assert_eq!(
            kv.put("", "k", "v"),
            Err(KvError::Empty { what: "namespace" })
        );
        assert_eq!(kv.put("n", "", "v"), Err(KvError::Empty { what: "key" }));
    }

    #[test]
    fn there_is_a_last_namespace_and_a_last_entry() {
        let kv = KvConfig::default();
        for number in 0..NAMESPACES_MAX {
            kv.put(&number.to_string(), "k", "v").unwrap();
        }
        assert_eq!(
            kv.put("one more", "k", "v").unwrap_err().to_string(),
            "there are already 1000 KV namespaces, the limit"
        );
        let more = (NAMESPACES_MAX..ENTRIES_MAX).map(|number| (number.to_string(), String::new()));
        kv.namespaces.write().get_mut("0").unwrap().extend(more);
        assert_eq!(
            kv.put("0", "one more", "v").unwrap_err().to_string(),
            "there are already 100000 KV entries, the limit"
        );
        kv.put("0", &NAMESPACES_MAX.to_string(), "changed").unwrap();
    }
}
