//! A context as configured: which cluster, how dangerous it is, with which keys.

use serde::Serialize;

use super::address;

/// How much harm a mistake can do in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Risk {
    /// Nobody is hurt
    #[default]
    Dev,
    /// Others work here
    Staging,
    /// Typed confirmations, no faults, --context explicit for destruction
    Prod,
}

/// A `[context.NAME]` table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) namesrv: Vec<String>,
    pub(crate) risk: Risk,
    pub(crate) read_only: bool,
    /// References to the keys: `env:NAME`, `file:PATH`, `cmd:COMMAND`.
    pub(crate) access_key: Option<String>,
    pub(crate) secret_key: Option<String>,
}

/// The keys of a context's table.
pub(crate) const KEYS: &[&str] = &[
    "namesrv",
    "risk",
    "read_only",
    "acl.access_key",
    "acl.secret_key",
];

/// Why a key of a context could not be set.
#[derive(Debug)]
pub(crate) enum SetError {
    UnknownKey,
    /// Says what is expected.
    Value(String),
}

impl Profile {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Sets one key; may answer with a warning.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<Option<&'static str>, SetError> {
        match key {
            "namesrv" => self.namesrv = address::parse_list(value).map_err(SetError::Value)?,
            "risk" => {
                self.risk = clap::ValueEnum::from_str(value, false)
                    .map_err(|_| SetError::Value("expected dev, staging or prod".to_owned()))?;
            }
            "read_only" => {
                self.read_only = super::setting::parse_switch(value).map_err(SetError::Value)?;
            }
            "acl.access_key" => {
                self.access_key = Some(value.to_owned());
                return Ok(plain_secret(value));
            }
            "acl.secret_key" => {
                self.secret_key = Some(value.to_owned());
                return Ok(plain_secret(value));
            }
            _ => return Err(SetError::UnknownKey),
        }
        Ok(None)
    }
}

/// Whether a text only says where a secret is.
pub(crate) fn is_reference(value: &str) -> bool {
    ["env:", "file:", "cmd:"]
        .iter()
        .any(|kind| value.starts_with(kind))
}

fn plain_secret(value: &str) -> Option<&'static str> {
    (!is_reference(value)).then_some(
        "the secret itself stands in the file; better env:NAME, file:PATH or cmd:COMMAND",
    )
}

/// Whether a context may have this name: it becomes a table's key and a word of the command line.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty()
        && name.len() <= 64
        && name.chars().all(legal)
        && !name.starts_with(['-', '.'])
    {
        return Ok(());
    }
    Err("expected letters, digits, - _ and . (64 at most, none of - . in front)".to_owned())
}
