//! `ra-portal`: faces people, and systems. It carries what they and the CA say to each other, and
//! tells them what happens next.
//!
//! It can never reach a signing key, decide, or make the CA believe an approval that nobody gave:
//! it holds three TLS keys, one a process, and the CA verifies everything itself. In reading order:
//! [`config`], [`middleware`] (what every request passes), [`public`], [`staff`], [`machines`],
//! [`events`], `notes` (what owners of systems read), [`command`].

// A text that no page uses any more does not compile.
#![deny(dead_code)]

pub mod checked_paths;
pub mod command;
pub mod config;
pub mod events;
mod listener;
pub mod machines;
mod message;
pub mod middleware;
mod notes;
mod own_host;
pub(crate) mod pages;
pub mod public;
pub mod published_bundle;
mod refusal;
pub mod rosters;
pub mod route;
#[cfg(test)]
mod samples;
pub mod staff;
mod staff_certificate;
pub mod state;

pub use config::PortalConfig;
pub use route::PortalRoute;

use store::Migrations;

/// Twin migrations; a test keeps the folders alike.
pub const MIGRATIONS: Migrations = &[
    (
        1,
        "first",
        include_str!("../migrations/sqlite/0001_first.sql"),
        include_str!("../migrations/postgres/0001_first.sql"),
    ),
    (
        2,
        "machines",
        include_str!("../migrations/sqlite/0002_machines.sql"),
        include_str!("../migrations/postgres/0002_machines.sql"),
    ),
    (
        3,
        "troubles",
        include_str!("../migrations/sqlite/0003_troubles.sql"),
        include_str!("../migrations/postgres/0003_troubles.sql"),
    ),
    (
        4,
        "scep",
        include_str!("../migrations/sqlite/0004_scep.sql"),
        include_str!("../migrations/postgres/0004_scep.sql"),
    ),
];

/// Every route of both hosts; a test prints them as the matrix.
pub fn routes() -> impl Iterator<Item = &'static PortalRoute> {
    public::ROUTES.iter().chain(&staff::ROUTES)
}
