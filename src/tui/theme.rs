//! Colours by meaning, and the glyphs that say the same without them.
//!
//! Nothing names a colour but this file. Invariant: colour never carries a meaning alone.

use ratatui::style::{Color, Modifier, Style};

/// The steps of the heat scale.
pub const HEAT_STEPS: u8 = 8;

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing in particular.
    Text,
    /// As it should be.
    Ok,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// What can be chosen, and where one is.
    Accent,
    /// Old, unknown or of little weight.
    Dim,
    /// A step of the heat scale, 0 to 7.
    Heat(u8),
}

/// The themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// The strongest colours there are.
    HighContrast,
    /// Told apart by everybody: blue to orange.
    ColourBlind,
    /// No colour at all.
    Mono,
    /// The terminal's own sixteen colours.
    Ansi16,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 256 of xterm.
    #[default]
    Indexed,
    /// The sixteen of ANSI.
    Ansi,
}

/// All themes, in the order in which the key goes round them.
pub const THEMES: &[(ThemeName, &str)] = &[
    (ThemeName::Dark, "dark"),
    (ThemeName::Light, "light"),
    (ThemeName::HighContrast, "high-contrast"),
    (ThemeName::ColourBlind, "colour-blind"),
    (ThemeName::Mono, "mono"),
    (ThemeName::Ansi16, "ansi-16"),
];

impl ThemeName {
    /// The theme of this name, as in [`THEMES`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = THEMES.iter().find(|(_, known)| *known == name);
        found.map(|(theme, _)| *theme)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = THEMES.iter().find(|(theme, _)| *theme == self);
        found.map_or("dark", |(_, name)| name)
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        let at = THEMES.iter().position(|(theme, _)| *theme == self);
        let next = at.map_or(0, |at| (at + 1) % THEMES.len());
        THEMES.get(next).map_or(self, |(theme, _)| *theme)
    }
}

/// How everything looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// Which one.
    pub name: ThemeName,
    /// What the terminal can show.
    pub depth: Depth,
    /// Whether boxes and blocks are replaced by ASCII characters.
    pub is_ascii: bool,
}

/// The colours of a theme: ok, warn, bad, accent, dim, then eight steps of heat.
type Palette = ([u32; 5], [u32; 8]);

const DARK: Palette = (
    [0x7e_c6_99, 0xe5_c0_7b, 0xf0_6c_75, 0x61_af_ef, 0x7f_84_8e],
    [
        0x5c_63_70, 0x6f_8f_7a, 0x7e_c6_99, 0xb5_c6_7a, 0xe5_c0_7b, 0xe8_9f_65, 0xec_80_63,
        0xf0_4c_55,
    ],
);
const LIGHT: Palette = (
    [0x1a_7f_37, 0x9a_67_00, 0xc5_1f_30, 0x09_69_da, 0x6e_77_81],
    [
        0x8c_95_9f, 0x5f_8f_6b, 0x1a_7f_37, 0x6b_80_10, 0x9a_67_00, 0xb2_55_00, 0xbc_3c_10,
        0xa4_0e_26,
    ],
);
const COLOUR_BLIND: Palette = (
    [0x56_b4_e9, 0xf0_c4_4a, 0xe6_7e_22, 0x8a_b6_ff, 0x8a_8a_8a],
    [
        0x1f_4e_79, 0x2f_6f_a8, 0x56_94_c9, 0x9f_b8_c8, 0xd8_c4_92, 0xe8_b0_5c, 0xe8_93_3a,
        0xff_7f_0e,
    ],
);

impl Theme {
    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        match self.name {
            ThemeName::Mono => mono(role),
            ThemeName::Ansi16 => ansi(role),
            ThemeName::HighContrast => high_contrast(role),
            _ if self.depth == Depth::Ansi => ansi(role),
            ThemeName::Dark => self.in_palette(&DARK, role),
            ThemeName::Light => self.in_palette(&LIGHT, role),
            ThemeName::ColourBlind => self.in_palette(&COLOUR_BLIND, role),
        }
    }

    /// The style of the chosen row or cell.
    #[must_use]
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The style of titles and headings.
    #[must_use]
    pub fn heading(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn in_palette(&self, palette: &Palette, role: Role) -> Style {
        let (roles, heat) = palette;
        let at = match role {
            Role::Text => return Style::new(),
            Role::Ok => 0,
            Role::Warn => 1,
            Role::Bad => 2,
            Role::Accent => 3,
            Role::Dim => 4,
            Role::Heat(step) => {
                let rgb = heat.get(usize::from(step)).or(heat.last());
                return Style::new().fg(self.color(rgb.copied().unwrap_or_default()));
            }
        };
        Style::new().fg(self.color(roles.get(at).copied().unwrap_or_default()))
    }

    fn color(&self, rgb: u32) -> Color {
        let [_, red, green, blue] = rgb.to_be_bytes();
        match self.depth {
            Depth::True => Color::Rgb(red, green, blue),
            Depth::Indexed | Depth::Ansi => Color::Indexed(nearest_indexed(red, green, blue)),
        }
    }
}

