//! The folder of a gate that runs, in which another pair lies.

use super::*;
use keys::SoftwareSigner;
use pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use records::Bytes;
use records::trust::Trust;
use std::os::unix::fs::PermissionsExt;

const OWN: &str = "gate-1/agent";
/// A year that is not over.
const LAST: i32 = 2046;

/// What issues certificates, with the chain that is shown behind them.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    chain: Vec<Certificate>,
}

/// Certificate and key, PEM both.
struct Made {
    chain: String,
    key: String,
}

fn content(name: &str, until: i32) -> CertificateParams {
    let mut content = CertificateParams::default();
    content.distinguished_name.push(DnType::CommonName, name);
    content.not_before = date_time_ymd(2020, 1, 1);
    content.not_after = date_time_ymd(until, 1, 1);
    content
}

fn of_ca(name: &str) -> CertificateParams {
    let mut content = content(name, LAST);
    content.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    content
}

impl Authority {
    fn root() -> Self {
        let (key, content) = (KeyPair::generate().unwrap(), of_ca("root"));
        // The library draws the larger s in half of its signatures; those are none of ours.
        let own = loop {
            let read = Certificate::read(content.self_signed(&key).unwrap().der()).unwrap();
            if read.is_signed_by(read.key()) {
                break read;
            }
        };
        Self { issuer: Issuer::new(content, key), chain: vec![own] }
    }

    /// An authority below this one.
    fn below(&self) -> Self {
        let (key, content) = (KeyPair::generate().unwrap(), of_ca("issuing"));
        let own = self.signed(&content, &key);
        let chain = [vec![own], self.chain.clone()].concat();
        Self { issuer: Issuer::new(content, key), chain }
    }

    fn signed(&self, content: &CertificateParams, key: &KeyPair) -> Certificate {
        loop {
            let der = content.signed_by(key, &self.issuer).unwrap();
            let read = Certificate::read(der.der()).unwrap();
            if read.is_signed_by(self.chain[0].key()) {
                return read;
            }
        }
    }

    /// A pair for a name until a year.
    fn pair(&self, name: &str, until: i32) -> Made {
        let signer = SoftwareSigner::generate_p256().unwrap();
        let key = KeyPair::try_from(signer.pkcs8()).unwrap();
        let mut content = content(name, until);
        content.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = self.signed(&content, &key);
        let chain = [leaf.pem(), self.chain.iter().map(Certificate::pem).collect()].concat();
        Made { chain, key: pki::certificate::pem("PRIVATE KEY", signer.pkcs8()) }
    }

    /// What a gate of this root joined as.
    fn joined(&self) -> JoinFile {
        let address = || "https://localhost:1".to_owned();
        JoinFile {
            v: 1,
            agent: "gate-1".into(),
            application: "exchange".into(),
            hosts: vec!["localhost".into()],
            order: Bytes::default(),
            token: Bytes::default(),
            expires: String::new(),
            trust: Trust {
                v: 1,
                city: "city".into(),
                sample: true,
                root_sha256: self.chain.last().unwrap().sha256().into(),
                founding: Bytes::default(),
                arc: String::new(),
                logs: Vec::new(),
                portal_public: address(),
                portal_staff: address(),
                status: address(),
                log: address(),
            },
        }
    }
}

fn put(folder: &Path, chain: &str, key: &str) {
    system::file::replace_private(&folder.join("tls.key"), key.as_bytes()).unwrap();
    system::file::replace_private(&folder.join("tls.pem"), chain.as_bytes()).unwrap();
}

/// A gate that runs, with what it shows.
fn running(folder: &Path, issuing: &Authority) -> (LivePair, Made) {
    let shown = issuing.pair(OWN, LAST);
    put(folder, &shown.chain, &shown.key);
    let live = LivePair::open(folder, &issuing.joined(), Clock::system()).unwrap();
    (live, shown)
}

fn chain(live: &LivePair) -> String {
    live.present().chain().iter().map(Certificate::pem).collect()
}

/// Another pair of the gate is taken once, with everything that is made of it; who has begun with
/// the one before ends with that.
#[test]
fn another_pair_is_taken_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let issuing = Authority::root().below();
    let (live, before) = running(folder.path(), &issuing);
    assert!(!live.look().unwrap(), "the same is no other");
    let begun = live.sessions().load_full();
    let next = issuing.pair(OWN, LAST);
    // A renewal that is being put in place is not looked at.
    std::fs::write(folder.path().join("tls.next.pem"), "").unwrap();
    put(folder.path(), &before.chain, &next.key);
    assert!(!live.look().unwrap());
    put(folder.path(), &next.chain, &next.key);
    std::fs::remove_file(folder.path().join("tls.next.pem")).unwrap();
    assert!(live.look().unwrap());
    assert_eq!(chain(&live), next.chain);
    let present = live.sessions().load_full();
    let leaf = live.present().chain()[0].key().sha256();
    assert_eq!(present.signer.public_key().sha256(), leaf);
    assert_ne!(begun.signer.public_key().sha256(), leaf);
    assert!(!live.look().unwrap(), "it is taken once");
}

/// What does not belong together, is over, or is of another gate, root or authority leaves what is
/// shown; so does a key that others can read. What mends it is taken.
#[test]
fn a_pair_that_may_not_follow_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root();
    let issuing = root.below();
    let (live, shown) = running(folder.path(), &issuing);
    let (next, foreign) = (issuing.pair(OWN, LAST), Authority::root().below().pair(OWN, LAST));
    let (alone, _) = next.chain.split_at(next.chain.find("-----END").unwrap() + 26);
    let of_another = issuing.pair("gate-2/agent", LAST);
    let (late, other) = (issuing.pair(OWN, 2021), root.below().pair(OWN, LAST));
    let cases: [(&str, &str, &str); 8] = [
        (&next.chain, &shown.key, "do not belong together"),
        (&shown.chain, &next.key, "do not belong together"),
        (&of_another.chain, &of_another.key, "for another agent"),
        (&foreign.chain, &foreign.key, "not the pinned one"),
        (&other.chain, &other.key, "other authorities"),
        (&late.chain, &late.key, "expired"),
        (alone, &next.key, "holds no chain"),
        ("no certificate", &next.key, "tls.pem"),
    ];
    for (chain_there, key, why) in cases {
        put(folder.path(), chain_there, key);
        let refused = live.look().unwrap_err();
        assert!(OwnPair::refused(&refused).contains(why), "{why}: {refused:#}");
        assert_eq!(chain(&live), shown.chain, "{why}");
    }
    put(folder.path(), &next.chain, &next.key);
    let mode = |bits| std::fs::Permissions::from_mode(bits);
    std::fs::set_permissions(folder.path().join("tls.key"), mode(0o644)).unwrap();
    assert!(live.look().is_err());
    assert_eq!(chain(&live), shown.chain);
    std::fs::set_permissions(folder.path().join("tls.key"), mode(0o600)).unwrap();
    assert!(live.look().unwrap());
    assert_eq!(chain(&live), next.chain);
}
