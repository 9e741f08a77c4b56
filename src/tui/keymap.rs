//! The one table of keys: what a key does, the line at the bottom and the help are all drawn from it.
//!
//! Keys that work in every view are here; a view's own are a table in its file. A view's own key wins.
//! Invariant: no key means two things in one place; the constructor refuses such a table.

mod everywhere;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::key::Key;
use crate::view::{VIEWS, ViewId};
pub use everywhere::EVERYWHERE;

/// What can be asked for by a key. Each has a name in its [`Binding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Goes to a view.
    Show(ViewId),
    /// The next pane of a view, or the next view.
    NextPane,
    /// The one before.
    PreviousPane,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One cell to the left.
    Left,
    /// One cell to the right.
    Right,
    /// The first row.
    Top,
    /// The last row.
    Bottom,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// Into what is chosen.
    Open,
    /// Out again; never out of the dashboard.
    Back,
    /// Stops the screen, and lets it go on.
    Freeze,
    /// Back in time.
    Earlier,
    /// Forward in time.
    Later,
    /// To what is now.
    Live,
    /// A shorter span of time.
    ZoomIn,
    /// A longer span of time.
    ZoomOut,
    /// The usual span of time.
    ZoomReset,
    /// Asks for a filter.
    Filter,
    /// Chooses the column to sort by.
    Sort,
    /// More columns.
    Wide,
    /// Chooses the columns.
    Columns,
    /// Shows what is RocketMQ's own too.
    Internal,
    /// What the colours of the matrix say.
    HeatBy,
    /// Numbers in place of glyphs.
    Numbers,
    /// The next group of the topic.
    NextGroup,
    /// All that is known of what is chosen.
    Describe,
    /// The members of the group.
    Members,
    /// The messages of what is chosen.
    Messages,
    /// Asks which messages are wanted.
    Query,
    /// Goes on with what comes in, and stops.
    Follow,
    /// Every message with the key of the chosen one.
    FollowKey,
    /// The next form of a body: JSON, as it is, byte by byte.
    BodyForm,
    /// Copies the body.
    CopyBody,
    /// Copies the row as JSON.
    CopyRow,
    /// Writes what is shown into a file.
    Export,
    /// The pane over the whole screen.
    Expand,
    /// The same as a command line.
    AsCommand,
    /// What the keys do.
    Help,
    /// The errors so far.
    Errors,
    /// The next theme.
    NextTheme,
    /// Tries to connect at once.
    Reconnect,
    /// Draws everything again.
    Redraw,
    /// To the shell that started this.
    Suspend,
    /// Leaves.
    Quit,
}

/// Whose habits the keys follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// Those of vi, with the arrows too.
    #[default]
    Vim,
    /// Those of Emacs, with the arrows too.
    Emacs,
    /// Arrows and the keys around them.
    Arrows,
}

impl Preset {
    /// The preset of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "vim" => Some(Self::Vim),
            "emacs" => Some(Self::Emacs),
            "arrows" => Some(Self::Arrows),
            _ => None,
        }
    }
}

/// The keys of something that can be asked for.
#[derive(Debug)]
pub struct Binding {
    /// What is asked for.
    pub command: Command,
    /// Its name, by which the settings give it other keys.
    pub name: &'static str,
    /// What it does, for the help.
    pub help: &'static str,
    /// The same in a word or two, for the line at the bottom; `None`: it is not shown there.
    pub footer: Option<&'static str>,
    /// The keys of each preset; several keys in a row are separated by spaces (`g g`).
    keys: [&'static [&'static str]; 3],
}

impl Binding {
    /// Something with the same keys in every preset.
    #[must_use]
    pub const fn new(
        command: Command,
        name: &'static str,
        keys: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            command,
            name,
            help,
            footer: None,
            keys: [keys; 3],
        }
    }

    /// The same with other keys in the presets `emacs` and `arrows`.
    #[must_use]
    pub const fn or(
        mut self,
        emacs: &'static [&'static str],
        arrows: &'static [&'static str],
    ) -> Self {
        self.keys = [self.keys[0], emacs, arrows];
        self
    }

    /// The same, shown at the bottom with this word.
    #[must_use]
    pub const fn footer(mut self, word: &'static str) -> Self {
        self.footer = Some(word);
        self
    }

    const fn keys_of(&self, preset: Preset) -> &'static [&'static str] {
        match preset {
            Preset::Vim => self.keys[0],
            Preset::Emacs => self.keys[1],
            Preset::Arrows => self.keys[2],
        }
    }
}

