//! A chart of one filled and one dotted series over time, drawn with eighths of a cell.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::format;
use crate::state::State;
use crate::text;
use crate::theme::{Role, bar_glyph};

/// Columns for the figures of the vertical axis, the axis included.
const AXIS: u16 = 6;

/// Two series of the same length, oldest first.
pub(crate) struct Chart<'a> {
    /// Drawn as an area.
    pub(crate) filled: &'a [Option<f64>],
    /// Drawn as dots.
    pub(crate) dotted: &'a [Option<f64>],
    /// What the horizontal axis spans, in ms.
    pub(crate) span_ms: i64,
    /// The style of all of it when the data is old.
    pub(crate) base: Style,
}

/// How many points fit into an area.
pub(crate) fn points_in(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(AXIS))
}

/// Draws it; the last row of the area is the horizontal axis.
pub(crate) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect, chart: &Chart<'_>) {
    if area.height < 3 || area.width < AXIS + 8 {
        return;
    }
    let values = chart.filled.iter().chain(chart.dotted).flatten();
    let top = round_up(values.copied().fold(0.0, f64::max));
    let rows = area.height - 1;
    let plot = Rect {
        x: area.x + AXIS,
        width: area.width - AXIS,
        height: rows,
        ..area
    };
    axes(state, frame, area, top, chart.span_ms);
    let buffer = frame.buffer_mut();
    let filled_style = state.theme.style(Role::Accent).patch(chart.base);
    let dotted_style = state.theme.style(Role::Warn).patch(chart.base);
    for (x, value) in (plot.x..plot.right()).zip(chart.filled) {
        let Some(value) = value else { continue };
        let mut left = eighths(*value, top, rows);
        for y in plot.rows().rev().map(|row| row.y) {
            if left == 0 {
                break;
            }
            let step = u8::try_from(left.min(8)).unwrap_or(8);
            buffer.set_string(x, y, bar_glyph(step - 1), filled_style);
            left -= u32::from(step);
        }
    }
    for (x, value) in (plot.x..plot.right()).zip(chart.dotted) {
        let Some(value) = value else { continue };
        let up = u16::try_from(eighths(*value, top, rows).saturating_sub(1) / 8).unwrap_or(0);
        let y = plot.bottom().saturating_sub(1 + up.min(rows - 1));
        buffer.set_string(x, y, "•", dotted_style);
    }
}

/// The figures and lines around the plot.
fn axes(state: &State, frame: &mut Frame<'_>, area: Rect, top: f64, span_ms: i64) {
    let dim = state.theme.style(Role::Dim);
    let buffer = frame.buffer_mut();
    let rows = area.height - 1;
    for y in 0..rows {
        let label = match y {
            0 => format::short(top),
            y if y == rows / 2 && rows >= 5 => format::short(top / 2.0),
            _ => String::new(),
        };
        let label = text::fit_right(&label, usize::from(AXIS) - 1);
        buffer.set_string(area.x, area.y + y, format!("{label}┤"), dim);
    }
    let bottom = area.bottom() - 1;
    let from = format!("-{}", format::span(span_ms));
    let to = if state.timeline.is_frozen() {
        format::time_of_day(state.shown_ms(), &state.zone)
    } else {
        "now".to_owned()
    };
    let width = usize::from(area.width - AXIS);
    let gap = width.saturating_sub(text::width_of(&from) + text::width_of(&to));
    buffer.set_string(
        area.x,
        bottom,
        text::fit_right("0", usize::from(AXIS) - 1),
        dim,
    );
    let line = format!("{from}{}{to}", " ".repeat(gap));
    buffer.set_stringn(area.x + AXIS, bottom, line, width, dim);
}

/// How high a value is, in eighths of a row; what is more than nothing is at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the rows of a screen"
)]
fn eighths(value: f64, top: f64, rows: u16) -> u32 {
    if value <= 0.0 || top <= 0.0 {
        return 0;
    }
    let most = f64::from(rows) * 8.0;
    (value / top * most).ceil().clamp(1.0, most) as u32
}

/// The next number that is 1, 2 or 5 times a power of ten; 1 for nothing.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= value * 0.999)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number() {
        for (value, expected) in [
            (0.0, 1.0),
            (0.7, 1.0),
            (812.0, 1_000.0),
            (1_000.0, 1_000.0),
            (1_300.0, 2_000.0),
            (4_100.0, 5_000.0),
        ] {
            assert!((round_up(value) - expected).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn something_is_never_drawn_as_nothing() {
        assert_eq!(eighths(0.0, 10.0, 4), 0);
        assert_eq!(eighths(0.001, 10.0, 4), 1);
        assert_eq!(eighths(10.0, 10.0, 4), 32);
        assert_eq!(eighths(20.0, 10.0, 4), 32);
    }
}
