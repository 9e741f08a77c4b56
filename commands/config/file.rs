//! One settings file, read with the line of every key, so that a mistake can be pointed at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use super::profile::{self, Profile};
use super::setting::{self, Files};
use crate::error::{CommandError, codes};
use crate::suggest;

/// Which kind of file: some settings belong to the user alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    User,
    Project,
}

/// What a settings file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    /// Value and line by key.
    pub(crate) values: BTreeMap<&'static str, (String, usize)>,
    /// The `[context.NAME]` tables, in the file's order.
    pub(crate) profiles: Vec<Profile>,
    /// The `[top.keys]` table: the keys of the dashboard by the names of what they do.
    pub(crate) top_keys: BTreeMap<String, Vec<String>>,
    /// What is odd but harms nothing.
    pub(crate) warnings: Vec<String>,
}

impl ConfigFile {
    /// Reads a file; one that does not exist says nothing.
    ///
    /// # Errors
    /// `config_invalid`, naming file, line and key.
    pub(crate) fn read(path: &Path, owner: Owner) -> Result<Self, CommandError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(CommandError::io("read the settings file", path, &error)),
        };
        Self::parse(path, &text, owner)
    }

    /// Reads the text of a file.
    pub(crate) fn parse(path: &Path, text: &str, owner: Owner) -> Result<Self, CommandError> {
        let document = Document::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            invalid(
                path,
                line,
                &format!("this is not TOML: {}", error.message()),
            )
        })?;
        let mut reader = Reader {
            path,
            text,
            owner,
            file: Self {
                path: path.to_owned(),
                ..Self::default()
            },
        };
        reader.table(document.as_table(), "")?;
        Ok(reader.file)
    }
}

/// An error at a line of a settings file.
pub(super) fn invalid(path: &Path, line: usize, reason: &str) -> CommandError {
    CommandError::new(
        &codes::CONFIG_INVALID,
        format!("{}:{line}: {reason}", path.display()),
    )
    .detail("file", path.display().to_string())
    .detail("line", line)
    .next("correct the line; gantry config path prints the file's path")
}

