//! What the lint finds by itself, whoever judged before it.

use super::*;
use crate::SerialNumber;
use crate::algorithm::by_name;
use crate::certificate::CertificateContent;
use crate::extension::{Extension, subject_alt_name, subject_key_identifier};
use crate::name::DistinguishedName;

/// The base point of P-256 as a key.
const BASE_POINT: &str = concat!(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200",
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
);

/// The findings about a certificate of a key, in hexadecimal.
fn rules_of(key: &str) -> Vec<&'static str> {
    rules_with(key, None)
}

/// The same, with one more extension.
fn rules_with(key: &str, more: Option<Extension>) -> Vec<&'static str> {
    let key = PublicKey::read(&data_encoding::HEXLOWER.decode(key.as_bytes()).unwrap()).unwrap();
    let profile = include_str!("../../../../policies/profiles/server.toml");
    let profile = CertificateProfile::read(profile).unwrap();
    let city = Text::read("商洛市").unwrap();
    let subject = DistinguishedName::of_system("CN", &city, "sz-office", None).unwrap();
    let content = CertificateContent {
        serial: &SerialNumber::from_random([7; 18]),
        signature: &by_name("p256").unwrap().signature_identifier().unwrap(),
        issuer: &subject,
        not_before: 1_800_000_000,
        not_after: 1_800_086_400,
        subject: &subject,
        key: key.spki(),
        extensions: more
            .into_iter()
            .chain([subject_key_identifier(&key.identifier()).unwrap()])
            .collect(),
    };
    let tbs = TbsCertificate::build(content).unwrap();
    let expected = LintContext {
        profile: &profile,
        issuer: None,
        arc: &Arc::read("1.3.6.1.4.1.32473").unwrap(),
        issuer_key: &key,
        now: 1_800_000_000,
    };
    lint(&tbs, &expected).iter().map(|finding| finding.rule).collect()
}

#[test]
fn the_lint_finds_a_key_that_is_public() {
    let published = concat!(
        "3059301306072a8648ce3d020106082a8648ce3d030107034200",
        "04422548f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b1",
        "6c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272",
    );
    assert!(rules_of(published).contains(&"key-sound"));
    assert!(!rules_of(BASE_POINT).contains(&"key-sound"));
}

/// The lint knows the one rule for hosts, of addresses too.
#[test]
fn the_lint_finds_an_address_that_no_host_has() {
    for (address, is_found) in
        [("10.0.0.1", false), ("::1", false), ("::ffff:10.0.0.1", true), ("0.0.0.0", true)]
    {
        let names = subject_alt_name(&[address.to_owned()], &[]).unwrap();
        assert_eq!(rules_with(BASE_POINT, Some(names)).contains(&"host"), is_found, "{address}");
    }
}
