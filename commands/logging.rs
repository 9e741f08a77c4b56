//! Logs to stderr, when `-v` or `GANTRY_LOG` asks for them.

use std::io;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::environment::Environment;
use crate::output::Output;

/// What our own crates' log targets begin with; other libraries stay silent unless asked for by name.
const OUR_TARGETS: &str = "gantry";

/// Sets up logging for the process. Without a wish there is none.
pub(crate) fn init(out: &Output, verbosity: u8, environment: &Environment) {
    let Some(targets) = targets(verbosity, environment.get("GANTRY_LOG")) else {
        return;
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(LogLines(out.clone()))
        .with_ansi(out.options().stderr.palette.is_colored())
        .log_internal_errors(false)
        .with_filter(targets);
    // A second call (tests in one process) keeps the first one's choice.
    drop(tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(layer),
    ));
}

/// `GANTRY_LOG` says it by target; `-v` by level for all of ours.
fn targets(verbosity: u8, directives: Option<&str>) -> Option<Targets> {
    if let Some(targets) = directives.and_then(|text| text.parse::<Targets>().ok()) {
        return Some(targets);
    }
    let level = match verbosity {
        0 => return None,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    Some(Targets::new().with_target(OUR_TARGETS, level))
}

/// Writes log lines beside a progress bar, not through it.
#[derive(Debug, Clone)]
struct LogLines(Output);

impl io::Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.log_lines(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbosity_speaks_of_our_crates_and_the_variable_of_any() {
        assert!(targets(0, None).is_none());
        let info = targets(1, None).unwrap();
        assert!(info.would_enable("gantry_broker::pull", &tracing::Level::INFO));
        assert!(!info.would_enable("gantry_broker", &tracing::Level::DEBUG));
        assert!(!info.would_enable("mio", &tracing::Level::ERROR));
        let named = targets(0, Some("gantry_store=trace")).unwrap();
        assert!(named.would_enable("gantry_store", &tracing::Level::TRACE));
        assert!(!named.would_enable("gantry_broker", &tracing::Level::ERROR));
    }
}
