//! What EST answers everybody (RFC 7030 4.1, 4.5), in base64, and how a message becomes that.

use anyhow::{Context, bail, ensure};
use data_encoding::BASE64;
use pki::Certificate;
use pki::pem::{self, Kind};
use std::path::Path;

/// Some clients read base64 in short lines only, and some no carriage returns.
const LINE: usize = 64;

/// The CA's certificates, and what a request had better have.
pub(crate) struct EstAnswers {
    /// Issuing CA and root, in a message that nobody signed.
    pub(crate) cacerts: String,
    /// Attributes of requests.
    pub(crate) attributes: String,
    /// The subject of the issuing CA, DER: whose certificates are asked for in handshakes.
    pub(crate) issuing: Vec<u8>,
}

impl EstAnswers {
    /// Reads the issuing CA and the root as they stand behind this process's own certificate; the
    /// root has this SHA-256.
    pub(crate) fn read(chain: &Path, root_sha256: &[u8]) -> anyhow::Result<Self> {
        let file = system::file::read_given(chain).with_context(|| chain.display().to_string())?;
        let blocks = pem::read(&file, Kind::Certificate);
        let blocks = blocks.with_context(|| chain.display().to_string())?;
        let [_, issuing, root] = blocks.as_slice() else {
            bail!(
                "{0}：应为本证书、签发机构和根证书 / {0}: leaf, issuing CA and root are expected",
                chain.display()
            )
        };
        let is_root = Certificate::read(root)?.sha256().as_slice() == root_sha256;
        ensure!(
            is_root,
            "{0}：根证书与信任文件不符 / {0}: its root is not that of the trust file",
            chain.display()
        );
        Ok(Self {
            cacerts: base64(&pki::est::certs_only(&[issuing, root])?),
            attributes: base64(&pki::est::csr_attributes()?),
            issuing: Certificate::read(issuing)?.subject().der().to_vec(),
        })
    }
}

/// Base64 in lines.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (place, one) in BASE64.encode(bytes).chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            text.push('\n');
        }
        text.push(one);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    #[test]
    fn base64_is_read_by_whoever_reads_lines() {
        let text = base64(&[7; 100]);
        assert!(text.ends_with('\n') && !text.contains('\r'));
        assert!(text.lines().all(|line| !line.is_empty() && line.len() <= LINE), "{text}");
        assert_eq!(BASE64.decode(text.replace('\n', "").as_bytes()).unwrap(), [7; 100]);
    }

    /// A chain that was exchanged on the disk is told to no client as the CA's.
    #[test]
    fn the_root_is_that_of_the_trust_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chain.pem");
        let key = KeyPair::generate().unwrap();
        let one = |name: &str| {
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.self_signed(&key).unwrap()
        };
        let all = ["leaf.test", "issuing.test", "root.test"].map(one);
        let pem = |one: &rcgen::Certificate| pki::certificate::pem("CERTIFICATE", one.der());
        let text: String = all.iter().map(pem).collect();
        std::fs::write(&path, text).unwrap();
        let root = Certificate::read(all[2].der()).unwrap().sha256();
        let read = EstAnswers::read(&path, &root).unwrap();
        let told = BASE64.decode(read.cacerts.replace('\n', "").as_bytes()).unwrap();
        let holds = |der: &[u8]| told.windows(der.len()).any(|part| part == der);
        assert!(!holds(all[0].der()) && holds(all[1].der()) && holds(all[2].der()));
        assert!(EstAnswers::read(&path, &[7; 32]).is_err());
        std::fs::write(&path, pem(&all[0])).unwrap();
        assert!(EstAnswers::read(&path, &root).is_err());
    }
}
