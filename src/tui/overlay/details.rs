//! Names and values, all that is known of something.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::{Outcome, Overlay};
use crate::key::Key;
use crate::keymap::Command;
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::list::List;
use crate::view::pane;

/// Names and values.
#[derive(Debug)]
pub struct Details {
    title: String,
    lines: Vec<(String, String)>,
    list: List,
}

impl Details {
    /// Shows these, in their order.
    #[must_use]
    pub fn new(title: String, lines: Vec<(String, String)>) -> Self {
        Self {
            title,
            lines,
            list: List::default(),
        }
    }
}

impl Overlay for Details {
    fn key(&mut self, key: Key, state: &mut State) -> Outcome {
        let step = match key.code {
            KeyCode::Up | KeyCode::Char('k') => Command::Up,
            KeyCode::Down | KeyCode::Char('j') => Command::Down,
            KeyCode::PageUp => Command::HalfUp,
            KeyCode::PageDown => Command::HalfDown,
            KeyCode::Home | KeyCode::Char('g') => Command::Top,
            KeyCode::End | KeyCode::Char('G') => Command::Bottom,
            _ => return Outcome::close(),
        };
        let height = usize::from(state.size.1).saturating_sub(5);
        self.list.step(step, self.lines.len(), height);
        Outcome::stay()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let height = u16::try_from(self.lines.len() + 2).unwrap_or(u16::MAX);
        let place = pane::centered(area, area.width.min(100), height);
        frame.render_widget(Clear, place);
        let inner = pane::boxed(state, frame, place, &self.title, true);
        let names = self.lines.iter().map(|(name, _)| text::width_of(name));
        let width = names.max().unwrap_or(0).min(usize::from(inner.width) / 2);
        let top = self
            .list
            .first_shown(self.lines.len(), usize::from(inner.height));
        let shown = self.lines.iter().enumerate().skip(top);
        for (row, (at, (name, value))) in inner.rows().zip(shown) {
            let room = usize::from(row.width).saturating_sub(width + 2);
            let line = Line::from(vec![
                Span::styled(text::fit(name, width), state.theme.style(Role::Dim)),
                Span::raw("  "),
                Span::raw(text::fit(value, room)),
            ]);
            frame.render_widget(line, row);
            if at == self.list.at {
                frame.buffer_mut().set_style(row, state.theme.selected());
            }
        }
    }
}
