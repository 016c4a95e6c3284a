//! `agent`: stands in front of an application: authenticates by mTLS, authorizes by rule, records,
//! then forwards.
//!
//! It can never let a request through that it could not record, nor trust a list, snapshot or rule
//! that it has not verified itself, or that is too old. In reading order: [`config`], [`world`]
//! (what is in force), [`spool`] (what is durable), [`sessions`] and [`ship`] (what the log has),
//! `witness` (whether the log has a certificate), [`gate`] (what a request goes through), [`token`]
//! (what the application learns), [`command`].

pub mod command;
pub mod config;
mod fixed;
pub mod gate;
mod self_test;
pub mod sessions;
pub mod ship;
pub mod spool;
pub mod token;
mod witness;
pub mod world;

pub use config::AgentConfig;

pub(crate) use system::file::replace_private as write_file;
pub(crate) use system::random::bytes as random;
