//! The `gantry` binary: a RocketMQ cluster, its command line and its dashboard.
//!
//! Start reading at `cli.rs`; each command is a file (or a folder) of its name.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the commands that need a server use the rest of the frame"
    )
)]

mod cli;
mod completion;
mod config;
mod config_cmd;
mod context;
mod context_cmd;
mod error;
mod explain;
mod globals;
mod help;
mod local;
mod logging;
mod output;
mod overview;
mod prompt;
mod properties;
mod signals;
mod start;
mod suggest;
mod terminal;
mod util;
mod version;

fn main() -> std::process::ExitCode {
    cli::main()
}
