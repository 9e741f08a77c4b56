//! The command line that prints in a shell what the screen shows.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph, Wrap};

use super::{Outcome, Overlay};
use crate::key::Key;
use crate::state::State;
use crate::text;
use crate::theme::Role;
use crate::view::pane;

/// The command line of a view and of what is chosen in it; it has been copied.
#[derive(Debug)]
pub struct CommandLine {
    line: String,
}

impl CommandLine {
    /// Shows this line.
    #[must_use]
    pub fn new(line: String) -> Self {
        Self { line }
    }
}

impl Overlay for CommandLine {
    fn key(&mut self, _key: Key, _state: &mut State) -> Outcome {
        Outcome::close()
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        let width = area.width.min(100);
        let shown = text::escape_controls(&self.line).into_owned();
        let rows = text::width_of(&shown) / usize::from(width.saturating_sub(4).max(1)) + 1;
        let height = u16::try_from(rows + 4).unwrap_or(u16::MAX);
        let place = pane::centered(area, width, height);
        frame.render_widget(Clear, place);
        let inner = pane::boxed(state, frame, place, "The same in a shell", true);
        let words = vec![
            Line::styled(format!("$ {shown}"), state.theme.style(Role::Accent)),
            Line::default(),
            Line::styled(
                "copied, if the terminal allows it · any key closes",
                state.theme.style(Role::Dim),
            ),
        ];
        frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: false }), inner);
    }
}
