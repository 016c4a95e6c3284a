//! Systems that get certificates by themselves: their process, what stands for the net around it,
//! and a client that does what no client of others would.

pub mod client;
pub mod names;
pub mod site;

pub use client::{AcmeClient, Told};
pub use names::Names;
pub use site::{Secret, Site};
