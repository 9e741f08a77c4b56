//! Bad input: each gets a clear error or a closed connection, and everyone else goes on.

mod damage;
mod limits;
mod network;
mod startup;
mod wounds;
