//! Clusters that run on this machine: the files that say so, and the sockets they listen on.
//!
//! Nothing here starts or stops anything by itself. Invariant: a run file is believed only if the
//! process with that pid started at the noted time; whether it works is what the control socket says.

pub(crate) mod control;
pub(crate) mod process;
pub(crate) mod run_file;
pub(crate) mod state_dir;

pub(crate) use state_dir::StateDir;
