//! Changes to the user's settings file that leave its comments and order alone.

use std::io::Write as _;
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::profile::{Profile, Risk};
use crate::error::{CommandError, codes};

/// Reads the file, lets `change` change it, and replaces it as a whole.
///
/// A crash leaves the old file or the new one.
///
/// # Errors
/// `config_invalid` if the file is no TOML, and the operating system's errors.
pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<(), CommandError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(CommandError::io("read the settings file", path, &error)),
    };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        CommandError::new(
            &codes::CONFIG_INVALID,
            format!("{} is not TOML: {}", path.display(), error.message()),
        )
    })?;
    change(&mut document);
    write_atomically(path, document.to_string().as_bytes())
        .map_err(|error| CommandError::io("write the settings file", path, &error))
}

/// Replaces a file by a new one with these bytes, readable by its owner alone.
/// Folders that are missing are made, for their owner alone.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    // A link (a settings file kept in a repository of dotfiles) stays a link.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = target.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = target.with_file_name(name);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temporary, &target));
    if written.is_err() {
        // The reason to report is the first failure; a left-over file is the smaller evil.
        drop(std::fs::remove_file(&temporary));
    }
    written
}

/// Writes a context's table, in place of one of the same name.
pub(crate) fn put_profile(document: &mut DocumentMut, profile: &Profile) {
    let mut table = Table::new();
    table["namesrv"] = value(profile.namesrv.iter().collect::<Array>());
    if profile.risk != Risk::Dev {
        table["risk"] = value(crate::globals::word_of(&profile.risk));
    }
    if profile.read_only {
        table["read_only"] = value(true);
    }
    let mut acl = InlineTable::new();
    let keys = [
        ("access_key", &profile.access_key),
        ("secret_key", &profile.secret_key),
    ];
    for (name, reference) in keys {
        if let Some(reference) = reference {
            acl.insert(name, reference.as_str().into());
        }
    }
    if !acl.is_empty() {
        table["acl"] = value(acl);
    }
    let contexts = document.entry("context").or_insert_with(|| {
        let mut contexts = Table::new();
        contexts.set_implicit(true);
        Item::Table(contexts)
    });
    if let Some(contexts) = contexts.as_table_like_mut() {
        contexts.insert(&profile.name, Item::Table(table));
    }
}

/// Removes a context's table; says whether there was one.
pub(crate) fn remove_profile(document: &mut DocumentMut, name: &str) -> bool {
    let contexts = document
        .get_mut("context")
        .and_then(Item::as_table_like_mut);
    contexts.is_some_and(|contexts| contexts.remove(name).is_some())
}

/// Makes a context the one in use, or none.
pub(crate) fn set_current(document: &mut DocumentMut, name: Option<&str>) {
    match name {
        Some(name) => match document.get_mut("current").and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = name.into();
                *old.decor_mut() = decor;
            }
            None => document["current"] = value(name),
        },
        None => drop(document.remove("current")),
    }
}
