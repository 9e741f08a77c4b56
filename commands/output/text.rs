//! Text from elsewhere made safe to show. The dashboard needs the same, so it is written there.

pub(crate) use tui::text::{
    escape_controls, escape_controls_but_lines, escape_json, truncate, width_of,
};
