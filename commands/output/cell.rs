//! One value of a table, kept typed until it is known who reads it.

use super::color::{Palette, Role};
use super::text::escape_controls;
use super::units::{self, TimeFormat, Units};

/// How values are shown to the reader at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) palette: Palette,
    /// Whether stdout is a terminal.
    pub(crate) terminal: bool,
    /// Columns of the terminal; without one, no limit.
    pub(crate) width: usize,
    /// Whether columns marked wide are shown.
    pub(crate) wide: bool,
    pub(crate) headers: bool,
    pub(crate) time: TimeFormat,
    pub(crate) units: Units,
    pub(crate) now_ms: i64,
}

impl View {
    /// As csv and tsv are written: nothing adapted to a reader's eyes.
    pub(super) fn for_programs(self) -> Self {
        let time = if self.time == TimeFormat::Relative {
            TimeFormat::Rfc3339
        } else {
            self.time
        };
        Self {
            palette: Palette::PLAIN,
            terminal: false,
            wide: true,
            time,
            units: Units::Raw,
            ..self
        }
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    content: Content,
    role: Option<Role>,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    /// Not known, or not there: never shown as 0.
    Empty,
    Text(String),
    Count(i128),
    Bytes(u64),
    DurationMs(i64),
    TimeMs(i64),
    Decimal(f64),
    Ratio(f64),
}

impl Cell {
    fn of(content: Content) -> Self {
        Self {
            content,
            role: None,
        }
    }

    /// Not known or not there.
    pub(crate) fn empty() -> Self {
        Self::of(Content::Empty)
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::of(Content::Text(text.into()))
    }

    /// A number of things: grouped for people.
    pub(crate) fn count(number: impl Into<i128>) -> Self {
        Self::of(Content::Count(number.into()))
    }

    /// A size: `3.1 kB`, or the plain number.
    pub(crate) fn bytes(size: u64) -> Self {
        Self::of(Content::Bytes(size))
    }

    /// A length of time: `4m 12s`, or the plain milliseconds.
    pub(crate) fn duration_ms(ms: i64) -> Self {
        Self::of(Content::DurationMs(ms))
    }

    /// A moment, in milliseconds since the epoch; shown as `--time` says.
    pub(crate) fn time_ms(ms: i64) -> Self {
        Self::of(Content::TimeMs(ms))
    }

    /// A measured number such as a rate.
    pub(crate) fn decimal(number: f64) -> Self {
        Self::of(Content::Decimal(number))
    }

    /// A part of one, shown as percent.
    pub(crate) fn ratio(ratio: f64) -> Self {
        Self::of(Content::Ratio(ratio))
    }

    /// Texts joined by commas; none is empty.
    pub(crate) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let texts: Vec<T> = texts.into_iter().collect();
        if texts.is_empty() {
            return Self::empty();
        }
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        Self::text(texts.join(","))
    }

    /// A value of the JSON form, for columns that `--fields` asks for.
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::empty(),
            Value::String(text) => Self::text(text.as_str()),
            Value::Array(items)
                if items
                    .iter()
                    .all(|item| !item.is_object() && !item.is_array()) =>
            {
                Self::list(items.iter().map(plain))
            }
            other => Self::text(plain(other)),
        }
    }

    /// The same value with a meaning that may be coloured.
    pub(crate) fn role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// The meaning that colours it, if any.
    pub(super) fn shown_role(&self) -> Option<Role> {
        match self.content {
            Content::Empty => Some(Role::Dim),
            _ => self.role,
        }
    }

    /// The text of the value, safe to show, without colour.
    pub(crate) fn show(&self, view: &View) -> String {
        let raw = view.units == Units::Raw;
        match &self.content {
            Content::Empty if view.terminal => "·".to_owned(),
            Content::Empty => "-".to_owned(),
            Content::Text(text) => escape_controls(text).into_owned(),
            Content::Count(number) if raw || !view.terminal => number.to_string(),
            Content::Count(number) => units::grouped(*number),
            Content::Bytes(size) if raw => size.to_string(),
            Content::Bytes(size) => units::bytes(*size),
            Content::DurationMs(ms) if raw => ms.to_string(),
            Content::DurationMs(ms) => units::duration_ms(*ms),
            Content::TimeMs(ms) => match view.time {
                TimeFormat::Relative => units::relative(*ms, view.now_ms),
                TimeFormat::Rfc3339 => units::rfc3339(*ms),
                TimeFormat::Ms => ms.to_string(),
            },
            Content::Decimal(number) if raw => number.to_string(),
            Content::Decimal(number) => units::decimal(*number),
            Content::Ratio(ratio) if raw => ratio.to_string(),
            Content::Ratio(ratio) => units::percent(*ratio),
        }
    }

    /// The value for csv and tsv: as it is, and nothing where there is nothing.
    pub(super) fn data(&self, view: &View) -> String {
        match &self.content {
            Content::Empty => String::new(),
            Content::Text(text) => text.clone(),
            _ => self.show(view),
        }
    }

    /// The shown text with its colour.
    pub(crate) fn paint(&self, view: &View) -> String {
        let text = self.show(view);
        match self.shown_role() {
            Some(role) => view.palette.paint(role, &text),
            None => text,
        }
    }
}

/// A JSON scalar without its quotes; anything else as compact JSON.
fn plain(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::text(text.as_str())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::text(if flag { "yes" } else { "no" })
    }
}

macro_rules! counts {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Cell {
            fn from(number: $integer) -> Self {
                Self::count(number)
            }
        })*
    };
}

counts!(u8, u16, u32, u64, i32, i64);

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        // Every usize fits: there is no 128-bit address space.
        Self::count(i128::try_from(number).unwrap_or(i128::MAX))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::empty, Into::into)
    }
}