/// Why the keys of the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such name.
    #[error("there is no action \"{0}\"; gantry top --print-keys lists them")]
    UnknownName(String),
    /// There is no such key.
    #[error("{name}: \"{key}\" is no key; write it as q, ctrl-d, f5, enter or g g")]
    UnknownKey {
        /// The action.
        name: String,
        /// What was written.
        key: String,
    },
    /// A key has a meaning already, or is the beginning of one that has.
    #[error("\"{key}\" is both {first} and {second}")]
    Conflict {
        /// The key.
        key: String,
        /// The action that has it.
        first: &'static str,
        /// The action that was to get it.
        second: &'static str,
    },
}

/// What keys mean so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// This is asked for.
    Command(Command),
    /// More keys have to come.
    Pending,
    /// Nothing.
    Nothing,
}

/// A binding with its keys.
#[derive(Debug, Clone)]
pub struct Bound {
    /// What it is.
    pub binding: &'static Binding,
    /// Each way to ask for it.
    pub keys: Vec<Vec<Key>>,
}

impl Bound {
    /// The first of its keys as text, for a line that is short of room.
    #[must_use]
    pub fn first_key(&self) -> String {
        self.keys
            .first()
            .map(|keys| written(keys))
            .unwrap_or_default()
    }

    /// All its keys as text.
    #[must_use]
    pub fn all_keys(&self) -> String {
        let all: Vec<String> = self.keys.iter().map(|keys| written(keys)).collect();
        all.join(", ")
    }
}

/// All keys, as the preset and the settings make them.
#[derive(Debug, Clone)]
pub struct Keymap {
    everywhere: Vec<Bound>,
    views: Vec<(ViewId, Vec<Bound>)>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self {
            everywhere: bound(EVERYWHERE, Preset::Vim),
            views: VIEWS
                .iter()
                .map(|view| (view.id, bound(view.keys, Preset::Vim)))
                .collect(),
        }
    }
}

impl Keymap {
    /// The keys of a preset, with those that `rebound` gives to names in their place.
    ///
    /// # Errors
    /// [`KeyError`]: a name or key that does not exist, or one key for two things.
    pub fn new(preset: Preset, rebound: &BTreeMap<String, Vec<String>>) -> Result<Self, KeyError> {
        let mut keymap = Self {
            everywhere: bound(EVERYWHERE, preset),
            views: VIEWS
                .iter()
                .map(|view| (view.id, bound(view.keys, preset)))
                .collect(),
        };
        for (name, keys) in rebound {
            keymap.rebind(name, keys)?;
        }
        keymap.check()?;
        Ok(keymap)
    }

    fn rebind(&mut self, name: &str, keys: &[String]) -> Result<(), KeyError> {
        let mut sequences = Vec::new();
        for key in keys {
            let sequence = sequence(key).ok_or_else(|| KeyError::UnknownKey {
                name: name.to_owned(),
                key: key.clone(),
            })?;
            sequences.push(sequence);
        }
        let all = self.everywhere.iter_mut();
        let all = all.chain(self.views.iter_mut().flat_map(|(_, bounds)| bounds));
        let mut is_known = false;
        for bound in all.filter(|bound| bound.binding.name == name) {
            bound.keys.clone_from(&sequences);
            is_known = true;
        }
        if is_known {
            return Ok(());
        }
        Err(KeyError::UnknownName(name.to_owned()))
    }

