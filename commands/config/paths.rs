//! Where settings, state, data and caches live.
//!
//! Order: `GANTRY_HOME` > the `XDG_*` variable > an existing `~/.config/gantry` > the platform's own.

use std::path::PathBuf;

use super::environment::Environment;

/// The name of our folder in the folders that all programs share.
const FOLDER: &str = "gantry";

/// The settings file's name.
const CONFIG_FILE: &str = "config.toml";

/// The folders of this user. None of them needs to exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) config_file: PathBuf,
    /// Run files, logs of detached clusters, history.
    pub(crate) state_dir: PathBuf,
    /// Data of clusters that keep it.
    pub(crate) data_dir: PathBuf,
}

impl Paths {
    /// The folders for this environment.
    pub(crate) fn find(environment: &Environment) -> Self {
        if let Some(home) = environment.path("GANTRY_HOME") {
            // A cluster in the background may look from another folder.
            let home = std::path::absolute(&home).unwrap_or(home);
            return Self {
                config_file: home.join(CONFIG_FILE),
                state_dir: home.join("state"),
                data_dir: home.join("data"),
            };
        }
        let home = environment
            .path("HOME")
            .or_else(dirs::home_dir)
            .unwrap_or_else(|| PathBuf::from("."));
        let xdg = |name: &str| environment.path(name).filter(|path| path.is_absolute());
        let dot_config = home.join(".config").join(FOLDER);
        let config_dir = xdg("XDG_CONFIG_HOME")
            .map(|base| base.join(FOLDER))
            .or_else(|| dot_config.is_dir().then(|| dot_config.clone()))
            .or_else(|| dirs::config_dir().map(|base| base.join(FOLDER)))
            .unwrap_or(dot_config);
        // Only Linux has a folder for state; elsewhere it lives beside the data.
        let state_dir = xdg("XDG_STATE_HOME")
            .or_else(dirs::state_dir)
            .or_else(dirs::data_local_dir);
        let data_dir = xdg("XDG_DATA_HOME").or_else(dirs::data_local_dir);
        let local = home.join(".local");
        Self {
            config_file: config_dir.join(CONFIG_FILE),
            state_dir: state_dir
                .unwrap_or_else(|| local.join("state"))
                .join(FOLDER),
            data_dir: data_dir.unwrap_or_else(|| local.join("share")).join(FOLDER),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn a_home_of_our_own_holds_everything() {
        let paths = Paths::find(&environment(&[
            ("GANTRY_HOME", "/g"),
            ("XDG_STATE_HOME", "/x"),
        ]));
        assert_eq!(paths.config_file, Path::new("/g/config.toml"));
        assert_eq!(paths.state_dir, Path::new("/g/state"));
        assert_eq!(paths.data_dir, Path::new("/g/data"));
    }

    #[test]
    fn xdg_variables_are_followed_when_they_are_absolute() {
        let paths = Paths::find(&environment(&[
            ("HOME", "/nowhere"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_DATA_HOME", "/d"),
        ]));
        assert_eq!(paths.config_file, Path::new("/c/gantry/config.toml"));
        assert_eq!(paths.state_dir, Path::new("/s/gantry"));
        assert_eq!(paths.data_dir, Path::new("/d/gantry"));
        let relative = Paths::find(&environment(&[
            ("HOME", "/nowhere"),
            ("XDG_STATE_HOME", "s"),
        ]));
        assert!(relative.state_dir.is_absolute());
    }

    #[test]
    fn an_existing_dot_config_wins_over_the_platform() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/gantry")).unwrap();
        let paths = Paths::find(&environment(&[("HOME", home.path().to_str().unwrap())]));
        assert_eq!(
            paths.config_file,
            home.path().join(".config/gantry/config.toml")
        );
    }
}
