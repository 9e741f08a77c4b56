//! Clusters that run on this machine: the files that say so, and the sockets they listen on.
//!
//! Commands start clusters; [`host`] makes one known while its process runs it. Invariant: a run file
//! is believed only if the process with that pid started at the noted time; whether it works is what the control socket says.

pub(crate) mod control;
pub(crate) mod host;
pub(crate) mod process;
pub(crate) mod run_file;
pub(crate) mod running;
pub(crate) mod shape;
pub(crate) mod single_node;
mod slots;
pub(crate) mod state_dir;

pub(crate) use run_file::{BrokerEntry, Liveness, RunFile};
pub(crate) use state_dir::StateDir;
