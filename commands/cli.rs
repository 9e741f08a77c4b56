//! The grammar of the command line, and the way from a line to a command and back to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clock::SystemClock;

use crate::config::environment::Environment;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::globals::Globals;
use crate::output::{Format, Output, OutputOptions, Render as _};
use crate::{
    bench, broker, client_cmd, cluster_cmd, completion, config_cmd, consume, context_cmd, demo,
    down, events, explain, group, help, logging, logs, message, namesrv, overview, peek,
    run_command, send, start, status, store_cmd, tail, top, topic, up, util, version, wait,
};

/// RocketMQ in one binary: clusters in a process, messages, administration
#[derive(Debug, Parser)]
#[command(name = "gantry", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    globals: Globals,
}

/// Every command. Its place in the overview is a line of [`overview::GROUPS`].
#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Args),
    Down(down::Args),
    Status(status::Args),
    Logs(logs::Args),
    Top(top::Args),
    #[command(subcommand)]
    Wait(wait::Command),
    Run(run_command::Args),
    Demo(demo::Args),
    Send(send::Args),
    Tail(tail::Args),
    Peek(peek::Args),
    Consume(consume::Args),
    #[command(subcommand)]
    Message(message::Command),
    #[command(subcommand)]
    Bench(bench::Command),
    #[command(subcommand)]
    Topic(topic::Command),
    #[command(subcommand)]
    Group(group::Command),
    #[command(subcommand)]
    Client(client_cmd::Command),
    Events(events::Args),
    #[command(subcommand)]
    Broker(broker::Command),
    #[command(subcommand)]
    Cluster(cluster_cmd::Command),
    #[command(subcommand)]
    Namesrv(namesrv::Command),
    #[command(subcommand)]
    Store(store_cmd::Command),
    #[command(subcommand)]
    Context(context_cmd::Command),
    #[command(subcommand)]
    Config(config_cmd::Command),
    Explain(explain::Args),
    Completion(completion::Args),
    Version(version::Args),
    Help(help::Args),
    #[command(subcommand)]
    Util(util::Command),
}

impl Command {
    /// Whether a settings file that cannot be used stops this command. Those that help to repair it
    /// go on without.
    fn needs_files(&self) -> bool {
        !matches!(
            self,
            Self::Version(_)
                | Self::Help(_)
                | Self::Explain(_)
                | Self::Completion(_)
                | Self::Util(_)
        ) && !matches!(self, Self::Config(config_cmd::Command::Path(_)))
    }
}

/// Runs one command: one line each.
async fn dispatch(ctx: &Context, command: Command) -> Result<(), CommandError> {
    let out = &ctx.out;
    match command {
        Command::Up(args) => up::run(ctx, &args).await,
        Command::Down(args) => down::run(ctx, &args).await?.render(out),
        Command::Status(args) => status::run(ctx, &args).await?.render(out),
        Command::Logs(args) => logs::run(ctx, &args).await,
        Command::Top(args) => top::run(ctx, &args).await,
        Command::Wait(command) => wait::run(ctx, &command).await,
        Command::Run(args) => run_command::run(ctx, &args).await,
        Command::Demo(args) => demo::run(ctx, &args).await,
        Command::Consume(args) => consume::run(ctx, &args).await,
        Command::Message(command) => message::run(ctx, &command).await,
        Command::Bench(command) => bench::run(ctx, &command).await,
        Command::Send(args) => send::run(ctx, &args).await,
        Command::Tail(args) => tail::run(ctx, &args).await,
        Command::Peek(args) => peek::run(ctx, &args).await,
        Command::Topic(command) => topic::run(ctx, &command).await,
        Command::Group(command) => group::run(ctx, &command).await,
        Command::Client(command) => client_cmd::run(ctx, &command).await,
        Command::Events(args) => events::run(ctx, &args).await,
        Command::Broker(command) => broker::run(ctx, &command).await,
        Command::Cluster(command) => cluster_cmd::run(ctx, &command).await,
        Command::Namesrv(command) => namesrv::run(ctx, &command).await,
        Command::Store(command) => store_cmd::run(ctx, &command).await,
        Command::Context(command) => context_cmd::run(ctx, &command),
        Command::Config(command) => config_cmd::run(ctx, &command),
        Command::Explain(args) => explain::run(ctx, &args),
        Command::Completion(args) => completion::run(&args)?.render(out),
        Command::Version(args) => version::run(&args).render(out),
        Command::Help(args) => help::run(ctx, &args)?.render(out),
        Command::Util(command) => util::run(&command)?.render(out),
    }
}

