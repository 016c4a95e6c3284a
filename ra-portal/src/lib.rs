//! `ra-portal`: faces people. It carries what a person and the CA say to each other, and tells
//! people what happens next.
//!
//! It can never reach a signing key, decide, or make the CA believe an approval that nobody gave:
//! it holds two TLS keys, one a process, and the CA verifies everything itself. In reading order:
//! [`config`], [`edge`] (what every request passes), [`public`], [`staff`], [`events`],
//! [`command`].

// A text that no page uses any more does not compile.
#![deny(dead_code)]

pub mod command;
pub mod config;
pub mod edge;
pub mod events;
pub(crate) mod pages;
pub mod public;
#[cfg(test)]
mod samples;
pub mod staff;

pub use config::PortalConfig;

use store::Migrations;

/// Twin migrations; a test keeps the folders alike.
pub const MIGRATIONS: Migrations = &[(
    1,
    "first",
    include_str!("../migrations/sqlite/0001_first.sql"),
    include_str!("../migrations/postgres/0001_first.sql"),
)];

/// One line of the authorization matrix.
#[derive(Clone, Copy, Debug)]
pub struct PortalRoute {
    /// `public` or `staff`.
    pub host: &'static str,
    /// Path; every route is a POST of JSON.
    pub path: &'static str,
    /// What it does, as its events say it.
    pub act: &'static str,
    /// Who may: `letter` for holders of a letter's look-up key, otherwise roles; the CA decides.
    pub who: &'static [&'static str],
}

/// Every route of both hosts; a test prints them as the matrix.
pub fn routes() -> impl Iterator<Item = &'static PortalRoute> {
    public::ROUTES.iter().chain(&staff::ROUTES)
}
