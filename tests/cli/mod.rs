//! The command line as its users meet it: a file per command, and `every_command` for all of them.

mod completion;
mod config;
mod context;
mod every_command;
mod explain;
mod help;
mod output;
mod version;
