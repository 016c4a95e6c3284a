//! A key and its certificate in two files, and the next pair beside them. The next key waits with
//! the request that was made with it, so that whoever is stopped asks for the same certificate
//! again; both files change places once the certificate is whole on the disk, and a run that finds
//! the change half done ends it.

use crate::exit::{Failure, file_failure};
use crate::files;
use keys::SoftwareSigner;
use pki::algorithm::Algorithm;
use pki::host::Host;
use pki::{Certificate, CertificationRequest, Signer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where they are.
pub(super) struct KeyPair {
    key: PathBuf,
    chain: PathBuf,
}

impl KeyPair {
    pub(super) fn new(key: &Path, chain: &Path) -> Self {
        Self { key: key.to_owned(), chain: chain.to_owned() }
    }

    fn next_key(&self) -> PathBuf {
        beside(&self.key, "next")
    }

    fn next_chain(&self) -> PathBuf {
        beside(&self.chain, "next")
    }

    fn next_request(&self) -> PathBuf {
        beside(&self.key, "request")
    }

    /// Refuses places where a key or a certificate is already.
    pub(super) fn check_vacant(&self) -> Result<(), Failure> {
        for path in [&self.key, &self.chain] {
            let next = "yinxin system enroll --help";
            files::check_vacant(path).map_err(|failure| failure.next(next))?;
        }
        Ok(())
    }

    /// Ends a change that a run before began; gives the certificate that is in its place now, if
    /// there was one to end.
    pub(super) fn settle(&self) -> Result<Option<Certificate>, Failure> {
        let (waiting, arrived) = (key_of(&self.next_key()), leaf_of(&self.next_chain()));
        let mut ended = false;
        if let Some(arrived) = arrived.map(|leaf| leaf.key().sha256())
            && (waiting == Some(arrived) || key_of(&self.key) == Some(arrived))
        {
            moved(&self.next_chain(), &self.chain)?;
            ended = true;
        }
        let placed = leaf_of(&self.chain);
        if waiting.is_some() && placed.as_ref().map(|leaf| leaf.key().sha256()) == waiting {
            moved(&self.next_key(), &self.key)?;
            ended = true;
        }
        if ended {
            gone(&self.next_request())?;
        }
        Ok(placed.filter(|_| ended))
    }

    /// The key that waits, with its request; both are made anew where they are for something else.
    pub(super) fn begin(
        &self,
        algorithm: &'static Algorithm,
        hosts: &[Host],
    ) -> Result<(SoftwareSigner, CertificationRequest), Failure> {
        let wanted: BTreeSet<&Host> = hosts.iter().collect();
        if let Some((signer, request)) = self.waiting()
            && signer.public_key().algorithm().name == algorithm.name
            && request.wanted().unwrap_or_default().iter().collect::<BTreeSet<_>>() == wanted
        {
            return Ok((signer, request));
        }
        gone(&self.next_key())?;
        gone(&self.next_request())?;
        let signer = SoftwareSigner::generate(algorithm)
            .map_err(|error| Failure::because("无法生成密钥", &error))?;
        let request = keys::request_for(&signer, hosts)
            .map_err(|error| Failure::because("无法生成请求", &error))?;
        keys::save_plain(&self.next_key(), &signer)?;
        files::write_new(&self.next_request(), request.der())?;
        Ok((signer, request))
    }

    fn waiting(&self) -> Option<(SoftwareSigner, CertificationRequest)> {
        let signer = keys::open_plain(&self.next_key()).ok()?;
        let request = std::fs::read(self.next_request()).ok()?;
        let request = CertificationRequest::read(&request).ok()?;
        let is_own = request.key().sha256() == signer.public_key().sha256();
        is_own.then_some((signer, request))
    }

    /// Puts the certificate and its key in their places; gives the certificate.
    pub(super) fn keep(&self, chain: &[Certificate]) -> Result<Certificate, Failure> {
        let pem: String = chain.iter().map(Certificate::pem).collect();
        let next = self.next_chain();
        system::file::replace(&next, pem.as_bytes())
            .map_err(|error| file_failure(&next, &error))?;
        let kept = self.settle()?;
        kept.ok_or_else(|| {
            Failure::usage(
                "证书与等待中的密钥不匹配。",
                "the certificate is not for the key that waits",
            )
        })
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}.{end}", path.display()))
}

/// The digest of the key in a file.
fn key_of(path: &Path) -> Option<[u8; 32]> {
    Some(keys::open_plain(path).ok()?.public_key().sha256())
}

fn leaf_of(path: &Path) -> Option<Certificate> {
    files::chain(path).ok()?.into_iter().next()
}

fn moved(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::rename(from, to).map_err(|error| file_failure(to, &error))
}

fn gone(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file_failure(path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::algorithm::by_name;

    const HOST: &str = "a.acme.test";

    fn hosts() -> Vec<Host> {
        vec![Host::read(HOST).unwrap()]
    }

    /// A certificate of a key, as whoever issues one would make it.
    fn certificate(signer: &SoftwareSigner) -> Certificate {
        let key = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
        let params = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        Certificate::read(params.self_signed(&key).unwrap().der()).unwrap()
    }

    fn begun(pair: &KeyPair) -> (SoftwareSigner, CertificationRequest) {
        pair.begin(by_name("p256").unwrap(), &hosts()).unwrap()
    }

    fn modes(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// Whoever is stopped before the answer asks by the same request, which is the same
    /// certificate; for other names, or by another algorithm, there is another key.
    #[test]
    fn a_request_that_waits_is_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let pair = KeyPair::new(&folder.path().join("own.key"), &folder.path().join("own.pem"));
        let (_, first) = begun(&pair);
        assert_eq!(begun(&pair).1.der(), first.der());
        assert_eq!(modes(&pair.next_key()), 0o600);
        assert!(!pair.key.exists(), "the key is in its place with its certificate");
        let more = [hosts(), vec![Host::read("b.acme.test").unwrap()]].concat();
        let (_, other) = pair.begin(by_name("p256").unwrap(), &more).unwrap();
        assert_ne!(other.key().sha256(), first.key().sha256());
        let (_, stronger) = pair.begin(by_name("p384").unwrap(), &more).unwrap();
        assert_eq!(stronger.key().algorithm().name, "p384");
    }

    /// Wherever a run is stopped, the next one ends with a key and the certificate of it.
    #[test]
    fn key_and_certificate_change_places_together() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let pair = KeyPair::new(&at("own.key"), &at("own.pem"));
        assert!(pair.settle().unwrap().is_none());
        let fits = || {
            let leaf = leaf_of(&pair.chain).unwrap().key().sha256();
            assert_eq!(key_of(&pair.key), Some(leaf));
            for rest in [pair.next_key(), pair.next_chain(), pair.next_request()] {
                assert!(!rest.exists(), "{}", rest.display());
            }
        };
        let (signer, _) = begun(&pair);
        pair.keep(&[certificate(&signer)]).unwrap();
        fits();
        assert_eq!(modes(&pair.key), 0o600);
        assert!(pair.check_vacant().is_err());
        for stopped in ["before both", "behind the certificate", "behind the key"] {
            let (signer, _) = begun(&pair);
            let next = certificate(&signer);
            std::fs::write(pair.next_chain(), next.pem()).unwrap();
            match stopped {
                "behind the certificate" => moved(&pair.next_chain(), &pair.chain).unwrap(),
                "behind the key" => moved(&pair.next_key(), &pair.key).unwrap(),
                _ => {}
            }
            let settled = pair.settle().unwrap().unwrap();
            assert_eq!(settled.sha256(), next.sha256(), "{stopped}");
            fits();
        }
        // What fits neither key stays where it is.
        let stranger = SoftwareSigner::generate_p256().unwrap();
        std::fs::write(pair.next_chain(), certificate(&stranger).pem()).unwrap();
        assert!(pair.settle().unwrap().is_none());
        assert!(pair.next_chain().exists());
    }
}
