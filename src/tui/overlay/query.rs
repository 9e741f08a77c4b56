//! The query bar: what is wrong with the text is shown below it while it is typed; the arrows go
//! through the queries before.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use tui_input::{Input, InputRequest};

use super::prompt::{TEXT_MAX, edit_of};
use super::{Outcome, Overlay};
use crate::key::Key;
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::messages::{self, Query};

const LABEL: &str = "/";

const HINT: &str = "TOPIC from -200 | -5m | start | b-1/q3@63801 where EXPR   ↑↓ queries before";

/// The line that is being typed.
#[derive(Debug)]
pub struct QueryBar {
    input: Input,
    /// Which of the queries before is shown, counted from the newest; `None`: what was typed.
    recalled: Option<usize>,
    /// What was typed before another one was shown.
    typed: String,
}

impl QueryBar {
    /// A bar that begins with a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self {
            input: Input::new(text),
            recalled: None,
            typed: String::new(),
        }
    }

    fn recall(&mut self, state: &State, is_older: bool) {
        let history = state.messages.history();
        let next = match (self.recalled, is_older) {
            (None, true) => Some(0),
            (None, false) | (Some(0), false) => None,
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => Some(at - 1),
        };
        if next.is_some_and(|at| at >= history.len()) {
            return;
        }
        if self.recalled.is_none() {
            self.input.value().clone_into(&mut self.typed);
        }
        self.recalled = next;
        let text = next.and_then(|at| history.iter().rev().nth(at));
        self.input = Input::new(text.unwrap_or(&self.typed).clone());
    }
}

impl Overlay for QueryBar {
    fn key(&mut self, key: Key, state: &mut State) -> Outcome {
        match key.code {
            KeyCode::Esc => return Outcome::close(),
            KeyCode::Char('c') if key.ctrl => return Outcome::close(),
            KeyCode::Up => self.recall(state, true),
            KeyCode::Down => self.recall(state, false),
            KeyCode::Enter => match Query::parse(self.input.value()) {
                Ok(query) => {
                    messages::ask(state, query);
                    return Outcome::close();
                }
                // What is wrong stands below the line already.
                Err(_) => return Outcome::stay(),
            },
            _ => {
                let is_full = self.input.value().chars().count() >= TEXT_MAX;
                if let Some(edit) = edit_of(key)
                    && !(is_full && key.typed().is_some())
                {
                    self.input.handle(edit);
                }
            }
        }
        Outcome::stay()
    }

    fn paste(&mut self, pasted: &str, _state: &mut State) -> Outcome {
        let room = TEXT_MAX.saturating_sub(self.input.value().chars().count());
        for c in pasted.chars().filter(|c| !c.is_control()).take(room) {
            self.input.handle(InputRequest::InsertChar(c));
        }
        Outcome::stay()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        if area.height < 2 {
            return;
        }
        let row = |y: u16| Rect {
            y,
            height: 1,
            ..area
        };
        let (line, below) = (row(area.bottom() - 2), row(area.bottom() - 1));
        let room = usize::from(line.width).saturating_sub(text::width_of(LABEL) + 1);
        let scroll = self.input.visual_scroll(room);
        let shown = text::escape_controls(self.input.value());
        let shown: String = shown.chars().skip(scroll).collect();
        frame.render_widget(Clear, line);
        frame.render_widget(Clear, below);
        let accent = state.theme.style(Role::Accent);
        let words = Line::from(vec![Span::styled(LABEL, accent), Span::raw(shown)]);
        frame.render_widget(words, line);
        let note = match Query::parse(self.input.value()) {
            Err(error) if !self.input.value().trim().is_empty() => {
                let before = (text::width_of(LABEL) + error.column).saturating_sub(scroll);
                let message = text::escape_controls(&error.message).into_owned();
                let carets = "^".repeat(error.width.min(room.saturating_sub(before)).max(1));
                let after = before + carets.len() + 1;
                // To the left of the carets if there is no room to their right.
                let words = if after + text::width_of(&message) <= usize::from(below.width) {
                    format!("{}{carets} {message}", " ".repeat(before))
                } else if text::width_of(&message) < before {
                    let blanks = before - text::width_of(&message) - 1;
                    format!("{}{message} {carets}", " ".repeat(blanks))
                } else {
                    message
                };
                Line::styled(words, state.theme.style(Role::Bad))
            }
            _ => Line::styled(HINT, state.theme.style(Role::Dim)),
        };
        frame.render_widget(note, below);
        let at = text::width_of(LABEL) + self.input.visual_cursor().saturating_sub(scroll);
        let x = line.x.saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
        let x = x.min(line.right().saturating_sub(1));
        frame.set_cursor_position(Position::new(x, line.y));
    }
}
