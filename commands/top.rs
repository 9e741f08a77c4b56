//! `gantry top`: the dashboard. Thin: finds the cluster, builds what the dashboard needs, runs it.

mod choices;
mod local;

use std::sync::Arc;
use std::time::Duration;

use client::snapshot::Observer;
use tui::{Depth, Keymap, Options, Theme, ThemeName, TuiError, ViewId};

use crate::config::profile::Risk;
use crate::context::{Context, Target};
use crate::error::{CommandError, codes};
use crate::local::RunFile;
use crate::session::{self, Session};
pub(crate) use choices::{PresetChoice, ThemeChoice, ViewChoice};
use local::LocalCluster;

/// Watch a cluster live: the dashboard
#[derive(Debug, Clone, Default, clap::Args)]
#[command(
    visible_aliases = ["dashboard", "ui"],
    after_long_help = "Press ? for the keys. Colours and keys can be set for good in the settings file:
  [top]
  theme = \"light\"
  preset = \"emacs\"
  [top.keys]
  quit = [\"ctrl-q\"]

Examples:
  gantry top
  gantry top --view topics --refresh 5s
  gantry top --print-keys"
)]
pub(crate) struct Args {
    /// The view to begin with
    #[arg(long, value_enum, value_name = "VIEW")]
    view: Option<ViewChoice>,

    #[command(flatten)]
    look: Look,

    /// Print all keys as the settings file has them
    #[arg(long)]
    print_keys: bool,
}

/// How the dashboard looks and feels; each can be set in the settings file too.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Look {
    /// The colours
    #[arg(long, value_enum, value_name = "THEME", hide_short_help = true)]
    theme: Option<ThemeChoice>,

    /// Whose habits the keys follow
    #[arg(long, value_enum, value_name = "PRESET", hide_short_help = true)]
    preset: Option<PresetChoice>,

    /// How often the cluster is read
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    refresh: Option<Duration>,

    /// Drawings a second, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60), hide_short_help = true)]
    fps: Option<u32>,

    /// Lines and blocks of ASCII characters alone
    #[arg(long, hide_short_help = true)]
    ascii: bool,

    /// Numbers in place of glyphs
    #[arg(long, hide_short_help = true)]
    numbers: bool,
}

/// The cluster is read no more often than this: a reading is several requests.
const REFRESH_MIN: Duration = Duration::from_millis(100);

/// Shows the dashboard until the user leaves, or prints the keys.
pub(crate) async fn run(ctx: &Context, args: &Args) -> Result<(), CommandError> {
    if args.print_keys {
        return ctx.out.text(&keymap(ctx, &args.look)?.print());
    }
    check_terminal(ctx)?;
    let session = session::connect(ctx).await?;
    let target = session.target().clone();
    let running = ctx.state.running();
    let run_file = running.into_iter().find(|run| is_of(run, &target));
    let shown = show(ctx, args, &session, run_file).await;
    session.close().await;
    shown
}

/// Whether a local cluster is the one that is meant: it has its name, or its name servers.
fn is_of(run_file: &RunFile, target: &Target) -> bool {
    run_file.namesrv == target.namesrv || target.context.as_deref() == Some(&run_file.name)
}

/// The dashboard of a cluster that this process runs itself.
pub(crate) async fn show_own(
    ctx: &Context,
    look: &Look,
    run_file: &RunFile,
) -> Result<(), CommandError> {
    let args = Args {
        look: look.clone(),
        ..Args::default()
    };
    let session = session::connect_to_own(ctx, run_file.namesrv.clone())?;
    let shown = show(ctx, &args, &session, Some(run_file.clone())).await;
    session.close().await;
    shown
}

/// Fails without a terminal to draw on and to be asked from.
pub(crate) fn check_terminal(ctx: &Context) -> Result<(), CommandError> {
    if ctx.out.options().stdout.is_terminal && crate::terminal::stdin_is_terminal() {
        return Ok(());
    }
    let text = "the dashboard needs a terminal: standard input and output must be one";
    Err(CommandError::new(&codes::PRECONDITION, text)
        .next("gantry broker list")
        .next("gantry group list"))
}

