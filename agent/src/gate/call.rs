//! Call mode: an application that lets people in by itself asks its gate about them: is this
//! certificate good, is this signature of its key, may this person do this on that. Answers come
//! from what decides about requests, and are recorded before they are told.
//!
//! In reading order: [`question`], [`answer`], [`token`], [`listen`], [`socket`].

mod answer;
mod listen;
mod question;
mod socket;
mod token;

pub use listen::{CallListener, listen};
pub use token::CallToken;
