//! Who opened a connection, as their certificate and the handshake prove it. The path is checked
//! once; whether the certificate still counts is asked at every request.

use crate::fixed::{BETWEEN_MAX, SENT_MAX};
use crate::witness::ShownCertificate;
use crate::world::{CertificateStanding, World};
use pki::path::{PathError, Usage, check};
use pki::{Certificate, oid};
use records::Code;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Policies of certificates that people open connections with, and their profiles.
const POLICIES: [(u32, &str); 2] = [(1, "official"), (2, "staff")];

/// What certificates of people lead to.
pub struct ClientTrust {
    /// The root.
    pub root: Certificate,
    /// The issuing CA, for clients that show their certificate alone.
    pub issuing: Vec<Certificate>,
    /// Arc of our object identifiers.
    pub arc: oid::Arc,
    /// Of these CAs, by their place, those over which a whole path led to the root already: below
    /// them one signature is left to verify.
    led: Vec<AtomicBool>,
}

impl ClientTrust {
    /// Trust in a root and the CAs below it.
    pub fn new(root: Certificate, issuing: Vec<Certificate>, arc: oid::Arc) -> Self {
        let led = issuing.iter().map(|_| AtomicBool::new(false)).collect();
        Self { root, issuing, arc, led }
    }

    /// Whether a certificate leads to the root, with what its client sent beside it.
    fn check(&self, leaf: &Certificate, rest: &[Vec<u8>], now: u64) -> Result<(), PathError> {
        let issuer = self.issuing.iter().position(|one| one.subject() == leaf.issuer());
        let issuer =
            issuer.and_then(|place| Some((self.issuing.get(place)?, self.led.get(place)?)));
        if let Some((issuing, led)) = issuer
            && led.load(Ordering::Acquire)
            && (issuing.not_before()..=issuing.not_after()).contains(&now)
            && check(leaf, &[], issuing, now, Usage::Client).is_ok()
        {
            return Ok(());
        }
        let between = between(self, leaf, rest);
        check(leaf, &between, &self.root, now, Usage::Client)?;
        if let Some((issuing, led)) = issuer
            && leaf.is_signed_by(issuing.key())
            && [issuing, &self.root].iter().all(|one| !constrains_names(one))
        {
            led.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Whether a CA says which names may stand below it: each path is then checked whole.
fn constrains_names(ca: &Certificate) -> bool {
    ca.extension(oid::NAME_CONSTRAINTS).is_some()
}

/// A person whose certificate leads to our root.
pub(super) struct Peer {
    /// Person id.
    pub(super) person: String,
    /// Name.
    pub(super) name: String,
    /// Units of the subject, highest first.
    pub(super) units: Vec<String>,
    /// The certificate.
    pub(super) certificate: Certificate,
    /// Its SHA-256.
    pub(super) sha256: [u8; 32],
    /// Serial number, hexadecimal.
    pub(super) serial: String,
    /// Profile of the certificate.
    pub(super) profile: &'static str,
    /// Class of the key store.
    pub(super) acr: &'static str,
    /// Generation of the world in which it was found good.
    good_in: AtomicU64,
}

/// What a handshake brought.
pub(super) enum ClientIdentity {
    /// No certificate.
    Nobody,
    /// One that does not count, and why; with its serial number if our issuing CA gave it that. A
    /// number that somebody chose for a certificate of their own is in no record.
    Refused { code: Code, serial: String },
    /// A person.
    Person(Arc<Peer>),
}

impl ClientIdentity {
    /// Serial number of what was shown, if it is one of ours.
    pub(super) fn serial(&self) -> &str {
        match self {
            Self::Nobody => "",
            Self::Refused { serial, .. } => serial,
            Self::Person(peer) => &peer.serial,
        }
    }

    /// Judges the chain of a handshake.
    pub(super) fn read(trust: &ClientTrust, chain: &[Vec<u8>], now: u64) -> Self {
        let Some((leaf, rest)) = chain.split_first() else { return Self::Nobody };
        let refused = |code: Code, serial: String| Self::Refused { code, serial };
        let Ok(certificate) = Certificate::read(leaf) else {
            return refused(Code::CertificateForeign, String::new());
        };
        let serial = certificate.serial().to_string();
        match trust.check(&certificate, rest, now) {
            Ok(()) => {}
            Err(PathError::Expired { .. }) if is_ours(trust, &certificate) => {
                return refused(Code::CertificateExpired, serial);
            }
            Err(_) if is_ours(trust, &certificate) => {
                return refused(Code::CertificateForeign, serial);
            }
            Err(_) => return refused(Code::CertificateForeign, String::new()),
        }
        let subject = certificate.subject();
        let (Some(person), Some(name)) = (subject.person(), subject.common_name()) else {
            return refused(Code::NotYourRoute, serial);
        };
        let Some(profile) = profile_of(&trust.arc, &certificate) else {
            return refused(Code::NotYourRoute, serial);
        };
        Self::Person(Arc::new(Peer {
            person: person.to_owned(),
            name,
            units: subject.values(oid::ORGANIZATIONAL_UNIT),
            sha256: certificate.sha256(),
            serial,
            profile,
            acr: "urn:yinxin:key:software",
            good_in: AtomicU64::new(0),
            certificate,
        }))
    }
}

/// What may stand between a certificate and our root: our own issuing CAs and, of what the client
/// sent besides, in any order (RFC 8446 4.4.2), an issuer of it that our root signed. All else
/// leads nowhere here. However many bear the issuer's name, the one whose key the leaf names comes
/// first.
fn between(trust: &ClientTrust, leaf: &Certificate, rest: &[Vec<u8>]) -> Vec<Certificate> {
    let ours = trust.issuing.iter().cloned();
    if is_ours(trust, leaf) {
        return ours.collect();
    }
    let sent = rest.iter().take(SENT_MAX).filter_map(|der| Certificate::read(der).ok());
    let (named, others): (Vec<_>, Vec<_>) = sent
        .filter(|sent| sent.subject() == leaf.issuer() && sent.issuer() == trust.root.subject())
        .partition(|sent| names_key_of(leaf, sent));
    let issuers = named.into_iter().chain(others);
    let issuers = issuers.filter(|sent| sent.is_signed_by(trust.root.key()));
    ours.chain(issuers.take(BETWEEN_MAX)).collect()
}

/// Whether a certificate says that this CA's key signed it (RFC 5280 4.2.1.1). It proves nothing.
fn names_key_of(leaf: &Certificate, ca: &Certificate) -> bool {
    let Some(id) = ca.key_identifier().filter(|id| !id.is_empty()) else { return false };
    let said = leaf.extension(oid::AUTHORITY_KEY_IDENTIFIER).unwrap_or_default();
    said.windows(id.len()).any(|part| part == id)
}

/// Whether our issuing CA signed it, whatever its time.
fn is_ours(trust: &ClientTrust, certificate: &Certificate) -> bool {
    trust.issuing.iter().any(|issuing| certificate.is_signed_by(issuing.key()))
}

/// The profile of a certificate that people open connections with, below a city's arc; nothing for
/// any other.
pub(crate) fn profile_of(arc: &oid::Arc, certificate: &Certificate) -> Option<&'static str> {
    let stated = certificate.extension(oid::CERTIFICATE_POLICIES);
    let found = POLICIES.into_iter().find(|(number, _)| {
        let policy = arc.policy(*number).map(pki::extension::policy);
        matches!(policy, Some(Ok(policy)) if stated == Some(policy.value.as_bytes()))
    });
    found.map(|(_, profile)| profile)
}

impl Peer {
    /// The certificate as the log names it.
    pub(super) fn shown(&self) -> ShownCertificate {
        ShownCertificate { sha256: self.sha256, serial: self.serial.clone() }
    }

    /// Whether the certificate counts now: in time, not revoked or suspended, and the person is
    /// known with the unit that it names.
    pub(super) fn holds(&self, world: &World, now: u64) -> Result<(), Code> {
        if now > self.certificate.not_after() {
            return Err(Code::CertificateExpired);
        }
        if self.good_in.load(Ordering::Acquire) == world.generation && world.generation > 0 {
            return Ok(());
        }
        let (_, known, _) = world.usable(now)?;
        match world.standing(self.certificate.serial()) {
            CertificateStanding::Revoked => return Err(Code::CertificateRevoked),
            CertificateStanding::Suspended => return Err(Code::CertificateSuspended),
            CertificateStanding::Good => {}
        }
        let unit = known.people.unit(&self.person).ok_or(Code::NotServed)?;
        if self.units.last().map(String::as_str) != Some(unit) {
            return Err(Code::PersonChanged);
        }
        self.good_in.store(world.generation, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
        SerialNumber, date_time_ymd,
    };

    /// What a stranger writes where others have a number.
    const CHOSEN: &[u8] = b"a text of my own";

    fn content(end: i32) -> CertificateParams {
        let mut content = CertificateParams::default();
        content.not_before = date_time_ymd(2026, 1, 1);
        content.not_after = date_time_ymd(end, 1, 1);
        content.serial_number = Some(SerialNumber::from_slice(CHOSEN));
        content.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        content
    }

    /// A CA of this name, and a certificate below it that is over in 2027.
    fn city(name: &str) -> (Certificate, Vec<u8>) {
        loop {
            let (key, mut ca) = (KeyPair::generate().unwrap(), content(2046));
            ca.distinguished_name.push(rcgen::DnType::CommonName, name);
            ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let der = ca.self_signed(&key).unwrap();
            let root = Certificate::read(der.der()).unwrap();
            let below = Issuer::new(ca, key);
            let leaf = content(2027).signed_by(&KeyPair::generate().unwrap(), &below).unwrap();
            // The library draws the larger s in half of its signatures; those are none of ours.
            let read = Certificate::read(leaf.der()).unwrap();
            if root.is_signed_by(root.key()) && read.is_signed_by(root.key()) {
                return (root, leaf.der().to_vec());
            }
        }
    }

    /// Somebody whose certificate was found good in a world.
    pub(crate) fn somebody(good_in: u64) -> Arc<Peer> {
        let (_, leaf) = city("ours");
        let certificate = Certificate::read(&leaf).unwrap();
        Arc::new(Peer {
            person: "p".into(),
            name: "n".into(),
            units: vec!["u".into()],
            sha256: certificate.sha256(),
            serial: certificate.serial().to_string(),
            acr: "",
            profile: "",
            good_in: AtomicU64::new(good_in),
            certificate,
        })
    }

    #[test]
    fn what_a_stranger_writes_into_a_certificate_is_in_no_record() {
        let (root, ours) = city("ours");
        let (_, foreign) = city("ours");
        let arc = oid::Arc::read("1.3.6.1.4.1.32473.1").unwrap();
        let trust = ClientTrust::new(root.clone(), vec![root], arc);
        let late = u64::try_from(date_time_ymd(2028, 1, 1).unix_timestamp()).unwrap();
        for now in [late, late - 2 * 366 * 86_400] {
            let shown = ClientIdentity::read(&trust, std::slice::from_ref(&foreign), now);
            assert!(matches!(
                shown,
                ClientIdentity::Refused { code: Code::CertificateForeign, .. }
            ));
            assert_eq!(shown.serial(), "");
        }
        let shown = ClientIdentity::read(&trust, &[ours], late);
        assert!(matches!(shown, ClientIdentity::Refused { code: Code::CertificateExpired, .. }));
        assert_eq!(shown.serial().len(), 2 * CHOSEN.len(), "one of ours is named");
    }

    /// A certificate that is for servers only opens no gate, whoever signed it.
    #[test]
    fn a_certificate_for_servers_opens_no_gate() {
        let (key, mut ca) = (KeyPair::generate().unwrap(), content(2046));
        ca.distinguished_name.push(rcgen::DnType::CommonName, "root");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = loop {
            let der = ca.self_signed(&key).unwrap();
            let read = Certificate::read(der.der()).unwrap();
            if read.is_signed_by(read.key()) {
                break read;
            }
        };
        let below = Issuer::new(ca, key);
        let arc = oid::Arc::read("1.3.6.1.4.1.32473.1").unwrap();
        let trust = ClientTrust::new(root.clone(), vec![root.clone()], arc);
        let now = u64::try_from(date_time_ymd(2026, 6, 1).unix_timestamp()).unwrap();
        for (usage, is_client) in [
            (ExtendedKeyUsagePurpose::ServerAuth, false),
            (ExtendedKeyUsagePurpose::ClientAuth, true),
        ] {
            let mut content = content(2027);
            content.extended_key_usages = vec![usage];
            let leaf = signed(&content, &KeyPair::generate().unwrap(), (&below, &root));
            assert_eq!(trust.check(&leaf, &[], now).is_ok(), is_client);
        }
    }

    /// A certificate that was good in this very world still ends at its last second, on a
    /// connection that is open as well.
    #[test]
    fn a_certificate_ends_while_its_connection_is_open() {
        let world = World::nothing().next(None, None, None);
        let peer = somebody(world.generation);
        let end = peer.certificate.not_after();
        assert_eq!(peer.holds(&world, end), Ok(()));
        assert_eq!(peer.holds(&world, end + 1), Err(Code::CertificateExpired));
    }

    /// However many certificates of the root bear the name of its issuer, a leaf leads over the one
    /// whose key it names; without that one it leads nowhere.
    #[test]
    fn the_issuer_whose_key_is_named_is_sought_first() {
        let ca = |name: &str| {
            let mut ca = content(2046);
            ca.distinguished_name.push(rcgen::DnType::CommonName, name);
            ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            ca
        };
        let drawn = || KeyPair::generate().unwrap();
        let (root_key, key) = (drawn(), drawn());
        let root = loop {
            let der = ca("root").self_signed(&root_key).unwrap();
            let read = Certificate::read(der.der()).unwrap();
            if read.is_signed_by(read.key()) {
                break read;
            }
        };
        let below = Issuer::new(ca("root"), root_key);
        let others = (0..=BETWEEN_MAX).map(|_| signed(&ca("issuing"), &drawn(), (&below, &root)));
        let others: Vec<Vec<u8>> = others.map(|other| other.der().to_vec()).collect();
        let own = signed(&ca("issuing"), &key, (&below, &root));
        let mut content = content(2027);
        content.use_authority_key_identifier_extension = true;
        let below = Issuer::new(ca("issuing"), key);
        let leaf = signed(&content, &drawn(), (&below, &own));
        let arc = oid::Arc::read("1.3.6.1.4.1.32473.1").unwrap();
        let trust = ClientTrust::new(root, Vec::new(), arc);
        let now = u64::try_from(date_time_ymd(2026, 6, 1).unix_timestamp()).unwrap();
        let all = [others.as_slice(), &[own.der().to_vec()]].concat();
        assert_eq!(trust.check(&leaf, &all, now), Ok(()));
        assert!(trust.check(&leaf, &others, now).is_err());
    }

    /// A certificate that its issuer signed in the one spelling of ours.
    fn signed(
        content: &CertificateParams,
        key: &KeyPair,
        (by, issuer): (&Issuer<'_, KeyPair>, &Certificate),
    ) -> Certificate {
        loop {
            let der = content.signed_by(key, by).unwrap();
            let read = Certificate::read(der.der()).unwrap();
            if read.is_signed_by(issuer.key()) {
                return read;
            }
        }
    }

    /// Below a CA over which a path led to the root one signature is left, and it is verified: what
    /// somebody else signed in its name leads nowhere, nor does what is over.
    #[test]
    fn below_a_ca_that_led_to_the_root_a_signature_is_left() {
        let (root, ours) = city("ours");
        let (_, foreign) = city("ours");
        let arc = oid::Arc::read("1.3.6.1.4.1.32473.1").unwrap();
        let trust = ClientTrust::new(root.clone(), vec![root], arc);
        let [ours, foreign] = [ours, foreign].map(|der| Certificate::read(&der).unwrap());
        let unix = |year| u64::try_from(date_time_ymd(year, 6, 1).unix_timestamp()).unwrap();
        for led in [false, true] {
            assert_eq!(trust.led[0].load(Ordering::Acquire), led);
            assert!(trust.check(&foreign, &[], unix(2026)).is_err(), "{led}");
            assert!(trust.check(&ours, &[], unix(2028)).is_err(), "{led}");
            assert_eq!(trust.check(&ours, &[], unix(2026)), Ok(()));
        }
    }
}
