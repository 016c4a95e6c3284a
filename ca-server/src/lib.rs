//! `ca-server`: holds the keys and everything that decides; issues, revokes, publishes status,
//! keeps the accountability log.
//!
//! It can never parse HTML, talk to browsers, or issue without evidence that it has itself
//! verified. In reading order: [`founding`] (`init`), [`command`] (what operators type), [`serve`]
//! (one role as its own process, which holds its own keys). The roles are crates of their own
//! beside this one.

pub mod command;
pub mod founding;
mod request_file;
mod rule_files;
pub mod serve;

pub use ca_host::CaConfig;