/// The parser with its overview, as users meet it.
pub(crate) fn command() -> clap::Command {
    overview::with_overview(Cli::command())
}

/// The bare parser: names, flags and help texts of every command.
pub(crate) fn grammar() -> clap::Command {
    Cli::command()
}

/// From the process's arguments to its exit code.
pub(crate) fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    match completion::answer_shell(&args) {
        Ok(false) => {}
        // A shell that stops listening while it completes has enough.
        Ok(true) | Err(_) => return ExitCode::SUCCESS,
    }
    let cli = match command()
        .try_get_matches_from(&args)
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &args),
    };
    let needs_files = cli.command.as_ref().is_none_or(Command::needs_files);
    let clock = SystemClock::shared();
    let ctx = match Context::new(
        &cli.globals,
        Environment::of_process(),
        clock.clone(),
        needs_files,
    ) {
        Ok(ctx) => ctx,
        Err(error) => return finish(&Output::new(look_in(&args), clock), &Err(error)),
    };
    logging::init(&ctx.out, cli.globals.verbose, ctx.config.environment());
    finish(&ctx.out, &run(&ctx, cli.command))
}

/// Runs the command on its own runtime, until it is done or a signal ends it.
fn run(ctx: &Context, command: Option<Command>) -> Result<(), CommandError> {
    let Some(command) = command else {
        return start::run(ctx);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CommandError::new(
                &codes::LOCAL_RESOURCE,
                format!("cannot start the runtime: {error}"),
            )
        })?;
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            fatal = ctx.signals.until_fatal() => match fatal {
                Ok(signal) => Err(CommandError::signal(signal)),
                Err(error) => Err(CommandError::new(&codes::LOCAL_RESOURCE, format!("cannot watch signals: {error}"))),
            },
            result = Box::pin(dispatch(ctx, command)) => result,
        }
    });
    // A read of stdin cannot be cut short; do not wait for it.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

/// Reports what went wrong, if anything, and gives the exit code.
fn finish(out: &Output, result: &Result<(), CommandError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out.report(error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// Ends a call whose line could not be parsed, or that asked for help.
fn usage(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let options = look_in(args);
    let clock = SystemClock::shared();
    if !error.use_stderr() {
        let out = Output::new(
            OutputOptions {
                format: Format::Table,
                ..options
            },
            clock,
        );
        return finish(&out, &out.text(&help::styled(&error.render(), &out)));
    }
    let out = Output::new(options, clock);
    if out.options().format.wants_json_errors() {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first);
        let error = CommandError::new(&codes::USAGE, message).detail("usage", text.as_str());
        return finish(&out, &Err(error));
    }
    out.words_of_parser(&error.render());
    ExitCode::from(2)
}

/// The look of the output for a line that cannot be parsed: what can be told without parsing it.
fn look_in(args: &[OsString]) -> OutputOptions {
    let words: Vec<&str> = args
        .iter()
        .skip(1)
        .map_while(|word| word.to_str())
        .collect();
    let globals = Globals {
        output: flag(&words, "-o", "--output")
            .and_then(|word| clap::ValueEnum::from_str(word, false).ok()),
        color: flag(&words, "--color", "--color")
            .and_then(|word| clap::ValueEnum::from_str(word, false).ok()),
        ..Globals::default()
    };
    let environment = Environment::of_process();
    let config = crate::config::Config::without_files(&globals, environment).unwrap_or_default();
    crate::terminal::output_options(&globals, &config).unwrap_or_default()
}

/// The value of a flag in a line that is not parsed: `-o json`, `-ojson`, `--output json`, `--output=json`.
fn flag<'a>(words: &[&'a str], short: &str, long: &str) -> Option<&'a str> {
    words
        .iter()
        .take_while(|&&word| word != "--")
        .enumerate()
        .find_map(|(at, &word)| {
            if word == short || word == long {
                return words.get(at + 1).copied();
            }
            let glued = word
                .strip_prefix(long)
                .and_then(|rest| rest.strip_prefix('='));
            glued.or_else(|| word.strip_prefix(short).filter(|_| !word.starts_with("--")))
        })
}

#[cfg(test)]
mod tests;
