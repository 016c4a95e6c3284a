use super::*;
use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::name::{DistinguishedName, Subject, Text};
use pki::{Certificate, SerialNumber, Signer, extension};
use records::export::NotTrusted;

const NOW: u64 = 1_800_000_000;

fn dates(this: u64) -> Dates {
    Dates { this, proven: this }
}

fn name(common: &str) -> DistinguishedName {
    let subject = Subject {
        country: "CN".into(),
        organization: Text::read("商洛市").unwrap(),
        units: Vec::new(),
        common_name: Text::read(common).unwrap(),
        serial_number: None,
    };
    subject.to_name().unwrap()
}

/// A root, and what it certified: the registry and an authority.
struct Keys {
    root: SoftwareSigner,
    registry: SoftwareSigner,
    chain: Vec<Bytes>,
    issuing: Certificate,
    trust: Trust,
}

impl Keys {
    fn new() -> Self {
        let root = SoftwareSigner::generate_p256().unwrap();
        let registry = SoftwareSigner::generate_p256().unwrap();
        let arc = OidArc::read("1.3.6.1.4.1.32473").unwrap();
        let purpose = arc.registry_signing().unwrap();
        let purpose = vec![extension::extended_key_usage(&[purpose], true).unwrap()];
        let top = certified(&root, &root, "root", Vec::new());
        let signer = certified(&registry, &root, "registry", purpose);
        let issuing = SoftwareSigner::generate_p256().unwrap();
        let issuing = certified(&issuing, &root, "issuing", Vec::new());
        let mut trust = sample_city::SampleCity::found().trust("control", "");
        trust.root_sha256 = top.sha256().into();
        let chain = [&signer, &top].map(|one| Bytes::from(one.der())).to_vec();
        Self { root, registry, chain, issuing, trust }
    }

    fn wanted(&self) -> Wanted {
        let authority = |id: &str, certificate: Bytes| TrustedAuthority {
            id: id.to_owned(),
            certificate,
            crl: format!("http://status.example/crl/{id}.crl"),
            ocsp: None,
        };
        let root = authority(ROOT, self.chain[1].clone());
        let purpose = TrustPurpose {
            profile: "system".into(),
            holder: "system".into(),
            policy: "1.3.6.1.4.1.32473.1.8".into(),
            usages: vec!["1.3.6.1.5.5.7.3.2".into()],
            authorities: vec![ISSUER.into()],
        };
        (vec![root, authority(ISSUER, self.issuing.der().into())], vec![purpose])
    }

    fn next(&self, before: Option<&TrustBundle>, this: u64) -> TrustBundle {
        next(&self.trust, before, self.wanted(), dates(this))
    }

    /// What a reader says of a bundle that the registry signed, a moment later.
    fn read(&self, bundle: &TrustBundle) -> Result<TrustBundle, NotTrusted> {
        let signed = bundle.sign(&self.registry, self.chain.clone()).unwrap();
        signed.open(&self.trust, NOW + 60)
    }
}

fn certified(
    holder: &SoftwareSigner,
    issuer: &SoftwareSigner,
    common: &str,
    extensions: Vec<extension::Extension>,
) -> Certificate {
    let content = CertificateContent {
        serial: &SerialNumber::from_random([7; 18]),
        signature: &issuer.public_key().algorithm().signature_identifier().unwrap(),
        issuer: &name("root"),
        not_before: NOW - 60,
        not_after: NOW + 10 * 365 * 86_400,
        subject: &name(common),
        key: holder.public_key().spki(),
        extensions,
    };
    TbsCertificate::build(content).unwrap().sign(issuer).unwrap()
}

