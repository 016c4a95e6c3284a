//! Systems that get certificates by themselves: their process, what stands for the net around it,
//! and a client that does what no client of others would.

pub mod client;
pub mod cmp;
pub mod device;
pub mod names;
pub mod scep_device;
pub mod site;
pub mod validator_place;

pub use client::{AcmeClient, Told, curl, try_curl};
pub use cmp::CmpDevice;
pub use device::Device;
pub use names::Names;
pub use scep_device::{Posted, ScepDevice};
pub use site::{Secret, Site};
pub use validator_place::{ValidatorPlace, write_validator};
