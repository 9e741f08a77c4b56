//! A list to choose from: the column to sort by, the columns to show.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::{Outcome, Overlay};
use crate::key::Key;
use crate::keymap::Command;
use crate::state::State;
use crate::text;
use crate::view::list::List;
use crate::view::pane;

/// A list to choose from.
#[derive(Debug)]
pub struct Choose {
    title: &'static str,
    /// What can be chosen, and whether it is.
    items: Vec<(String, bool)>,
    list: List,
    /// Whether it stays open, for several choices.
    is_many: bool,
    pick: fn(&mut State, usize),
}

impl Choose {
    /// A list of which one is chosen, which closes it. `pick` is told its place.
    #[must_use]
    pub fn one(
        title: &'static str,
        items: Vec<(String, bool)>,
        pick: fn(&mut State, usize),
    ) -> Self {
        let at = items.iter().position(|(_, is_chosen)| *is_chosen);
        Self {
            title,
            items,
            list: List {
                at: at.unwrap_or(0),
                top: 0,
            },
            is_many: false,
            pick,
        }
    }

    /// A list in which each can be switched. `pick` is told the place of the one that was.
    #[must_use]
    pub fn many(
        title: &'static str,
        items: Vec<(String, bool)>,
        pick: fn(&mut State, usize),
    ) -> Self {
        Self {
            is_many: true,
            list: List::default(),
            ..Self::one(title, items, pick)
        }
    }

    fn pick(&mut self, state: &mut State) -> Outcome {
        (self.pick)(state, self.list.at);
        if !self.is_many {
            return Outcome::close();
        }
        if let Some((_, is_chosen)) = self.items.get_mut(self.list.at) {
            *is_chosen = !*is_chosen;
        }
        Outcome::stay()
    }
}

impl Overlay for Choose {
    fn key(&mut self, key: Key, state: &mut State) -> Outcome {
        let step = match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Outcome::close(),
            KeyCode::Char('c') if key.ctrl => return Outcome::close(),
            KeyCode::Enter if self.is_many => return Outcome::close(),
            KeyCode::Enter => return self.pick(state),
            KeyCode::Char(' ') => return self.pick(state),
            KeyCode::Up | KeyCode::Char('k') => Command::Up,
            KeyCode::Down | KeyCode::Char('j') => Command::Down,
            KeyCode::Home => Command::Top,
            KeyCode::End => Command::Bottom,
            _ => return Outcome::stay(),
        };
        self.list.step(step, self.items.len(), self.items.len());
        Outcome::stay()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let widest = self
            .items
            .iter()
            .map(|(name, _)| text::width_of(name))
            .max();
        let widest = widest
            .unwrap_or(0)
            .max(text::width_of(self.title) + 2)
            .max(24);
        let width = u16::try_from(widest + 8).unwrap_or(u16::MAX);
        let height = u16::try_from(self.items.len() + 2).unwrap_or(u16::MAX);
        let place = pane::centered(area, width, height);
        frame.render_widget(Clear, place);
        let inner = pane::boxed(state, frame, place, self.title, true);
        let top = self
            .list
            .first_shown(self.items.len(), usize::from(inner.height));
        let shown = self.items.iter().enumerate().skip(top);
        for (row, (at, (name, is_chosen))) in inner.rows().zip(shown) {
            let mark = match (self.is_many, is_chosen) {
                (true, true) => "[✓] ",
                (true, false) => "[ ] ",
                (false, true) => "● ",
                (false, false) => "  ",
            };
            let line = text::fit(&format!(" {mark}{name}"), usize::from(row.width));
            let style = if at == self.list.at {
                state.theme.selected()
            } else {
                ratatui::style::Style::new()
            };
            let room = usize::from(row.width);
            frame
                .buffer_mut()
                .set_stringn(row.x, row.y, line, room, style);
        }
    }
}
