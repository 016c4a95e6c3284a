//! A host name beside a listener's own, with a certificate that browsers know: files that any ACME
//! client renews. Whoever asks for another name gets the listener's own certificate.

use crate::identity::{Identity, TlsError};
use crate::peer::without_dot;
use crate::suites::crypto;
use pki::pem::{self, Kind};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The name and its files.
#[derive(Debug)]
pub struct WebHost {
    name: String,
    chain: PathBuf,
    key: PathBuf,
    held: RwLock<CurrentCertificate>,
}

/// What is shown now, and the bytes that it was made from.
#[derive(Debug)]
struct CurrentCertificate {
    certified: Arc<CertifiedKey>,
    chain: Vec<u8>,
}

impl WebHost {
    /// Reads both files: the chain in PEM, leaf first, and its key, which others cannot read.
    pub fn open(name: &str, chain: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let held = RwLock::new(CurrentCertificate::read(&chain, &key)?);
        Ok(Self { name: name.to_owned(), chain, key, held })
    }

    /// The host has this name, by which clients ask for it in SNI.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Looks whether the files were renewed, and shows the new ones from now on; says whether they
    /// were. While they do not fit together, as in the middle of a renewal, the old ones stay.
    pub fn look(&self) -> Result<bool, TlsError> {
        let found =
            system::file::read_given(&self.chain).map_err(|error| wrong(&self.chain, error))?;
        if found == self.held.read().unwrap_or_else(PoisonError::into_inner).chain {
            return Ok(false);
        }
        let held = CurrentCertificate::read(&self.chain, &self.key)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(true)
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).certified.clone()
    }
}

impl CurrentCertificate {
    fn read(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let bytes = system::file::read_given(chain).map_err(|error| wrong(chain, error))?;
        let certificates = pem::read(&bytes, Kind::Certificate);
        let certificates = certificates.map_err(|error| wrong(chain, error))?;
        let certificates = certificates.into_iter().map(CertificateDer::from).collect();
        // ACME clients write keys in PKCS#8, SEC 1 or PKCS#1; the library reads all of them.
        let secret = system::file::read_private(key).map_err(|error| wrong(key, error))?;
        let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|error| wrong(key, error))?;
        let certified = CertifiedKey::from_der(certificates, secret, &crypto())?;
        Ok(Self { certified: Arc::new(certified), chain: bytes })
    }
}

fn wrong(path: &Path, error: impl std::fmt::Display) -> TlsError {
    TlsError::File { path: path.display().to_string(), what: error.to_string() }
}

/// Which certificate a handshake is shown.
#[derive(Debug)]
pub(crate) struct ByName {
    own: Arc<CertifiedKey>,
    web: Arc<WebHost>,
}

impl ByName {
    pub(crate) fn new(own: Identity, web: Arc<WebHost>) -> Result<Self, TlsError> {
        let own = CertifiedKey::from_der(own.chain, own.key, &crypto())?;
        Ok(Self { own: Arc::new(own), web })
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_web = |name: &str| without_dot(name).eq_ignore_ascii_case(&self.web.name);
        match hello.server_name().is_some_and(is_web) {
            true => Some(self.web.certified()),
            false => Some(self.own.clone()),
        }
    }
}
