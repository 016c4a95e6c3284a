//! Certificates that are not of this city, in our own form: whatever accepts one of them looks at
//! the form only.

use crate::people::Officer;
use crate::processes::Office;
use keys::SoftwareSigner;
use pki::{Certificate, Signer};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

/// serialNumber (X.520), where the person's id stands.
const PERSON: &[u64] = &[2, 5, 4, 5];

impl Office {
    /// Somebody with a certificate of a CA of their own, under the name of an officer of ours.
    pub fn foreign(&self) -> Officer {
        let signer = SoftwareSigner::generate_p256().unwrap();
        let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(signer.pkcs8())).unwrap();
        let person = self.first("officer-1").person.clone();
        let printable = |text: &str| DnValue::PrintableString(text.try_into().unwrap());
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, printable("CN"));
        name.push(DnType::CommonName, "陈登记");
        name.push(DnType::CustomDnType(PERSON.to_vec()), printable(&person));
        let mut content = CertificateParams::default();
        content.distinguished_name = name;
        content.serial_number = Some(SerialNumber::from(77));
        content.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        content.not_before = date_time_ymd(2026, 1, 1);
        content.not_after = date_time_ymd(2046, 1, 1);
        let made = content.self_signed(&key).unwrap();
        let certificate = Certificate::read(made.der()).unwrap();
        assert_eq!(certificate.key().sha256(), signer.public_key().sha256());
        Officer { person: String::new(), chain: vec![certificate], signer }
    }
}

/// A CA that browsers know, which is nobody of this city.
pub struct WebCa {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

impl WebCa {
    /// With a root of its own.
    #[expect(clippy::new_without_default, reason = "a key is drawn each time")]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut content = CertificateParams::default();
        content.distinguished_name.push(DnType::CommonName, "A CA that browsers know");
        content.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = pem("CERTIFICATE", content.self_signed(&key).unwrap().der());
        Self { issuer: Issuer::new(content, key), root }
    }

    /// Its root, PEM.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// A certificate for a host until a year, with its key, PEM both, as ACME clients leave them.
    pub fn leaf(&self, host: &str, year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut content = CertificateParams::new([host.to_owned()]).unwrap();
        content.not_after = date_time_ymd(year, 1, 1);
        let leaf = content.signed_by(&key, &self.issuer).unwrap();
        (pem("CERTIFICATE", leaf.der()), pem("PRIVATE KEY", &key.serialize_der()))
    }
}

pub fn pem(kind: &str, der: &[u8]) -> String {
    let base64 = data_encoding::BASE64_MIME.encode(der).replace('\r', "");
    format!("-----BEGIN {kind}-----\n{base64}-----END {kind}-----\n")
}
