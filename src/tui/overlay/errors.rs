//! The errors so far, newest first.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::{Outcome, Overlay};
use crate::format;
use crate::key::Key;
use crate::keymap::Command;
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::list::List;
use crate::view::pane;

/// The list of errors.
#[derive(Debug, Default)]
pub struct Errors {
    list: List,
}

impl Overlay for Errors {
    fn key(&mut self, key: Key, state: &mut State) -> Outcome {
        state.errors_unseen = 0;
        let step = match key.code {
            KeyCode::Up | KeyCode::Char('k') => Command::Up,
            KeyCode::Down | KeyCode::Char('j') => Command::Down,
            KeyCode::PageUp => Command::HalfUp,
            KeyCode::PageDown => Command::HalfDown,
            _ => return Outcome::close(),
        };
        let height = usize::from(state.size.1).saturating_sub(6);
        self.list.step(step, state.errors.len(), height);
        Outcome::stay()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let place = pane::centered(area, area.width.min(120), area.height.saturating_sub(2));
        frame.render_widget(Clear, place);
        let title = format!("Errors ({})", state.errors.len());
        let inner = pane::boxed(state, frame, place, &title, true);
        if state.errors.is_empty() {
            pane::say(state, frame, inner, Role::Dim, "no errors so far");
            return;
        }
        let top = self
            .list
            .first_shown(state.errors.len(), usize::from(inner.height));
        let shown = state.errors.iter().rev().enumerate().skip(top);
        for (row, (at, error)) in inner.rows().zip(shown) {
            let time = format::time_of_day(error.at_ms, &state.zone);
            let line = format!("{time}  {}: {}", error.subject, error.text);
            let style = if at == self.list.at {
                state.theme.selected()
            } else {
                state.theme.style(Role::Bad)
            };
            let room = usize::from(row.width);
            let line = text::fit(&line, room);
            frame
                .buffer_mut()
                .set_stringn(row.x, row.y, line, room, style);
        }
    }
}
