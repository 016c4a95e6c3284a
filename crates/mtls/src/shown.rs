//! What a process shows in handshakes, exchanged while it runs: the next handshake shows what is
//! new, and connections that are open stay as they are.

use crate::identity::{Identity, TlsError};
use crate::suites::crypto;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::{Arc, PoisonError, RwLock};

/// The certificate and key that handshakes of a process show, as a server and as a client.
#[derive(Debug)]
pub struct ShownIdentity(RwLock<Arc<CertifiedKey>>);

impl ShownIdentity {
    /// Shows an identity; a chain that belongs to another key is refused.
    pub fn new(identity: Identity) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(certified(identity)?)))
    }

    /// Shows another one from the next handshake on; where it is refused, the one before stays.
    pub fn exchange(&self, identity: Identity) -> Result<(), TlsError> {
        let next = certified(identity)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn now(&self) -> Arc<CertifiedKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn certified(identity: Identity) -> Result<Arc<CertifiedKey>, TlsError> {
    Ok(Arc::new(CertifiedKey::from_der(identity.chain, identity.key, &crypto())?))
}

impl ResolvesServerCert for ShownIdentity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

impl ResolvesClientCert for ShownIdentity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};

    fn made() -> Made<rcgen::KeyPair> {
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
    }

    fn identity(chain: &Made<rcgen::KeyPair>, key: &Made<rcgen::KeyPair>) -> Identity {
        let chain = vec![chain.cert.der().to_vec()];
        Identity::from_der(chain, &key.signing_key.serialize_der()).unwrap()
    }

    /// What belongs together is shown from then on; a chain of another key changes nothing.
    #[test]
    fn what_does_not_belong_together_is_not_shown() {
        let (first, second) = (made(), made());
        let shown = ShownIdentity::new(identity(&first, &first)).unwrap();
        let leaf = || shown.now().cert.first().unwrap().to_vec();
        let under_way = shown.now();
        assert_eq!(leaf(), first.cert.der().to_vec());
        assert!(shown.exchange(identity(&second, &first)).is_err());
        assert_eq!(leaf(), first.cert.der().to_vec());
        shown.exchange(identity(&second, &second)).unwrap();
        assert_eq!(leaf(), second.cert.der().to_vec());
        assert_eq!(under_way.cert.first().unwrap().to_vec(), first.cert.der().to_vec());
        assert!(ShownIdentity::new(identity(&first, &second)).is_err());
    }
}
