use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

const DAY: u64 = 86_400;
/// 2030-01-01T00:00:00Z.
const NEW_YEAR: u64 = 1_893_456_000;

fn root() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2045, 1, 1));
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate of the year 2030, for both ends of a connection.
fn of_2030(issuer: &CertifiedIssuer<'static, KeyPair>) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(vec!["issuer.example".to_owned()]).unwrap();
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (date_time_ymd(2030, 1, 1), date_time_ymd(2031, 1, 1));
    params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
}

fn at(unix: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(unix))
}

/// A year too early or too late by our clock, a certificate of ours ends no handshake; one that
/// leads to another root does, at any time.
#[test]
fn a_certificate_out_of_time_ends_no_handshake_and_a_foreign_one_does() {
    let (ours, foreign) = (root(), root());
    let verifier = PathOnly::to(ours.der()).unwrap();
    for now in [NEW_YEAR - 365 * DAY, NEW_YEAR, NEW_YEAR + 730 * DAY] {
        let judged = |leaf| verifier.verify_client_cert(&leaf, &[], at(now));
        assert!(judged(of_2030(&ours)).is_ok(), "{now}");
        assert!(judged(of_2030(&foreign)).is_err(), "{now}");
    }
}

/// Whatever is sent beside a path, in whatever order, whenever that was in time: the path counts
/// (RFC 8446 4.4.2).
#[test]
fn what_is_sent_beside_a_path_ends_no_handshake() {
    let (ours, foreign) = (root(), root());
    let verifier = PathOnly::to(ours.der()).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "somebody else");
    (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    let key = KeyPair::generate().unwrap();
    let over = params.signed_by(&key, &foreign).unwrap().der().clone();
    (params.not_before, params.not_after) = (date_time_ymd(2060, 1, 1), date_time_ymd(2061, 1, 1));
    let to_come = params.signed_by(&key, &foreign).unwrap().der().clone();
    let own = ours.der().clone();
    for beside in [
        vec![own.clone()],
        vec![over.clone()],
        vec![to_come.clone(), over.clone()],
        vec![over.clone(), own.clone(), to_come.clone(), own.clone()],
        vec![CertificateDer::from(b"no certificate".to_vec()), own],
        vec![over; 20],
    ] {
        for now in [NEW_YEAR - 365 * DAY, NEW_YEAR, NEW_YEAR + 730 * DAY] {
            let judged = |leaf| verifier.verify_client_cert(&leaf, &beside, at(now));
            assert!(judged(of_2030(&ours)).is_ok(), "{now}: {}", beside.len());
            assert!(judged(of_2030(&foreign)).is_err(), "{now}: {}", beside.len());
        }
    }
}

/// A client whose clock is behind believes a server that was certified later than that; by one that
/// is ahead the certificate is over, and nobody knows better.
#[test]
fn a_client_whose_clock_is_behind_reaches_a_server_that_was_certified_since() {
    let ours = root();
    let (leaf, chain) = (of_2030(&ours), [ours.der().clone()]);
    let root_sha256 = pki::Certificate::read(ours.der()).unwrap().sha256();
    let verifier = PinnedRoot::new(root_sha256);
    let name = ServerName::try_from("issuer.example").unwrap();
    let judged = |unix| verifier.verify_server_cert(&leaf, &chain, &name, &[], at(unix)).is_ok();
    assert!(judged(NEW_YEAR) && judged(NEW_YEAR - 365 * DAY));
    assert!(!judged(NEW_YEAR + 730 * DAY));
    let other = PinnedRoot::new([7; 32]);
    let judged = other.verify_server_cert(&leaf, &chain, &name, &[], at(NEW_YEAR - 365 * DAY));
    assert!(judged.is_err());
}
