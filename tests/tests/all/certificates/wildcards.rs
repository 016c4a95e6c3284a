//! Names with a wildcard, which no profile of the city gives: RFC 5280 leaves them to others
//! (4.2.1.6), and pkilint reads no name with one; RFC 9525 6.3 does.

use super::{Ceremony, judged, linted};
use pki::CertificateProfile;
use tests::workspace;

const COUNT: usize = 20;

/// OpenSSL and webpki take them, and pkilint finds nothing in them but such a name.
pub(super) fn please_who_reads_them(ceremony: &mut Ceremony) {
    let path = workspace().join("policies/profiles/service.toml");
    let text = std::fs::read_to_string(path).unwrap() + "wildcards = true\n";
    let profile = CertificateProfile::read(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..COUNT {
        let (certificate, place) = ceremony.certificate(&profile);
        judged(&certificate, &ceremony.issuing[place], &ceremony.root);
        std::fs::write(folder.path().join(format!("{number}.cer")), certificate.der()).unwrap();
    }
    let (findings, count) = linted(folder.path());
    assert_eq!(count, COUNT);
    let is_such_a_name = |finding: &String| {
        finding.contains("pkix.invalid_domain_name_syntax") && finding.contains(": \"*.")
    };
    assert!(!findings.is_empty(), "pkilint reads wildcards: judge them as everything else");
    assert!(findings.iter().all(is_such_a_name), "{}", findings.join("\n"));
}
