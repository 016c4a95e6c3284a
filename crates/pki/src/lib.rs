//! Certificates as values: what comes in is checked once and becomes a type, what goes out is built
//! from our own structures and signed exactly as recorded.
//!
//! Never reads a clock, a file or a socket, never draws randomness, never holds a private key:
//! time, serial numbers and signatures are parameters.
//!
//! In reading order: [`algorithm`] (the one registry of key and signature algorithms),
//! [`weak_key`], [`name`], [`host`], [`mail`], [`pem`] (files of people), [`request`], [`profile`],
//! [`certificate`], [`lint`], [`crl`], [`ocsp`], [`chain`], [`path`], [`pkcs12`], [`est`].
//!
//! Follows RFC 5280, RFC 2986, RFC 5480, RFC 6960, RFC 8410, RFC 7292.

pub mod algorithm;
mod alternative_name;
pub mod certificate;
pub mod chain;
pub mod counted;
pub mod crl;
mod der_fault;
pub mod est;
pub mod extension;
pub mod host;
pub mod key_kind;
pub mod lint;
mod low_s;
pub mod mail;
pub mod name;
pub mod number;
pub mod ocsp;
pub mod oid;
pub mod path;
pub mod pem;
pub mod pkcs12;
pub mod possession;
pub mod profile;
mod raw;
pub mod request;
pub mod serial;
pub mod time;
pub mod weak_key;

pub use algorithm::{PublicKey, Signer};
pub use certificate::Certificate;
pub use profile::CertificateProfile;
pub use raw::{sequence, wrap};
pub use request::CertificationRequest;
pub use serial::SerialNumber;
