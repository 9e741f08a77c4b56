//! Java `.properties` files, as RocketMQ's servers are configured with, and how they are applied.
//!
//! [`protocol::properties_file`] reads what `java.util.Properties` reads. Invariant: nothing in a file is passed over in silence:
//! an unknown key is a warning, a value that does not fit is an error, each with file and line.

use std::path::{Path, PathBuf};

use protocol::properties_file::{self, Property};

use crate::error::{CommandError, codes};
use crate::suggest;

/// A properties file that has been read.
#[derive(Debug, Clone)]
pub(crate) struct PropertiesFile {
    pub(crate) path: PathBuf,
    pub(crate) properties: Vec<Property>,
}

impl PropertiesFile {
    /// Reads a file: UTF-8, or else ISO 8859-1 as Java does.
    ///
    /// # Errors
    /// `file_not_found` and its like, `properties_invalid` for an escape that cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let bytes = std::fs::read(path)
            .map_err(|error| CommandError::io("read the properties file", path, &error))?;
        Self::parse(path, &properties_file::decode(&bytes))
    }

    /// Reads the text of a file.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, CommandError> {
        let properties = properties_file::parse(text)
            .map_err(|error| invalid(path, error.line, &error.reason))?;
        Ok(Self {
            path: path.to_owned(),
            properties,
        })
    }

    /// The value of a key: the last one, where it is given more than once.
    #[cfg(test)]
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.properties
            .iter()
            .rev()
            .find(|property| property.key == key)
            .map(|property| property.value.as_str())
    }

    /// Hands every known key to `set`, in the file's order, and gives back the warnings.
    ///
    /// `set` gets the key and the value (without the white space that Java leaves at its end) and
    /// says what it expected if it cannot take it.
    ///
    /// # Errors
    /// `properties_invalid`, naming file, line, key, value and what is expected.
    pub(crate) fn apply<E: std::fmt::Display>(
        &self,
        known_keys: &[&str],
        mut set: impl FnMut(&str, &str) -> Result<(), E>,
    ) -> Result<Vec<String>, CommandError> {
        let mut warnings = Vec::new();
        for (at, property) in self.properties.iter().enumerate() {
            let Property { key, value, line } = property;
            let mut warn =
                |text: String| warnings.push(format!("{}:{line}: {text}", self.path.display()));
            if let Some(first) = self.properties[..at]
                .iter()
                .find(|earlier| earlier.key == *key)
            {
                warn(format!(
                    "{key} is set on line {} too; this one counts",
                    first.line
                ));
            }
            if !known_keys.contains(&key.as_str()) {
                let near = suggest::nearest(key, known_keys.iter().copied());
                let hint = near
                    .first()
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                warn(format!("unknown key {key}, ignored{hint}"));
                continue;
            }
            set(key, value.trim_end()).map_err(|expected| {
                invalid(&self.path, *line, &format!("{key}={value}: {expected}"))
                    .detail("key", key.as_str())
                    .detail("value", value.as_str())
            })?;
        }
        Ok(warnings)
    }
}

fn invalid(path: &Path, line: usize, reason: &str) -> CommandError {
    CommandError::new(
        &codes::PROPERTIES_INVALID,
        format!("{}:{line}: {reason}", path.display()),
    )
    .detail("file", path.display().to_string())
    .detail("line", line)
}

#[cfg(test)]
mod tests;
