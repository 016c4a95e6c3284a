//! The one accept loop of every service and of the gate.
//!
//! Whoever proves nothing must not be able to keep out those who do: each stage of a connection
//! (place, handshake, head, body, silence) has a limit that the caller states, and nothing waits
//! for a place in a queue. In reading order: [`limits`], `source`, [`places`], [`accept`],
//! [`lanes`], [`activity`], [`http2`], `client_body`, `budget`, `request_place`,
//! `brake_place`, `queued`, [`head`], `bare_refusal`, `frames`, [`site`].

pub mod accept;
pub mod activity;
mod bare_refusal;
mod brake_place;
mod budget;
mod client_body;
mod frames;
pub mod head;
pub mod http2;
pub mod lanes;
pub mod limits;
mod linger;
mod occupancy;
mod pace;
mod paced_stream;
pub mod places;
mod queued;
mod request_place;
mod rung;
pub mod site;
mod source;
mod swallow;
mod taken_back;
mod transport;
mod worded_stream;

#[cfg(test)]
mod tests;

pub use accept::{Accepted, ConnectionRefusal, Endpoint, Handshake, serve, serve_in};
pub use activity::{ActiveRequest, Activity, QueuedRequest, drive};
pub use brake_place::BrakePlace;
pub use client_body::{BrokenBody, ClientBody};
pub use frames::RefusalFields;
pub use head::{HeadLimits, RequestFault};
pub use lanes::Lanes;
pub use limits::Limits;
pub use linger::Linger;
pub use paced_stream::PacedStream;
pub use places::{KeyedPlace, KeyedPlaces, KeyedShare, PeerStanding, Slot};
pub use queued::queued;
pub use site::{Judge, Proof, ProvenAsker, Site};
pub use swallow::swallow;
pub use transport::Transport;
pub use worded_stream::WordedStream;