/// The glyph of a step of the heat scale.
#[must_use]
pub fn heat_glyph(step: u8) -> &'static str {
    const GLYPHS: [&str; 8] = ["░", "░", "▒", "▒", "▓", "▓", "█", "█"];
    GLYPHS.get(usize::from(step)).copied().unwrap_or("█")
}

/// A column of a small chart: 0 is the lowest of eight heights.
#[must_use]
pub fn bar_glyph(height: u8) -> &'static str {
    const GLYPHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    GLYPHS.get(usize::from(height)).copied().unwrap_or("█")
}

/// What stands for a glyph of ours where only ASCII is wanted. One column for one column, so that a
/// finished screen can be changed cell by cell.
#[must_use]
pub fn ascii_for(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "▁" | "░" => ".",
        "▂" => ":",
        "▃" | "─" | "·" | "—" => "-",
        "▄" => "=",
        "▅" | "▒" | "┌" | "┐" | "└" | "┘" | "├" | "┬" | "┴" | "┼" => "+",
        "▆" | "◆" => "*",
        "▇" | "▓" => "#",
        "█" => "@",
        "│" | "┤" | "┊" => "|",
        "▶" | "▸" | "→" => ">",
        "●" | "•" => "o",
        "▲" | "↑" => "^",
        "▼" | "↓" | "✓" => "v",
        "✗" | "×" => "x",
        "←" => "<",
        "…" => "~",
        "↵" => "/",
        _ => return None,
    })
}

fn mono(role: Role) -> Style {
    match role {
        Role::Bad | Role::Accent | Role::Heat(6..) => Style::new().add_modifier(Modifier::BOLD),
        Role::Dim => Style::new().add_modifier(Modifier::DIM),
        Role::Text | Role::Ok | Role::Warn | Role::Heat(_) => Style::new(),
    }
}

fn ansi(role: Role) -> Style {
    let color = match role {
        Role::Text => return Style::new(),
        Role::Ok | Role::Heat(1..=2) => Color::Green,
        Role::Warn | Role::Heat(3..=4) => Color::Yellow,
        Role::Bad | Role::Heat(7..) => Color::Red,
        Role::Accent => Color::Cyan,
        Role::Dim | Role::Heat(0) => Color::DarkGray,
        Role::Heat(5..=6) => Color::LightRed,
    };
    Style::new().fg(color)
}

fn high_contrast(role: Role) -> Style {
    let bold = |color| Style::new().fg(color).add_modifier(Modifier::BOLD);
    match role {
        Role::Text => Style::new().add_modifier(Modifier::BOLD),
        Role::Ok | Role::Heat(1..=2) => bold(Color::LightGreen),
        Role::Warn | Role::Heat(3..=4) => bold(Color::LightYellow),
        Role::Bad | Role::Heat(5..) => bold(Color::LightRed),
        Role::Accent => bold(Color::LightCyan),
        Role::Dim | Role::Heat(0) => Style::new(),
    }
}

/// The colour of xterm's 6×6×6 cube that is nearest.
fn nearest_indexed(red: u8, green: u8, blue: u8) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| {
        let by_distance = LEVELS.iter().zip(0_u8..);
        by_distance
            .min_by_key(|(level, _)| level.abs_diff(value))
            .map_or(0, |(_, at)| at)
    };
    16 + 36 * nearest(red) + 6 * nearest(green) + nearest(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_found_by_its_name_and_the_key_goes_round_all() {
        let mut theme = ThemeName::Dark;
        for (expected, name) in THEMES {
            assert_eq!(theme, *expected);
            assert_eq!(ThemeName::parse(name), Some(theme));
            assert_eq!(theme.name(), *name);
            theme = theme.next();
        }
        assert_eq!(theme, ThemeName::Dark);
        assert_eq!(ThemeName::parse("pink"), None);
    }

    #[test]
    fn mono_has_no_colour_and_few_colours_are_enough() {
        let roles = [Role::Ok, Role::Warn, Role::Bad, Role::Accent, Role::Dim];
        let heat = (0..HEAT_STEPS).map(Role::Heat);
        let mono = Theme {
            name: ThemeName::Mono,
            ..Theme::default()
        };
        let few = Theme {
            depth: Depth::Ansi,
            ..Theme::default()
        };
        for role in roles.into_iter().chain(heat) {
            assert_eq!(mono.style(role).fg, None, "{role:?}");
            let color = few.style(role).fg;
            assert!(
                !matches!(color, Some(Color::Rgb(..) | Color::Indexed(_))),
                "{role:?}"
            );
        }
    }

    #[test]
    fn colours_fall_back_to_the_nearest() {
        assert_eq!(nearest_indexed(0, 0, 0), 16);
        assert_eq!(nearest_indexed(255, 255, 255), 231);
        assert_eq!(nearest_indexed(255, 10, 0), 196);
    }

    #[test]
    fn every_glyph_of_a_scale_has_an_ascii_form() {
        for step in 0..HEAT_STEPS {
            for glyph in [heat_glyph(step), bar_glyph(step)] {
                assert!(ascii_for(glyph).is_some_and(str::is_ascii), "{glyph}");
            }
        }
        assert_eq!(ascii_for("订"), None);
    }
}
