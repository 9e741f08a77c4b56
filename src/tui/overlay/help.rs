//! What the keys do here, drawn from the table of keys; typing searches it.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use tui_input::Input;

use super::{Outcome, Overlay, prompt};
use crate::key::Key;
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::pane;

/// The help.
#[derive(Debug, Default)]
pub struct Help {
    search: Input,
    top: usize,
}

/// Where the help of a key begins.
const HELP_AT: usize = 18;

impl Help {
    /// Headings and keys that match what is searched for.
    fn lines(&self, state: &State) -> Vec<(bool, String)> {
        let wanted = self.search.value().to_lowercase();
        let own: Vec<_> = state.keymap.of_view(state.view).collect();
        let shared: Vec<_> = state.keymap.everywhere().collect();
        let mut lines = Vec::new();
        for (heading, table) in [(state.current().title, own), ("Everywhere", shared)] {
            let found: Vec<String> = table
                .iter()
                .map(|bound| {
                    let keys = bound.all_keys();
                    format!("  {} {}", text::fit(&keys, HELP_AT - 3), bound.binding.help)
                })
                .filter(|line| line.to_lowercase().contains(&wanted))
                .collect();
            if !found.is_empty() {
                lines.push((true, heading.to_owned()));
                lines.extend(found.into_iter().map(|line| (false, line)));
            }
        }
        lines
    }
}

impl Overlay for Help {
    fn key(&mut self, key: Key, state: &mut State) -> Outcome {
        let last = self.lines(state).len().saturating_sub(1);
        match key.code {
            KeyCode::Esc | KeyCode::Enter => return Outcome::close(),
            KeyCode::Char('c') if key.ctrl => return Outcome::close(),
            // As it was opened, unless it is being searched for.
            KeyCode::Char('?') if self.search.value().is_empty() => return Outcome::close(),
            KeyCode::Up => self.top = self.top.saturating_sub(1),
            KeyCode::Down => self.top = (self.top + 1).min(last),
            KeyCode::PageUp => self.top = self.top.saturating_sub(10),
            KeyCode::PageDown => self.top = (self.top + 10).min(last),
            _ => {
                if let Some(edit) = prompt::edit_of(key) {
                    self.search.handle(edit);
                    self.top = 0;
                }
            }
        }
        Outcome::stay()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let lines = self.lines(state);
        let height = u16::try_from(lines.len() + 4).unwrap_or(u16::MAX);
        let place = pane::centered(area, area.width.min(84), height.max(8));
        frame.render_widget(Clear, place);
        let title = format!("Keys · {}", state.current().title);
        let inner = pane::boxed(state, frame, place, &title, true);
        let dim = state.theme.style(Role::Dim);
        let mut rows = inner.rows();
        if let Some(row) = rows.next() {
            let typed = text::escape_controls(self.search.value()).into_owned();
            let line = if typed.is_empty() {
                Line::styled("type to search · up and down scroll · esc closes", dim)
            } else {
                Line::from(vec![
                    Span::styled("search ", dim),
                    Span::styled(typed, state.theme.style(Role::Accent)),
                ])
            };
            frame.render_widget(line, row);
        }
        if lines.is_empty()
            && let Some(row) = rows.next()
        {
            frame.render_widget(Line::styled("no key does that here", dim), row);
        }
        for (row, (is_heading, line)) in rows.zip(lines.into_iter().skip(self.top)) {
            let style = if is_heading {
                state.theme.heading()
            } else {
                ratatui::style::Style::new()
            };
            frame.render_widget(Line::styled(line, style), row);
        }
    }
}
