//! Settings from flags, environment and files, each with where it came from.
//!
//! Precedence: flag > environment > project file > context > user file > default. Invariant: a file
//! that cannot be used is named with its line and key; an unknown key is only a warning.

pub(crate) mod address;
pub(crate) mod edit;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod paths;
pub(crate) mod profile;
pub(crate) mod setting;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{CommandError, codes};
use crate::globals::Globals;
use environment::Environment;
use file::{ConfigFile, Owner};
use paths::Paths;
use profile::Profile;
use setting::Setting;

/// The name of a project's settings file.
pub(crate) const PROJECT_FILE: &str = ".gantry.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Env(&'static str),
    File { path: PathBuf, line: usize },
    Context(String),
    LocalCluster(String),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Context(name) => write!(f, "context {name}"),
            Self::LocalCluster(name) => write!(f, "running local cluster {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// All settings of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    flags: Vec<(&'static str, String)>,
    environment: Environment,
    project: Option<ConfigFile>,
    user: ConfigFile,
}

impl Config {
    /// Reads everything there is. The project file is looked for in `start` and the folders above it.
    ///
    /// # Errors
    /// `config_invalid` for the first value that cannot be used.
    pub(crate) fn load(
        globals: &Globals,
        environment: Environment,
        paths: &Paths,
        start: &Path,
    ) -> Result<Self, CommandError> {
        let user = ConfigFile::read(&paths.config_file, Owner::User)?;
        let project = match find_project_file(start) {
            Some(path) => Some(ConfigFile::read(&path, Owner::Project)?),
            None => None,
        };
        let config = Self {
            flags: globals.as_settings(),
            environment,
            project,
            user,
        };
        config.check_said()?;
        Ok(config)
    }

    /// Flags and environment alone, for commands that must work beside a broken file.
    ///
    /// # Errors
    /// `config_invalid` or `usage` for a value that cannot be used.
    pub(crate) fn without_files(
        globals: &Globals,
        environment: Environment,
    ) -> Result<Self, CommandError> {
        let config = Self {
            flags: globals.as_settings(),
            environment,
            ..Self::default()
        };
        config.check_said()?;
        Ok(config)
    }

    /// Files were checked as they were read; this checks what flags and variables say.
    fn check_said(&self) -> Result<(), CommandError> {
        for setting in setting::ALL {
            let Some(Sourced { value, origin }) = self.said(setting) else {
                continue;
            };
            let Err(expected) = setting.check(&value) else {
                continue;
            };
            return Err(match origin {
                Origin::Flag(flag) => {
                    CommandError::new(&codes::USAGE, format!("{flag} \"{value}\": {expected}"))
                }
                origin => CommandError::new(
                    &codes::CONFIG_INVALID,
                    format!("{origin}: \"{value}\": {expected}"),
                )
                .next("gantry help environment"),
            });
        }
        Ok(())
    }

    /// What flags and environment say about a setting.
    fn said(&self, setting: &Setting) -> Option<Sourced<String>> {
        if let Some((_, value)) = self.flags.iter().find(|(key, _)| *key == setting.key) {
            return Some(Sourced {
                value: value.clone(),
                origin: Origin::Flag(setting.flag),
            });
        }
        setting.env.iter().find_map(|&name| {
            let value = self.environment.get(name)?.to_owned();
            Some(Sourced {
                value,
                origin: Origin::Env(name),
            })
        })
    }

    /// The value of a setting that is set somewhere.
    pub(crate) fn find(&self, key: &str) -> Option<Sourced<String>> {
        let setting = setting::by_key(key)?;
        self.said(setting)
            .or_else(|| self.files().find_map(|file| in_file(file, setting.key)))
    }

    /// The value of a setting, or its default.
    pub(crate) fn get(&self, key: &str) -> Sourced<String> {
        self.find(key).unwrap_or_else(|| Sourced {
            value: setting::by_key(key)
                .map(|setting| setting.default.to_owned())
                .unwrap_or_default(),
            origin: Origin::Default,
        })
    }

    /// What the user's file alone says: some settings weigh less there than in the environment.
    pub(crate) fn in_files(&self, key: &str) -> Option<String> {
        let setting = setting::by_key(key)?;
        self.files()
            .find_map(|file| in_file(file, setting.key))
            .map(|found| found.value)
    }

    /// A setting that is `true` or `false`.
    pub(crate) fn switch(&self, key: &str) -> bool {
        setting::parse_switch(&self.get(key).value).unwrap_or(false)
    }

    /// A setting that is a duration.
    pub(crate) fn duration(&self, key: &str) -> Duration {
        setting::parse_duration(&self.get(key).value).unwrap_or_default()
    }

    /// A setting that is one of an enum's words.
    pub(crate) fn word<T: clap::ValueEnum>(&self, key: &str) -> Option<T> {
        T::from_str(&self.get(key).value, false).ok()
    }

    /// The configured contexts; a project's come first and hide the user's of the same name.
    pub(crate) fn profiles(&self) -> Vec<&Profile> {
        let mut profiles: Vec<&Profile> = Vec::new();
        for profile in self.files().flat_map(|file| &file.profiles) {
            if profiles.iter().all(|known| known.name != profile.name) {
                profiles.push(profile);
            }
        }
        profiles
    }

    /// The configured context of this name.
    pub(crate) fn profile(&self, name: &str) -> Option<&Profile> {
        self.files()
            .flat_map(|file| &file.profiles)
            .find(|profile| profile.name == name)
    }

    /// The keys of the dashboard that the files change; a project's hide the user's of the same name.
    pub(crate) fn top_keys(&self) -> BTreeMap<String, Vec<String>> {
        let mut keys = self.user.top_keys.clone();
        if let Some(project) = &self.project {
            keys.extend(project.top_keys.clone());
        }
        keys
    }

    /// What is odd in the files, to be told once.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = &str> {
        self.files()
            .flat_map(|file| &file.warnings)
            .map(String::as_str)
    }

    /// The project's file, if there is one.
    pub(crate) fn project_file(&self) -> Option<&Path> {
        self.project.as_ref().map(|file| file.path.as_path())
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The files, strongest first.
    fn files(&self) -> impl Iterator<Item = &ConfigFile> {
        self.project.iter().chain(std::iter::once(&self.user))
    }

    /// What a layer above all contexts says about the name servers: a flag, a variable or a project.
    pub(crate) fn namesrv_above_contexts(&self) -> Option<Sourced<String>> {
        let setting = setting::by_key("namesrv")?;
        self.said(setting).or_else(|| {
            self.project
                .as_ref()
                .and_then(|file| in_file(file, "namesrv"))
        })
    }

    /// What the user's file says about the name servers, beside its contexts.
    pub(crate) fn namesrv_of_user(&self) -> Option<Sourced<String>> {
        in_file(&self.user, "namesrv")
    }
}

fn in_file(file: &ConfigFile, key: &str) -> Option<Sourced<String>> {
    let (value, line) = file.values.get(key)?;
    Some(Sourced {
        value: value.clone(),
        origin: Origin::File {
            path: file.path.clone(),
            line: *line,
        },
    })
}

/// The nearest project file at `start` or above.
fn find_project_file(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join(PROJECT_FILE))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests;
