//! What a CA host is: its configuration, keys of its services, printed letters, published files,
//! the operators' socket. It knows no SQL and decides nothing.
//!
//! In reading order: [`config`], [`mod@trust`], [`mod@clock_guard`], [`mod@proven_time`],
//! [`durable`], [`prepare`], [`service_keys`], [`services`], [`operator`], [`letter_print`],
//! [`message_codes`], [`lists`], [`published`], [`listener`], [`confirmed`],
//! [`handed_people`], [`gates_ahead`], [`role_place`], [`mod@weak_keys`].

pub mod clock_guard;
pub mod config;
pub mod confirmed;
pub mod durable;
mod entity_tag;
pub mod gates_ahead;
pub mod handed_people;
pub mod letter_print;
pub mod listener;
pub mod lists;
pub mod message_codes;
pub mod operator;
pub mod prepare;
pub mod proven_time;
pub mod published;
pub mod random;
pub mod role_place;
pub mod service_keys;
pub mod services;
pub mod trust;
pub mod weak_keys;

pub use config::CaConfig;
pub use proven_time::ProvenTime;
pub use role_place::RolePlace;
pub use trust::{ISSUER, LOGS, trust};
pub use weak_keys::weak_keys;
