//! Access rules: what a bundle says, whether a request is permitted, and why.
//!
//! Pure: no I/O, clock or randomness; the caller brings files, people and the time. Rules are
//! Cedar, validated strictly when a bundle is read; examples beside them run as tests. An error
//! while a rule is evaluated is a denial. In reading order: [`path`], [`bundle`], [`route`],
//! [`people`], [`delegation`], `period`, [`conditions`], [`decide`], [`slice`], [`example`],
//! [`fault`], `nesting`, `schema_size`, [`replay`].

pub mod application;
pub mod bundle;
pub mod conditions;
pub mod decide;
pub mod delegation;
pub mod example;
pub mod fault;
mod nesting;
pub mod path;
pub mod people;
mod period;
pub mod replay;
pub mod route;
mod schema_size;
pub mod slice;

pub use application::{Application, Rule};
pub use bundle::Bundle;
pub use conditions::{Circumstances, DayKind};
pub use decide::{AccessRequest, Answer, Denial};
pub use delegation::{LENT_MAX, LentRole};
pub use example::TestedExample;
pub use fault::{BundleError, Cure};
pub use path::{CanonicalPath, CanonicalPathError};
pub use people::People;
pub use replay::{ReplaySummary, RuleChange, RuleChangeKind, RulesReplay};
pub use route::{Route, is_tunnel_name};