/// The line, counted from 1, of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(at)
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    owner: Owner,
    file: ConfigFile,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike, prefix: &str) -> Result<(), CommandError> {
        for (name, item) in table.iter() {
            let key = if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}.{name}")
            };
            let line = self.line(table, name);
            match setting::by_key(&key) {
                Some(setting) => self.value(setting, item, line)?,
                None if key == "context" => self.contexts(item, line)?,
                None if key == "top.keys" => self.top_keys(item, line)?,
                None => match item.as_table_like() {
                    Some(inner) if is_section(&key) => self.table(inner, &key)?,
                    _ => self.unknown(&key, line),
                },
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        setting: &'static setting::Setting,
        item: &Item,
        line: usize,
    ) -> Result<(), CommandError> {
        let key = setting.key;
        let forbidden = setting.files == Files::None
            || (setting.files == Files::UserOnly && self.owner == Owner::Project);
        if forbidden {
            let reason = format!("{key} cannot be set in this file; the line is ignored");
            self.warn(line, &reason);
            return Ok(());
        }
        let text = scalar_text(item)
            .ok_or_else(|| self.invalid(line, &format!("{key}: expected one value")))?;
        setting.check(&text).map_err(|expected| {
            self.invalid(line, &format!("{key} = \"{text}\": {expected}"))
                .detail("key", key)
        })?;
        self.file.values.insert(key, (text, line));
        Ok(())
    }

    /// Keys by name: one key, or a list of them. Whether the names and keys exist is for the dashboard
    /// to say.
    fn top_keys(&mut self, item: &Item, line: usize) -> Result<(), CommandError> {
        let Some(table) = item.as_table_like() else {
            return Err(self.invalid(line, "top.keys: expected a table"));
        };
        for (name, item) in table.iter() {
            let line = self.line(table, name);
            let one = item.as_str().map(|key| vec![key.to_owned()]);
            let many = || -> Option<Vec<String>> {
                let keys = item.as_array()?.iter();
                keys.map(|key| key.as_str().map(str::to_owned)).collect()
            };
            let keys = one.or_else(many).ok_or_else(|| {
                self.invalid(
                    line,
                    &format!("top.keys.{name}: expected a key or a list of keys"),
                )
            })?;
            self.file.top_keys.insert(name.to_owned(), keys);
        }
        Ok(())
    }

    fn contexts(&mut self, item: &Item, line: usize) -> Result<(), CommandError> {
        let Some(tables) = item.as_table_like() else {
            return Err(self.invalid(line, "context: expected tables such as [context.prod]; the chosen one is current = \"prod\""));
        };
        for (name, item) in tables.iter() {
            let line = self.line(tables, name);
            let Some(table) = item.as_table_like() else {
                return Err(self.invalid(line, &format!("context.{name}: expected a table")));
            };
            let mut profile = Profile::new(name);
            self.profile(&mut profile, table, "")?;
            if profile.namesrv.is_empty() {
                return Err(self.invalid(line, &format!("context.{name}: namesrv is missing")));
            }
            self.file.profiles.push(profile);
        }
        Ok(())
    }

    fn profile(
        &mut self,
        profile: &mut Profile,
        table: &dyn TableLike,
        prefix: &str,
    ) -> Result<(), CommandError> {
        for (name, item) in table.iter() {
            let key = format!("{prefix}{name}");
            let line = self.line(table, name);
            let full = format!("context.{}.{key}", profile.name);
            if key == "acl" {
                if self.owner == Owner::Project {
                    self.warn(
                        line,
                        &format!("{full} is only read from the user's own file; ignored"),
                    );
                } else if let Some(inner) = item.as_table_like() {
                    self.profile(profile, inner, "acl.")?;
                } else {
                    return Err(self.invalid(line, &format!("{full}: expected a table")));
                }
                continue;
            }
            let Some(text) = scalar_text(item) else {
                return Err(self.invalid(line, &format!("{full}: expected one value")));
            };
            match profile.set(&key, &text) {
                Ok(None) => {}
                Ok(Some(warning)) => self.warn(line, &format!("{full}: {warning}")),
                Err(profile::SetError::UnknownKey) => {
                    self.unknown_of(&full, &key, profile::KEYS, line);
                }
                Err(profile::SetError::Value(expected)) => {
                    return Err(self
                        .invalid(line, &format!("{full} = \"{text}\": {expected}"))
                        .detail("key", full));
                }
            }
        }
        Ok(())
    }

    fn unknown(&mut self, key: &str, line: usize) {
        let known: Vec<_> = setting::ALL
            .iter()
            .filter(|setting| setting.files != Files::None)
            .map(|s| s.key)
            .collect();
        self.unknown_of(key, key, &known, line);
    }

    fn unknown_of(&mut self, shown: &str, key: &str, known: &[&str], line: usize) {
        let near = suggest::nearest(key, known.iter().copied());
        let hint = near
            .first()
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        self.warn(line, &format!("unknown key {shown}{hint}"));
    }

    fn warn(&mut self, line: usize, text: &str) {
        self.file
            .warnings
            .push(format!("{}:{line}: {text}", self.path.display()));
    }

    fn invalid(&self, line: usize, reason: &str) -> CommandError {
        invalid(self.path, line, reason)
    }

    fn line(&self, table: &dyn TableLike, name: &str) -> usize {
        let span = table
            .get_key_value(name)
            .and_then(|(key, item)| key.span().or_else(|| item.span()));
        span.map_or(1, |span| line_of(self.text, span.start))
    }
}

/// Whether some setting's key begins with this table's name.
fn is_section(key: &str) -> bool {
    setting::ALL.iter().any(|setting| {
        setting
            .key
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// A string, number or truth value as text; a list of them joined by `;` as RocketMQ does.
fn scalar_text(item: &Item) -> Option<String> {
    fn of_value(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.value().clone()),
            Value::Integer(number) => Some(number.value().to_string()),
            Value::Boolean(flag) => Some(flag.value().to_string()),
            Value::Array(values) => values
                .iter()
                .map(of_value)
                .collect::<Option<Vec<_>>>()
                .map(|texts| texts.join(";")),
            Value::Float(_) | Value::Datetime(_) | Value::InlineTable(_) => None,
        }
    }
    of_value(item.as_value()?)
}
