//! How a setting is declared, read, written and looked up.

use std::ops::RangeInclusive;

use super::value::SettingValue;

/// Why a setting is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// No setting has this name.
    #[error("no setting is called {key}{}", suggestion(*nearest))]
    UnknownKey {
        /// The name that was given.
        key: String,
        /// The name that was perhaps meant.
        nearest: Option<&'static str>,
    },
    /// The setting cannot have this value.
    #[error("{key} cannot be \"{value}\", it has to be {expected}")]
    BadValue {
        /// The setting.
        key: &'static str,
        /// The value that was given.
        value: String,
        /// What it may be.
        expected: String,
    },
}

fn suggestion(nearest: Option<&'static str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}

/// Names that other versions or documents use for the same setting.
pub(super) const ALIASES: [(&str, &str); 1] = [("brokerPort", "listenPort")];

/// How unlike a name may be that is suggested.
const EDITS_MAX: usize = 5;

/// One setting of a config of type `C`.
pub(super) struct Setting<C> {
    pub(super) key: &'static str,
    pub(super) get: fn(&C) -> String,
    pub(super) set: fn(&mut C, &str) -> Result<(), String>,
}

/// The setting of this name, or what to tell whoever asked for it.
pub(super) fn find<C>(
    table: &'static [Setting<C>],
    key: &str,
) -> Result<&'static Setting<C>, SettingError> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == key);
    let key = alias.map_or(key, |(_, name)| name);
    table
        .iter()
        .find(|setting| setting.key == key)
        .ok_or_else(|| {
            let distance = |setting: &&'static Setting<C>| {
                strsim::levenshtein(&setting.key.to_lowercase(), &key.to_lowercase())
            };
            let nearest = table.iter().min_by_key(distance);
            let nearest = nearest.filter(|setting| distance(setting) <= EDITS_MAX);
            SettingError::UnknownKey {
                key: key.to_owned(),
                nearest: nearest.map(|setting| setting.key),
            }
        })
}

/// Reads a value; an error is what was expected.
pub(super) fn read<V: SettingValue>(text: &str) -> Result<V, String> {
    V::parse(text.trim()).ok_or_else(|| V::EXPECTED.to_owned())
}

/// Reads a value and checks its range; an error is what was expected.
pub(super) fn read_within<V: SettingValue + PartialOrd>(
    text: &str,
    range: &RangeInclusive<V>,
) -> Result<V, String> {
    let value = V::parse(text.trim()).filter(|value| range.contains(value));
    value.ok_or_else(|| {
        let (least, most) = (range.start().format(), range.end().format());
        if least == most {
            format!("{least} (nothing else is supported yet)")
        } else {
            format!("{} from {least} to {most}", V::EXPECTED)
        }
    })
}

macro_rules! read_setting {
    ($text:expr) => {
        $crate::config::setting::read($text)
    };
    ($text:expr, $range:expr) => {
        $crate::config::setting::read_within($text, &($range))
    };
}
pub(super) use read_setting;

/// Declares the config struct, its defaults and its table of settings.
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $key:literal $field:ident: $kind:ty $([$range:expr])? => $default:expr;
    )+) => {
        /// Every setting of a broker.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct BrokerConfig {
            $(
                #[doc = concat!("`", $key, "`:")]
                $(#[doc = $doc])+
                pub $field: $kind,
            )+
        }

        impl Default for BrokerConfig {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        static SETTINGS: &[$crate::config::setting::Setting<BrokerConfig>] = &[$(
            $crate::config::setting::Setting {
                key: $key,
                get: |config| $crate::config::value::SettingValue::format(&config.$field),
                set: |config, text| {
                    config.$field = $crate::config::setting::read_setting!(text $(, $range)?)?;
                    Ok(())
                },
            },
        )+];

        impl BrokerConfig {
            /// Sets the setting that RocketMQ calls `key`.
            ///
            /// # Errors
            /// No setting has this name, or it cannot have this value; the config is then as it was.
            pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
                let setting = $crate::config::setting::find(SETTINGS, key)?;
                (setting.set)(self, value).map_err(|expected| SettingError::BadValue {
                    key: setting.key,
                    value: value.to_owned(),
                    expected,
                })
            }

            /// Every name that [`set`](Self::set) takes: those of the settings, and the other
            /// names that some of them have.
            pub fn known_keys() -> impl Iterator<Item = &'static str> {
                let aliases = $crate::config::setting::ALIASES.iter().map(|(alias, _)| *alias);
                SETTINGS.iter().map(|setting| setting.key).chain(aliases)
            }

            /// All settings with their values, as a properties file holds them.
            pub fn entries(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
                SETTINGS.iter().map(|setting| (setting.key, (setting.get)(self)))
            }
        }
    };
}
pub(super) use settings;
