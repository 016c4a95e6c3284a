//! Names with a wildcard, which no profile of the city gives: RFC 5280 leaves them to others
//! (4.2.1.6), and pkilint reads no name with one; RFC 9525 6.3 does.

use pki::CertificateProfile;
use tests::workspace;

/// The services' profile, as a city would write it that gives them.
pub(super) fn profile() -> CertificateProfile {
    let path = workspace().join("policies/profiles/service.toml");
    let text = std::fs::read_to_string(path).unwrap() + "wildcards = true\n";
    CertificateProfile::read(&text).unwrap()
}

/// Whether all that pkilint finds are such names, and it finds some: once it reads them, they are
/// judged as everything else.
pub(super) fn are_all_that_is_found(findings: &[String]) -> bool {
    let is_one = |finding: &String| {
        finding.contains("pkix.invalid_domain_name_syntax") && finding.contains(": \"*.")
    };
    !findings.is_empty() && findings.iter().all(is_one)
}
