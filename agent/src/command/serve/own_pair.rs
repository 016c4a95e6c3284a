//! The gate's own key and certificate as they lie in its folder: read together, and judged before
//! they take the place of those that a running gate shows.

use anyhow::{Context, bail, ensure};
use keys::{SoftwareSigner, TokenKey};
use mtls::tls::Identity;
use pki::path::{Usage, check};
use pki::{Certificate, Signer};
use std::path::Path;
use std::sync::Arc;

/// A key and the chain of its certificate, leaf first, root last. Only [`OwnPair::read`] makes one.
pub(super) struct OwnPair {
    chain: Vec<Certificate>,
    signer: Arc<SoftwareSigner>,
    /// The same key, as it signs what is published.
    token_key: TokenKey,
}

impl OwnPair {
    /// Reads both files. A key that others can read is refused, and one of another certificate.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("tls.pem");
        let named = || path.display().to_string();
        let file = std::fs::read(&path).with_context(named)?;
        let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate).with_context(named)?;
        let read: Result<Vec<_>, _> = blocks.iter().map(|der| Certificate::read(der)).collect();
        let chain = read.with_context(named)?;
        let leaf = chain.first().with_context(named)?;
        let signer = keys::open_plain(&folder.join("tls.key"))?;
        ensure!(
            leaf.key().sha256() == signer.public_key().sha256(),
            "tls.pem 与 tls.key 不匹配 / tls.pem and tls.key do not belong together"
        );
        let token_key = TokenKey::from_pkcs8(signer.pkcs8())?;
        Ok(Self { chain, signer: Arc::new(signer), token_key })
    }

    /// The same beside a gate that runs: nothing while a renewal is being put in place, which
    /// whoever renews or starts completes.
    pub(super) fn lying(folder: &Path) -> anyhow::Result<Option<Self>> {
        // What changed places while it was read is read again.
        let found = Self::read(folder).or_else(|_| Self::read(folder));
        match folder.join("tls.next.pem").exists() {
            true => Ok(None),
            false => found.map(Some),
        }
    }

    /// Whether it is the very same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let own = self.chain.iter().map(Certificate::sha256);
        own.eq(other.chain.iter().map(Certificate::sha256))
    }

    /// Whether it may take the place of another while the gate runs: in time, of this gate, and
    /// leading to the root over the authorities that people's certificates are judged by.
    pub(super) fn may_follow(
        &self,
        before: &Self,
        (agent, root): (&str, [u8; 32]),
        now: u64,
    ) -> anyhow::Result<()> {
        let [leaf, between @ .., top] = self.chain.as_slice() else {
            bail!("tls.pem 中没有证书链 / tls.pem holds no chain")
        };
        ensure!(top.sha256() == root, "根证书与信任文件不符 / the root is not the pinned one");
        check(leaf, between, top, now, Usage::Server)?;
        ensure!(
            leaf.subject().common_name() == Some(format!("{agent}/agent")),
            "证书属于另一网关 / the certificate is for another agent"
        );
        let above = |pair: &Self| -> Vec<[u8; 32]> {
            pair.chain.iter().skip(1).map(Certificate::sha256).collect()
        };
        ensure!(
            above(self) == above(before),
            "签发机构与运行中的不同；下一步：重启网关 / it is issued by other authorities than those \
             in force; next: restart the agent"
        );
        Ok(())
    }

    /// What is told of a pair that is not taken.
    pub(super) fn refused(error: &anyhow::Error) -> String {
        format!("refused, the one before is kept: {error:#}")
    }

    /// The chain, leaf first.
    pub(super) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// What stands above the certificate: who issued it, and the root, which is judged by both.
    pub(super) fn authorities(&self) -> anyhow::Result<(&[Certificate], &Certificate)> {
        match self.chain.as_slice() {
            [_, issuing @ .., root] => Ok((issuing, root)),
            _ => bail!("tls.pem 中没有证书链 / tls.pem holds no chain"),
        }
    }

    /// The last second of the certificate, unix.
    pub(super) fn not_after(&self) -> u64 {
        self.chain.first().map_or(0, Certificate::not_after)
    }

    /// The key, for what is handed in to the log.
    pub(super) fn signer(&self) -> &Arc<SoftwareSigner> {
        &self.signer
    }

    /// The key, for what is published.
    pub(super) fn token_key(&self) -> &TokenKey {
        &self.token_key
    }

    /// Both, for handshakes.
    pub(super) fn identity(&self) -> anyhow::Result<Identity> {
        let chain = self.chain.iter().map(|one| one.der().to_vec()).collect();
        Ok(Identity::from_der(chain, self.signer.pkcs8())?)
    }
}
