//! The host that systems ask: certificates by ACME (RFC 8555), by EST (`est`), by SCEP (`scep`) and
//! by CMP (`cmp`). In the order in which a request of ACME meets them: `signed` (who signed it),
//! `nonces`, `route` (a file an endpoint), `table` (what is kept), `writes` (one commit for many),
//! `jobs` (what goes on behind an answer), `carried` (what of it this process does), `looks` and
//! `validate` (whether a challenge is answered), `second` and `validator` (the same, asked from
//! elsewhere), `zones` (CAA of what nobody looks at), `troubles` (what owners read of all that);
//! `open_names` bounds what becomes no certificate, `strangers` and `fair_places` whom nobody knows
//! yet.
//!
//! Nothing here issues or decides: the CA verifies again what each client signed, and judges it by
//! the standing authorization. Who captures this process can say that a challenge was answered
//! which was not, or that a certificate was shown which was not, within what that authorization
//! names, and no more.

mod answer;
mod carried;
mod certs_only;
mod cmp;
mod est;
mod fair_places;
mod jobs;
mod look_question;
mod look_settings;
mod looks;
mod network;
mod nonce_shares;
mod nonces;
mod open_names;
mod profiles;
mod ra_keys;
mod route;
#[cfg(test)]
mod samples;
mod scep;
mod second;
mod serve;
mod signed;
mod state;
mod strangers;
mod table;
mod told;
mod troubles;
mod validate;
mod validator;
mod validator_list;
mod view;
mod watched;
mod worded_refusal;
mod writes;
mod zones;

pub(crate) use serve::serve;
pub(crate) use validator::serve as serve_validator;

/// Every path of ACME.
pub const PATHS: [&str; 14] = route::PATHS;
