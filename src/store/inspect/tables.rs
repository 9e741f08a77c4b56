//! The broker's tables in the `config` folder: whether they can be read, and their backups.

use std::io;
use std::path::PathBuf;

use protocol::json;

use crate::config::StoreConfig;
use crate::storage::SharedStorage;

use super::finding::{Finding, FindingKind, Remedy};

/// Reads every `config/*.json` and its `.bak`. Returns how many tables there are.
///
/// An empty table counts as one that is not there, as it does for the broker.
pub(super) fn check(
    config: &StoreConfig,
    storage: &SharedStorage,
    found: &mut dyn FnMut(Finding),
) -> io::Result<usize> {
    let dir = config.root.join("config");
    let entries = storage.list(&dir)?;
    let names: Vec<&str> = entries
        .iter()
        .filter(|entry| !entry.is_dir)
        .map(|entry| entry.name.as_str())
        .collect();
    let mut tables: Vec<&str> = names
        .iter()
        .map(|name| name.trim_end_matches(".bak"))
        .filter(|name| name.ends_with(".json"))
        .collect();
    tables.sort_unstable();
    tables.dedup();
    for table in &tables {
        let content = storage.read(&dir.join(table))?;
        let backup = storage.read(&dir.join(format!("{table}.bak")))?;
        let backup = backup.as_deref().map(problem);
        let file = PathBuf::from("config").join(table);
        match content.as_deref().map(problem) {
            Some(None) => {}
            state => {
                let detail = match state {
                    None => "it is not there".to_owned(),
                    Some(problem) => problem.unwrap_or_default(),
                };
                let remedy = match &backup {
                    Some(None) => Remedy::RestoreTable,
                    _ => Remedy::None,
                };
                let finding = Finding::damage(&file, FindingKind::DamagedTable, remedy);
                found(finding.saying(detail));
            }
        }
        if let Some(Some(problem)) = backup {
            let file = PathBuf::from("config").join(format!("{table}.bak"));
            let finding = Finding::damage(file, FindingKind::DamagedTableBackup, Remedy::NextOpen);
            found(finding.into_note().saying(problem));
        }
    }
    Ok(tables.len())
}

/// Why a table cannot be read.
fn problem(content: &[u8]) -> Option<String> {
    if content.is_empty() {
        return Some("it is empty".to_owned());
    }
    match json::parse(content) {
        Ok(value) if value.is_object() => None,
        Ok(_) => Some("it is no JSON object".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
