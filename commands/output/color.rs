//! Colour by meaning, and whether there is any.
//!
//! Nothing names a colour but this file. Invariant: colour never carries a meaning alone; signs and
//! words say the same.

use anstyle::{AnsiColor, Style};

/// What a coloured piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ok,
    Warn,
    Bad,
    Accent,
    Dim,
    Heading,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Self::Ok => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Accent => AnsiColor::Cyan.on_default(),
            Self::Dim => Style::new().dimmed(),
            Self::Heading => Style::new().bold(),
        }
    }

    /// The same style in the words of the table library.
    pub(super) fn apply(self, cell: comfy_table::Cell) -> comfy_table::Cell {
        use comfy_table::{Attribute, Color};
        match self {
            Self::Ok => cell.fg(Color::DarkGreen),
            Self::Warn => cell.fg(Color::DarkYellow),
            Self::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
            Self::Accent => cell.fg(Color::DarkCyan),
            Self::Dim => cell.add_attribute(Attribute::Dim),
            Self::Heading => cell.add_attribute(Attribute::Bold),
        }
    }
}

/// Paints text, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    enabled: bool,
}

impl Palette {
    pub(crate) const PLAIN: Self = Self { enabled: false };
    #[cfg(test)]
    pub(crate) const COLORED: Self = Self { enabled: true };

    pub(crate) fn is_colored(self) -> bool {
        self.enabled
    }

    /// `text` in the style of `role`.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if !self.enabled {
            return text.to_owned();
        }
        let style = role.style();
        format!("{style}{text}{style:#}")
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal
    #[default]
    Auto,
    Always,
    Never,
}

/// What the environment says about colour.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ColorEnvironment {
    /// `NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
    /// `CLICOLOR_FORCE` is set, not empty and not 0.
    pub(crate) force: bool,
    /// `TERM` is `dumb`.
    pub(crate) dumb: bool,
}

/// Decides in the order: `--color` or `GANTRY_COLOR` > `NO_COLOR` > `CLICOLOR_FORCE` > the settings
/// file > `TERM=dumb` > whether this is a terminal.
pub(crate) fn palette(
    told: ColorWhen,
    environment: ColorEnvironment,
    settings_file: ColorWhen,
    is_terminal: bool,
) -> Palette {
    let decided = |when: ColorWhen| match when {
        ColorWhen::Always => Some(true),
        ColorWhen::Never => Some(false),
        ColorWhen::Auto => None,
    };
    let enabled = decided(told)
        .or(environment.no_color.then_some(false))
        .or(environment.force.then_some(true))
        .or(decided(settings_file))
        .unwrap_or(is_terminal && !environment.dumb);
    Palette { enabled }
}

#[cfg(test)]
mod tests {
    use super::ColorWhen::{Always, Auto, Never};
    use super::*;

    #[test]
    fn each_source_beats_the_ones_after_it() {
        let nothing = ColorEnvironment::default();
        let no_color = ColorEnvironment {
            no_color: true,
            ..nothing
        };
        let force = ColorEnvironment {
            force: true,
            ..nothing
        };
        let both = ColorEnvironment {
            no_color: true,
            force: true,
            dumb: false,
        };
        let dumb = ColorEnvironment {
            dumb: true,
            ..nothing
        };
        let cases = [
            (Always, no_color, Never, false, true),
            (Never, force, Always, true, false),
            (Auto, both, Always, true, false),
            (Auto, force, Never, false, true),
            (Auto, nothing, Always, false, true),
            (Auto, nothing, Never, true, false),
            (Auto, dumb, Auto, true, false),
            (Auto, nothing, Auto, true, true),
            (Auto, nothing, Auto, false, false),
        ];
        for (told, environment, file, is_terminal, expected) in cases {
            let palette = palette(told, environment, file, is_terminal);
            assert_eq!(
                palette.is_colored(),
                expected,
                "{told:?} {environment:?} {file:?} {is_terminal}"
            );
        }
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Palette::PLAIN.paint(Role::Bad, "down"), "down");
        assert_eq!(
            Palette::COLORED.paint(Role::Heading, "x"),
            "\u{1b}[1mx\u{1b}[0m"
        );
    }
}
