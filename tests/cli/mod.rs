//! The command line as its users meet it: a file per command, and `every_command` for all of them.

mod bench;
mod broker;
mod completion;
mod config;
mod consume;
mod context;
mod every_command;
mod explain;
mod group;
mod group_change;
mod help;
mod live;
mod message;
mod output;
mod send;
mod store;
mod tail;
mod topic;
mod unreachable;
mod version;
mod watching;
