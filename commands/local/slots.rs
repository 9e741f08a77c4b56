//! Which ports each named cluster gets: a slot a name, kept, so that addresses survive restarts.

use std::collections::BTreeMap;
use std::io;

use super::StateDir;
use crate::config::edit::write_atomically;
use crate::context::DEFAULT_CLUSTER;
use crate::error::{CommandError, codes};

/// The first name server of the cluster "default": RocketMQ's own port.
const FIRST_BASE: u16 = 9876;

/// From one slot to the next.
const SLOT_STEP: u16 = 1000;

/// Above this slot ports would run into those of outgoing connections.
const SLOT_MAX: u16 = 20;

impl StateDir {
    /// The port of the first name server of the cluster `name`; remembered from now on.
    ///
    /// # Errors
    /// Every slot is taken, or the file of slots can't be read or written.
    pub(crate) fn base_port(&self, name: &str) -> Result<u16, CommandError> {
        if name == DEFAULT_CLUSTER {
            return Ok(FIRST_BASE);
        }
        let path = self.root().join("slots.json");
        let mut slots: BTreeMap<String, u16> = match std::fs::read(&path) {
            // A damaged file forgets which ports were used; nothing else depends on it.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(CommandError::io(
                    "read the slots of clusters",
                    &path,
                    &error,
                ));
            }
        };
        let slot = match slots.get(name) {
            Some(slot) => *slot,
            None => {
                let free = (1..=SLOT_MAX).find(|slot| !slots.values().any(|taken| taken == slot));
                let slot = free.ok_or_else(|| {
                    let text = format!("{SLOT_MAX} named clusters have their ports already");
                    CommandError::new(&codes::LOCAL_RESOURCE, text)
                        .looked_at(path.display().to_string())
                        .next("use --ports auto, or remove a name from that file")
                })?;
                slots.insert(name.to_owned(), slot);
                let text = serde_json::to_string_pretty(&slots).unwrap_or_default();
                write_atomically(&path, text.as_bytes()).map_err(|error| {
                    CommandError::io("write the slots of clusters", &path, &error)
                })?;
                slot
            }
        };
        Ok(FIRST_BASE + SLOT_STEP * slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_ports_and_default_has_rocketmqs() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::at(folder.path().to_owned());
        assert_eq!(state.base_port("default").unwrap(), 9876);
        assert_eq!(state.base_port("a").unwrap(), 10_876);
        assert_eq!(state.base_port("b").unwrap(), 11_876);
        assert_eq!(state.base_port("a").unwrap(), 10_876);
    }
}