#[test]
fn a_bundle_is_believed_by_the_trust_file_alone() {
    let keys = Keys::new();
    let bundle = keys.next(None, NOW);
    assert_eq!(keys.read(&bundle).unwrap(), bundle);
    let system: Vec<&str> =
        bundle.authorities_of("system").iter().map(|one| one.id.as_str()).collect();
    assert_eq!(system, [ROOT, ISSUER]);
    assert!(bundle.authorities_of("nothing").is_empty());
    let signed = bundle.sign(&keys.registry, keys.chain.clone()).unwrap();
    // Whoever serves it changes nothing, and no other key makes one.
    let mut changed = signed.clone();
    let other = keys.next(Some(&bundle), NOW);
    changed.bundle = Bytes(records::json::write(&other).unwrap());
    assert_eq!(changed.open(&keys.trust, NOW), Err(NotTrusted::Purpose));
    let by_root = bundle.sign(&keys.root, keys.chain.clone()).unwrap();
    assert_eq!(by_root.open(&keys.trust, NOW), Err(NotTrusted::Purpose));
    let root_alone = vec![keys.chain[1].clone(), keys.chain[1].clone()];
    let by_root = bundle.sign(&keys.root, root_alone).unwrap();
    assert_eq!(by_root.open(&keys.trust, NOW), Err(NotTrusted::Purpose), "no registry's purpose");
    let stranger = Keys::new();
    assert_eq!(signed.open(&stranger.trust, NOW), Err(NotTrusted::Root));
    assert_eq!(signed.open(&keys.trust, NOW + LIFE_SECONDS + 1), Err(NotTrusted::Over));
}

#[test]
fn a_bundle_that_does_not_hold_together_is_refused() {
    let keys = Keys::new();
    let with = |change: &dyn Fn(&mut TrustBundle)| {
        let mut bundle = keys.next(None, NOW);
        change(&mut bundle);
        keys.read(&bundle).unwrap_err()
    };
    assert_eq!(with(&|it| it.founding = [9; 32].into()), NotTrusted::OtherCity);
    assert_eq!(with(&|it| it.v = 2), NotTrusted::OtherCity);
    assert_eq!(with(&|it| it.authorities.clear()), NotTrusted::Root);
    assert_eq!(with(&|it| it.authorities.swap(0, 1)), NotTrusted::Root);
    let foreign = Keys::new().issuing;
    let another = |it: &mut TrustBundle| it.authorities[1].certificate = foreign.der().into();
    assert_eq!(with(&another), NotTrusted::Authority);
    let twice = |it: &mut TrustBundle| it.authorities.push(it.authorities[1].clone());
    assert_eq!(with(&twice), NotTrusted::Authority);
    let unknown = |it: &mut TrustBundle| it.purposes[0].authorities.push("issuing-9".into());
    assert_eq!(with(&unknown), NotTrusted::Authority);
}

/// A bundle is made anew for what is another and before it is old, under a number of its own, and
/// otherwise left as it is.
#[test]
fn no_two_bundles_have_one_number() {
    let keys = Keys::new();
    let first = keys.next(None, NOW);
    assert_eq!(first.version, NOW);
    assert!(is_good(&first, &keys.wanted(), dates(NOW)));
    assert!(is_good(&first, &keys.wanted(), dates(NOW + LIFE_SECONDS / 2)));
    assert!(!is_good(&first, &keys.wanted(), dates(NOW + LIFE_SECONDS / 2 + 1)));
    assert!(!is_good(&first, &keys.wanted(), dates(NOW - 1)), "made by a clock that was ahead");
    let mut other = keys.wanted();
    other.1[0].usages.clear();
    assert!(!is_good(&first, &other, dates(NOW)));
    assert_eq!(keys.next(Some(&first), NOW).version, NOW + 1);
    assert_eq!(keys.next(Some(&first), NOW - 500).version, NOW + 1);
    assert_eq!(keys.next(Some(&first), NOW + 500).version, NOW + 500);
}

/// What somebody put there is no bundle; the one that we signed is.
#[test]
fn the_published_file_is_believed_by_its_signature() {
    let keys = Keys::new();
    let file = |keys: &Keys| {
        let signed = keys.next(None, NOW).sign(&keys.registry, keys.chain.clone()).unwrap();
        serde_json::to_vec(&signed).unwrap()
    };
    let is_ours = |file: &[u8]| published(file, &keys.trust, NOW).is_some();
    assert!(!is_ours(b"") && !is_ours(&file(&Keys::new())));
    assert!(is_ours(&file(&keys)));
}
