//! The gate: from a TCP connection to the application and back.
//!
//! A request goes through four values, each made only by the step before: [`request::Checked`] (one
//! reading of its head), [`authorize::Permit`] (a rule said yes), `spool::Recorded` (durable), and
//! what [`forward`] then does. In reading order: [`accept`] (connections), [`connection_context`],
//! [`connection_record`], [`peer`] (whose they are), [`target`], [`head`], [`message`] and
//! [`strict_http1`] (HTTP/1 before the HTTP library), [`http2`] and [`answered_streams`],
//! [`request`], [`authorize`], [`forward`], [`trailers`], [`upstream`], [`upstream_health`] and
//! [`bell`], [`no_answer`], [`ended`], [`request_body`], [`response_body`], [`in_flight`],
//! [`live`], [`cut`] and [`sweep`] (cutting what is no longer permitted), [`page`] (what people
//! read), [`rejection`], [`request_rate`]; [`tunnel`], for what speaks no HTTP; [`call`], for
//! applications that ask; and [`judged`], for whoever tries what is read.

pub mod accept;
mod allowed;
mod answered_streams;
mod authorize;
mod bell;
pub mod call;
mod completion;
mod connection_context;
mod connection_record;
mod cut;
mod ended;
mod failed;
mod fields;
mod forbidden;
mod forward;
mod head;
mod http2;
mod in_flight;
pub mod judged;
mod live;
mod message;
mod no_answer;
mod origins;
mod page;
mod peer;
mod reject;
mod rejection;
mod request;
mod request_body;
mod request_rate;
mod response_body;
mod salts;
mod serve;
mod state;
mod strict_http1;
mod swallow;
mod sweep;
mod target;
mod trailers;
pub mod tunnel;
mod upstream;
mod upstream_health;

pub use allowed::AllowedFields;
pub use peer::ClientTrust;
pub(crate) use peer::profile_of;
pub use reject::tell;
pub(crate) use state::RULES_NOTICE;
pub use state::{Counts, Gate};
pub use sweep::sweep;
pub(crate) use upstream::{HTTP2_PROTOCOL, TlsToUpstream, Upstreams};
pub use upstream_health::look_at_upstreams;