async fn show(
    ctx: &Context,
    args: &Args,
    session: &Session,
    run_file: Option<RunFile>,
) -> Result<(), CommandError> {
    let look = &args.look;
    let target = dashboard_target(session.target(), run_file.as_ref());
    let local =
        run_file.map(|run_file| Arc::new(LocalCluster::new(run_file)) as Arc<dyn tui::Local>);
    let refresh = look
        .refresh
        .unwrap_or_else(|| ctx.config.duration("top.refresh"));
    let fps = ctx.config.get("top.fps").value.parse().unwrap_or(30);
    let preset = look.preset.or_else(|| ctx.config.word("top.preset"));
    let options = Options {
        source: Arc::new(Observer::new(session.client().clone())),
        clock: ctx.clock.clone(),
        local,
        target,
        theme: theme(ctx, look),
        preset: preset.unwrap_or_default().into(),
        keys: ctx.config.top_keys(),
        refresh: refresh.max(REFRESH_MIN),
        fps: look.fps.unwrap_or(fps),
        view: args.view.map_or(ViewId::Cluster, ViewId::from),
        is_numeric: look.numbers || ctx.config.switch("top.numbers"),
        has_mouse: false,
        crash_folder: Some(ctx.state.root().join("crash")),
    };
    match tui::run(options).await {
        Ok(tui::Exit::Quit) => Ok(()),
        Err(error) => Err(describe(&error)),
    }
}

fn describe(error: &TuiError) -> CommandError {
    let text = error.to_string();
    match error {
        TuiError::Keys(_) => {
            CommandError::new(&codes::CONFIG_INVALID, text).next("gantry top --print-keys")
        }
        TuiError::Terminal(_) => CommandError::new(&codes::LOCAL_RESOURCE, text),
        _ => CommandError::new(&codes::FAILED, text),
    }
}

fn keymap(ctx: &Context, look: &Look) -> Result<Keymap, CommandError> {
    let preset = look.preset.or_else(|| ctx.config.word("top.preset"));
    let preset = preset.unwrap_or_default().into();
    Keymap::new(preset, &ctx.config.top_keys()).map_err(|error| describe(&TuiError::Keys(error)))
}

fn dashboard_target(target: &Target, run_file: Option<&RunFile>) -> tui::Target {
    let local = run_file.map(|run_file| &run_file.name);
    let known = target.context.as_ref().or(local);
    let flags = match known {
        Some(context) => format!("--context {context}"),
        None => format!("--namesrv '{}'", target.namesrv_text()),
    };
    let name = known.cloned().unwrap_or_else(|| target.namesrv_text());
    tui::Target {
        name,
        namesrv: target.namesrv.clone(),
        risk: match target.risk {
            Risk::Dev => tui::Risk::Dev,
            Risk::Staging => tui::Risk::Staging,
            Risk::Prod => tui::Risk::Prod,
        },
        is_read_only: target.read_only,
        is_ephemeral: run_file.is_some_and(|run_file| run_file.ephemeral),
        flags,
        is_local: run_file.is_some(),
    }
}

/// The theme that is asked for; without colours if there shall be none, unless it was named in this
/// very call.
fn theme(ctx: &Context, look: &Look) -> Theme {
    let environment = ctx.config.environment();
    let is_colored = ctx.out.options().stdout.palette.is_colored();
    let configured = ctx.config.word::<ThemeChoice>("top.theme");
    let name = match (look.theme, configured) {
        (Some(told), _) => told.name(environment),
        (None, _) if !is_colored => ThemeName::Mono,
        (None, configured) => configured.unwrap_or_default().name(environment),
    };
    let term = environment.get("TERM").unwrap_or_default();
    let depth = match environment.get("COLORTERM") {
        Some("truecolor" | "24bit") => Depth::True,
        _ if term.contains("256color") => Depth::Indexed,
        _ => Depth::Ansi,
    };
    Theme {
        name,
        depth,
        is_ascii: look.ascii || ctx.config.switch("top.ascii"),
    }
}

#[cfg(test)]
mod tests;
