//! `gantry` without a command: what runs here, and what to do next. Never a wall of help.

use crate::context::Context;
use crate::error::CommandError;
use crate::output::Role;
use crate::output::units::duration_ms;

/// What to try first, with what it does.
const NEXT_STEPS: &[(&str, &str)] = &[
    ("gantry demo", "the whole story in ten seconds"),
    ("gantry up -d", "a local cluster in the background"),
    ("gantry topic list", "what is there"),
    ("gantry help", "all commands"),
    ("gantry explain CODE", "what an error code means"),
];

/// Shows where things stand.
pub(crate) fn run(ctx: &Context) -> Result<(), CommandError> {
    let palette = ctx.out.options().stdout.palette;
    let mut text = format!(
        "{}\n\n",
        palette.paint(Role::Heading, concat!("gantry ", env!("CARGO_PKG_VERSION")))
    );
    let now_ms = ctx.clock.now_ms();
    let running = ctx.state.running();
    if running.is_empty() {
        text.push_str("  no local cluster is running\n");
    }
    for run_file in &running {
        let count = run_file.brokers.len();
        let brokers = if count == 1 {
            "1 broker"
        } else {
            &format!("{count} brokers")
        };
        text.push_str(&format!(
            "  local cluster {} ({brokers}) at {}, up {}\n",
            palette.paint(Role::Accent, &run_file.name),
            run_file.namesrv.join(";"),
            duration_ms(now_ms - run_file.started_at_ms)
        ));
    }
    match ctx.target() {
        Ok(target) => text.push_str(&format!("  commands speak to {}\n", target.describe())),
        Err(error) => text.push_str(&format!("  {}\n", error.message())),
    }
    text.push_str("\nNext:\n");
    for (command, about) in NEXT_STEPS {
        text.push_str(&format!(
            "  {command:<22}{}\n",
            palette.paint(Role::Dim, about)
        ));
    }
    ctx.out.text(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::tests::TestContext;

    #[test]
    fn it_says_what_runs_where_commands_go_and_what_is_next() {
        let test = TestContext::new(&[], &[]);
        test.run_cluster("default", "127.0.0.1:9876");
        run(&test.ctx).unwrap();
        insta::assert_snapshot!(test.stdout(), @r"
        gantry 0.1.0

          local cluster default (0 brokers) at 127.0.0.1:9876, up 0ms
          commands speak to namesrv 127.0.0.1:9876 (running local cluster default)

        Next:
          gantry demo           the whole story in ten seconds
          gantry up -d          a local cluster in the background
          gantry topic list     what is there
          gantry help           all commands
          gantry explain CODE   what an error code means
        ");
        let lost = TestContext::new(&[], &["-c", "nowhere"]);
        run(&lost.ctx).unwrap();
        assert!(lost.stdout().contains("  context \"nowhere\" not found\n"));
    }
}
