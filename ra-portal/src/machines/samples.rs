//! What tests of this host begin with: a database without rows, and keys of accounts.

use data_encoding::BASE64URL_NOPAD;
use jose::Jwk;
use rcgen::KeyPair;
use store::Store;
use tempfile::TempDir;

/// The database of a portal, and the folder that it goes with.
pub(crate) async fn database() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("portal.db").display());
    let store = Store::open(&address).await.unwrap();
    store.migrate(crate::MIGRATIONS).await.unwrap();
    (folder, store)
}

/// The key of an account that nobody else has.
pub(crate) fn key() -> Jwk {
    key_of(&KeyPair::generate().unwrap())
}

/// The public key of a pair, as a client of ACME shows it.
pub(crate) fn key_of(pair: &KeyPair) -> Jwk {
    let point = pair.public_key_raw();
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let value = serde_json::json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
    Jwk::read(&value).unwrap()
}
