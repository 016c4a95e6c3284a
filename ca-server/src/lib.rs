//! `ca-server`: holds the keys and everything that decides; issues, revokes, publishes status, keeps
//! the accountability log.
//!
//! It can never parse HTML, talk to browsers, or issue without evidence that it has itself verified.
//! In reading order: [`founding`] (`init`), [`issuer`], [`status`], [`log`], [`command`] (what
//! operators type). Each role runs as its own process and holds its own keys.

pub mod command;
pub mod config;
pub mod founding;
pub mod issuer;
pub mod log;
mod peer;
pub mod prepare;
pub mod random;
mod renewal;
mod sheet;
pub mod status;
pub mod store;

pub use config::CaConfig;
