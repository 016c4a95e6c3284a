//! Signers: private keys in encrypted PKCS#8 files, later PKCS#11 and SM2 as further signers.
//!
//! Never overwrites a key file, never keeps a passphrase, never prints a key. Standards: RFC 5958,
//! RFC 8018 (PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, which OpenSSL, Java and Windows read).

mod file;
mod jws;
mod pkcs12;
mod proof;
mod request;
mod software;

pub use file::{KeyFileError, Stretch, open, open_plain, passphrase_from_file, save, save_plain};
pub use jws::TokenKey;
pub use pkcs12::{HolderFile, is_pkcs12, open_bundle};
pub use proof::ProofKey;
pub use request::{request, request_for};
pub use software::{KeyRejected, SoftwareSigner};
