//! Object identifiers: the field's, and our own under the arc that the founding statement names.

use der::asn1::ObjectIdentifier;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    /// id-at-countryName
    COUNTRY = "2.5.4.6";
    /// id-at-organizationName
    ORGANIZATION = "2.5.4.10";
    /// id-at-organizationalUnitName
    ORGANIZATIONAL_UNIT = "2.5.4.11";
    /// id-at-commonName
    COMMON_NAME = "2.5.4.3";
    /// id-at-serialNumber
    SERIAL_NUMBER = "2.5.4.5";
    /// pkcs-9-at-challengePassword
    CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7";
    /// pkcs-9-at-extensionRequest
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
    /// szOID_CERT_EXTENSIONS: the same by older programs of Windows.
    EXTENSION_REQUEST_OF_WINDOWS = "1.3.6.1.4.1.311.2.1.14";
    /// id-ce-subjectKeyIdentifier
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
    /// id-ce-keyUsage
    KEY_USAGE = "2.5.29.15";
    /// id-ce-subjectAltName
    SUBJECT_ALT_NAME = "2.5.29.17";
    SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9";
    /// id-ce-basicConstraints
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// id-ce-cRLNumber
    CRL_NUMBER = "2.5.29.20";
    /// id-ce-cRLReasons
    CRL_REASON = "2.5.29.21";
    /// id-ce-issuingDistributionPoint
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
    /// id-ce-cRLDistributionPoints
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    /// id-ce-nameConstraints
    NAME_CONSTRAINTS = "2.5.29.30";
    /// id-ce-certificatePolicies
    CERTIFICATE_POLICIES = "2.5.29.32";
    /// anyPolicy
    ANY_POLICY = "2.5.29.32.0";
    /// id-ce-authorityKeyIdentifier
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
    /// id-ce-extKeyUsage
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// id-pe-authorityInfoAccess
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";
    /// id-ad-caIssuers
    CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
    /// id-ad-ocsp
    OCSP = "1.3.6.1.5.5.7.48.1";
    /// id-pkix-ocsp-basic
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
    /// id-pkix-ocsp-nonce
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";
    /// id-sha1
    SHA1 = "1.3.14.3.2.26";
    /// id-sha256
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// id-pkix-ocsp-nocheck
    OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5";
    /// id-kp-serverAuth
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    /// id-kp-clientAuth
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    /// id-kp-emailProtection
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    /// id-kp-OCSPSigning
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
}

/// Our own arc; the sample city uses 1.3.6.1.4.1.32473 (RFC 5612). Numbers: `docs/formats.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arc(ObjectIdentifier);

impl Arc {
    /// Reads a dotted arc; `None` when it is none.
    pub fn read(text: &str) -> Option<Self> {
        ObjectIdentifier::new(text).ok().map(Self)
    }

    /// The certificate policy of profile number `n`: arc.1.n.
    pub fn policy(&self, n: u32) -> Option<ObjectIdentifier> {
        self.0.push_arc(1).ok()?.push_arc(n).ok()
    }

    /// The purpose "signs orders, people snapshots and the anchor list": arc.2.1.
    pub fn registry_signing(&self) -> Option<ObjectIdentifier> {
        self.0.push_arc(2).ok()?.push_arc(1).ok()
    }

    /// The purpose "signs loss receipts and status snapshots": arc.2.2.
    pub fn status_signing(&self) -> Option<ObjectIdentifier> {
        self.0.push_arc(2).ok()?.push_arc(2).ok()
    }
}