    fn check(&self) -> Result<(), KeyError> {
        let own = self.views.iter().map(|(_, bounds)| bounds);
        for table in std::iter::once(&self.everywhere).chain(own) {
            let mut seen: Vec<(&[Key], &'static str)> = Vec::new();
            for bound in table {
                for keys in &bound.keys {
                    let clash = seen
                        .iter()
                        .find(|(known, _)| keys.starts_with(known) || known.starts_with(keys));
                    if let Some((_, first)) = clash {
                        return Err(KeyError::Conflict {
                            key: written(keys),
                            first,
                            second: bound.binding.name,
                        });
                    }
                    seen.push((keys, bound.binding.name));
                }
            }
        }
        Ok(())
    }

    /// A view's own keys, in the order of its table.
    pub fn of_view(&self, view: ViewId) -> impl Iterator<Item = &Bound> {
        let own = self.views.iter().filter(move |(id, _)| *id == view);
        own.flat_map(|(_, bounds)| bounds)
    }

    /// The keys that work everywhere.
    pub fn everywhere(&self) -> impl Iterator<Item = &Bound> {
        self.everywhere.iter()
    }

    /// What the keys pressed so far mean in a view.
    #[must_use]
    pub fn lookup(&self, view: ViewId, pressed: &[Key]) -> Lookup {
        let mut is_pending = false;
        for bound in self.of_view(view).chain(self.everywhere()) {
            for keys in &bound.keys {
                if keys == pressed {
                    return Lookup::Command(bound.binding.command);
                }
                is_pending |= keys.starts_with(pressed);
            }
        }
        if is_pending {
            Lookup::Pending
        } else {
            Lookup::Nothing
        }
    }

    /// The keys of a command, wherever it is bound, as text.
    #[must_use]
    pub fn keys_for(&self, command: Command) -> String {
        let own = self.views.iter().flat_map(|(_, bounds)| bounds);
        self.everywhere
            .iter()
            .chain(own)
            .find(|bound| bound.binding.command == command)
            .map(Bound::first_key)
            .unwrap_or_default()
    }

    /// All names with their keys, as the settings file has them.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = String::from("[top.keys]\n");
        let mut printed: Vec<&str> = Vec::new();
        let own = self.views.iter().flat_map(|(_, bounds)| bounds);
        for bound in self.everywhere.iter().chain(own) {
            let name = bound.binding.name;
            if printed.contains(&name) {
                continue;
            }
            printed.push(name);
            let keys: Vec<String> = bound
                .keys
                .iter()
                .map(|keys| format!("\"{}\"", written(keys)))
                .collect();
            let line = format!("{name} = [{}]", keys.join(", "));
            let _ = writeln!(text, "{line:<40} # {}", bound.binding.help);
        }
        text
    }
}

fn bound(table: &'static [Binding], preset: Preset) -> Vec<Bound> {
    let with_keys = |binding: &'static Binding| Bound {
        binding,
        keys: binding
            .keys_of(preset)
            .iter()
            .filter_map(|text| sequence(text))
            .collect(),
    };
    table.iter().map(with_keys).collect()
}

fn sequence(text: &str) -> Option<Vec<Key>> {
    let keys: Option<Vec<Key>> = text.split_whitespace().map(Key::parse).collect();
    keys.filter(|keys| !keys.is_empty())
}

fn written(keys: &[Key]) -> String {
    let all: Vec<String> = keys.iter().map(Key::to_string).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebound(name: &str, keys: &[&str]) -> Result<Keymap, KeyError> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Keymap::new(Preset::Vim, &BTreeMap::from([(name.to_owned(), keys)]))
    }

    #[test]
    fn no_preset_gives_a_key_two_meanings_and_every_key_exists() {
        for preset in [Preset::Vim, Preset::Emacs, Preset::Arrows] {
            let keymap = Keymap::new(preset, &BTreeMap::new()).unwrap();
            let views = keymap.views.iter().flat_map(|(_, bounds)| bounds);
            for bound in keymap.everywhere.iter().chain(views) {
                let expected = bound.binding.keys_of(preset).len();
                assert_eq!(bound.keys.len(), expected, "{}", bound.binding.name);
                assert!(expected > 0, "{} has no key", bound.binding.name);
            }
        }
    }

    #[test]
    fn a_name_can_be_given_other_keys() {
        let keymap = rebound("quit", &["ctrl-q", "z z"]).err();
        assert_eq!(
            keymap.unwrap().to_string(),
            "\"z z\" is both expand and quit"
        );
        let keymap = rebound("quit", &["ctrl-q"]).unwrap();
        let ask = |keys: &str| keymap.lookup(ViewId::Cluster, &sequence(keys).unwrap());
        assert_eq!(ask("ctrl-q"), Lookup::Command(Command::Quit));
        assert_eq!(ask("q"), Lookup::Nothing);
        assert_eq!(ask("g"), Lookup::Pending);
        assert_eq!(ask("g g"), Lookup::Command(Command::Top));
    }

    #[test]
    fn what_cannot_be_bound_is_named() {
        let unknown = rebound("fly", &["f"]).unwrap_err().to_string();
        assert!(
            unknown.starts_with("there is no action \"fly\""),
            "{unknown}"
        );
        let unknown = rebound("quit", &["f99"]).unwrap_err().to_string();
        assert!(unknown.starts_with("quit: \"f99\" is no key"), "{unknown}");
    }

    #[test]
    fn the_printed_keys_can_be_read_again() {
        let text = Keymap::default().print();
        assert!(text.contains("top = [\"g g\", \"home\"]"), "{text}");
        let names = text.lines().skip(1);
        let names: Vec<&str> = names.filter_map(|line| line.split(" =").next()).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
    }
}
