//! The words of the dashboard's flags and settings.

use tui::{Preset, ThemeName, ViewId};

use crate::config::environment::Environment;

/// The themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ThemeChoice {
    /// Light if the terminal says so (COLORFGBG), else dark
    #[default]
    Auto,
    /// For dark backgrounds
    Dark,
    /// For light backgrounds
    Light,
    /// The strongest colours there are
    HighContrast,
    /// Told apart by everybody: blue to orange
    ColourBlind,
    /// No colour
    Mono,
    /// The terminal's own sixteen colours
    #[value(name = "ansi-16")]
    Ansi16,
}

impl ThemeChoice {
    /// The theme that is meant, in this environment.
    pub(super) fn name(self, environment: &Environment) -> ThemeName {
        match self {
            Self::Auto if is_light(environment) => ThemeName::Light,
            Self::Auto | Self::Dark => ThemeName::Dark,
            Self::Light => ThemeName::Light,
            Self::HighContrast => ThemeName::HighContrast,
            Self::ColourBlind => ThemeName::ColourBlind,
            Self::Mono => ThemeName::Mono,
            Self::Ansi16 => ThemeName::Ansi16,
        }
    }
}

/// Whether the terminal says that its background is light: `COLORFGBG` is `foreground;background` in
/// the sixteen colours, of which 7 and those above 8 are light.
fn is_light(environment: &Environment) -> bool {
    let colors = environment.get("COLORFGBG").unwrap_or_default();
    let background = colors.rsplit(';').next().and_then(|word| word.parse().ok());
    background.is_some_and(|background: u8| background == 7 || background > 8)
}

/// Whose habits the keys follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum PresetChoice {
    #[default]
    Vim,
    Emacs,
    Arrows,
}

impl From<PresetChoice> for Preset {
    fn from(choice: PresetChoice) -> Self {
        match choice {
            PresetChoice::Vim => Self::Vim,
            PresetChoice::Emacs => Self::Emacs,
            PresetChoice::Arrows => Self::Arrows,
        }
    }
}

/// The view to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ViewChoice {
    Cluster,
    Topics,
    Groups,
    Messages,
    Clients,
    Events,
}

impl From<ViewChoice> for ViewId {
    fn from(choice: ViewChoice) -> Self {
        match choice {
            ViewChoice::Cluster => Self::Cluster,
            ViewChoice::Topics => Self::Topics,
            ViewChoice::Groups => Self::Groups,
            ViewChoice::Messages => Self::Messages,
            ViewChoice::Clients => Self::Clients,
            ViewChoice::Events => Self::Events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_may_say_that_it_is_light() {
        let cases = [
            ("15;0", ThemeName::Dark),
            ("0;15", ThemeName::Light),
            ("0;default;7", ThemeName::Light),
            ("12;8", ThemeName::Dark),
            ("nonsense", ThemeName::Dark),
        ];
        for (colors, expected) in cases {
            let environment = Environment::of([("COLORFGBG".to_owned(), colors.to_owned())]);
            assert_eq!(ThemeChoice::Auto.name(&environment), expected, "{colors}");
            assert_eq!(ThemeChoice::Dark.name(&environment), ThemeName::Dark);
        }
    }
}
