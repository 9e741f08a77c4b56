//! The `gantry` binary: a RocketMQ cluster, its command line and its dashboard.
//!
//! Start reading at `cli.rs`; each command is a file (or a folder) of its name.

#![forbid(unsafe_code)]

mod audit;
mod bench;
mod broker;
mod cli;
mod client_cmd;
mod cluster_cmd;
mod completion;
mod condition;
mod config;
mod config_cmd;
mod consume;
mod context;
mod context_cmd;
mod demo;
mod down;
mod error;
mod events;
mod explain;
mod globals;
mod group;
mod help;
mod local;
mod logging;
mod logs;
mod message;
mod message_item;
mod namesrv;
mod output;
mod overview;
mod peek;
mod prompt;
mod properties;
mod reading;
mod run_command;
mod send;
mod session;
mod signals;
mod start;
mod status;
mod store_cmd;
mod suggest;
mod tail;
mod terminal;
mod top;
mod topic;
mod up;
mod util;
mod version;
mod wait;
mod watching;

fn main() -> std::process::ExitCode {
    cli::main()
}
