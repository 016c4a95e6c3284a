//! An office for tests: a sample city of its own, its processes started and ended by their ids, and
//! the people who act in it. Everything runs as built; only clients that have to misbehave are made
//! here.

mod alike;
pub mod answers;
pub mod authenticator;
pub mod away;
pub mod browser;
pub mod built;
pub mod captured;
mod city;
pub mod clients;
pub mod desk;
pub mod foreign;
pub mod forged_log;
pub mod gate;
pub mod invariants;
// The same functions as cargo fuzz calls.
#[path = "../../fuzz/src/lib.rs"]
pub mod judged;
pub mod load;
pub mod machines;
pub mod matrix;
pub mod mutations;
pub mod people;
pub mod postgres;
pub mod processes;
pub mod running;
pub mod spelling;
pub mod vectors;
pub mod web;

pub use built::{binary, now, random, target, workspace, write_passphrase};
pub use people::{Officer, Official};
pub use processes::Office;
pub use running::Running;
