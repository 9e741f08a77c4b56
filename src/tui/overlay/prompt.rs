//! A line of text at the bottom: filters and names. What is typed acts at once.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::{Input, InputRequest};

use super::{Outcome, Overlay};
use crate::effect::Effect;
use crate::key::Key;
use crate::state::State;
use crate::text;
use crate::theme::Role;

/// The longest text that can be typed, in characters.
pub const TEXT_MAX: usize = 1_000;

/// A line that is being typed.
#[derive(Debug)]
pub struct Prompt {
    label: &'static str,
    hint: &'static str,
    input: Input,
    before: String,
    change: fn(&mut State, &str),
    done: fn(&mut State, &str) -> Vec<Effect>,
}

impl Prompt {
    /// A prompt that begins with a text. `change` is called for every state of the text, with the one
    /// from before when it is given up; `done` at Enter.
    #[must_use]
    pub fn new(
        label: &'static str,
        hint: &'static str,
        text: &str,
        change: fn(&mut State, &str),
        done: fn(&mut State, &str) -> Vec<Effect>,
    ) -> Self {
        Self {
            label,
            hint,
            input: Input::new(text.to_owned()),
            before: text.to_owned(),
            change,
            done,
        }
    }
}

/// What a key does to a line of text, as in a shell; `None` if nothing.
pub(crate) fn edit_of(key: Key) -> Option<InputRequest> {
    if let Some(c) = key.typed() {
        return Some(InputRequest::InsertChar(c));
    }
    Some(match (key.code, key.ctrl, key.alt) {
        (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, _) => {
            InputRequest::DeletePrevChar
        }
        (KeyCode::Backspace, ..) | (KeyCode::Char('w'), true, _) => InputRequest::DeletePrevWord,
        (KeyCode::Delete, ..) => InputRequest::DeleteNextChar,
        (KeyCode::Left, false, _) | (KeyCode::Char('b'), true, _) => InputRequest::GoToPrevChar,
        (KeyCode::Right, false, _) | (KeyCode::Char('f'), true, _) => InputRequest::GoToNextChar,
        (KeyCode::Left, true, _) | (KeyCode::Char('b'), _, true) => InputRequest::GoToPrevWord,
        (KeyCode::Right, true, _) | (KeyCode::Char('f'), _, true) => InputRequest::GoToNextWord,
        (KeyCode::Home, ..) | (KeyCode::Char('a'), true, _) => InputRequest::GoToStart,
        (KeyCode::End, ..) | (KeyCode::Char('e'), true, _) => InputRequest::GoToEnd,
        (KeyCode::Char('u'), true, _) => InputRequest::DeleteLine,
        (KeyCode::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}

impl Overlay for Prompt {
    fn key(&mut self, key: Key, state: &mut State) -> Outcome {
        match key.code {
            KeyCode::Esc => {
                (self.change)(state, &self.before);
                return Outcome::close();
            }
            KeyCode::Char('c') if key.ctrl => {
                (self.change)(state, &self.before);
                return Outcome::close();
            }
            KeyCode::Enter => return Outcome::close_with((self.done)(state, self.input.value())),
            _ => {}
        }
        let is_full = self.input.value().chars().count() >= TEXT_MAX;
        if let Some(edit) = edit_of(key)
            && !(is_full && key.typed().is_some())
        {
            self.input.handle(edit);
            (self.change)(state, self.input.value());
        }
        Outcome::stay()
    }

    fn paste(&mut self, pasted: &str, state: &mut State) -> Outcome {
        let room = TEXT_MAX.saturating_sub(self.input.value().chars().count());
        for c in pasted.chars().filter(|c| !c.is_control()).take(room) {
            self.input.handle(InputRequest::InsertChar(c));
        }
        (self.change)(state, self.input.value());
        Outcome::stay()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let Some(bottom) = area.rows().next_back() else {
            return;
        };
        let label_width = text::width_of(self.label);
        let room = usize::from(bottom.width).saturating_sub(label_width + 1);
        let scroll = self.input.visual_scroll(room);
        let shown = text::escape_controls(self.input.value());
        let shown: String = shown.chars().skip(scroll).collect();
        let mut spans = vec![
            Span::styled(self.label, state.theme.style(Role::Accent)),
            Span::raw(shown.clone()),
        ];
        if self.input.value().is_empty() {
            spans.push(Span::styled(
                format!("  {}", self.hint),
                state.theme.style(Role::Dim),
            ));
        }
        frame.render_widget(ratatui::widgets::Clear, bottom);
        frame.render_widget(Line::from(spans), bottom);
        let at = label_width + self.input.visual_cursor().saturating_sub(scroll);
        let x = bottom
            .x
            .saturating_add(u16::try_from(at).unwrap_or(u16::MAX));
        frame.set_cursor_position(Position::new(
            x.min(bottom.right().saturating_sub(1)),
            bottom.y,
        ));
    }
}
