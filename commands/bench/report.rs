//! What the reports of all measurements have in common.

use super::usage::ServerUsage;
use crate::error::CommandError;
use crate::output::Cell;
use crate::output::page::Page;
use crate::output::units;
use crate::signals::Stop;

/// What the server used, where the system tells.
pub(super) fn server_fields(page: &mut Page, server: Option<&ServerUsage>) {
    let Some(server) = server else {
        page.field("server", Cell::text("unknown process: name it with --pid"));
        return;
    };
    let cpu = match server.cpu_s_per_million {
        Some(cpu_s) => format!("{cpu_s:.2} CPU s for a million messages, "),
        None => format!("{:.2} CPU s, ", server.cpu_s),
    };
    let memory = format!(
        "{} in memory ({} without files), {} threads",
        units::bytes(server.rss_bytes),
        units::bytes(server.rss_anon_bytes),
        server.threads
    );
    page.field("server", Cell::text(cpu + &memory));
}

/// What the load used. One that fills its threads measures itself.
pub(super) fn load_field(
    page: &mut Page,
    per_million: Option<f64>,
    cpu_s: Option<f64>,
    seconds: f64,
) {
    if let (Some(per_million), Some(cpu_s)) = (per_million, cpu_s)
        && seconds > 0.0
    {
        let busy = cpu_s / seconds * 100.0;
        page.field(
            "this side",
            Cell::text(format!(
                "{per_million:.2} CPU s for a million messages, {busy:.0} % of a core"
            )),
        );
    }
}

/// How a measurement ends after its report: with a signal's code, with what was wrong, or well.
pub(super) async fn ended(
    mut stop: Stop,
    problem: Option<CommandError>,
) -> Result<(), CommandError> {
    if stop.is_requested() {
        return Err(CommandError::signal(stop.requested().await));
    }
    problem.map_or(Ok(()), Err)
}
