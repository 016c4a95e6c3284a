//! Object identifiers of CMP, CRMF and the algorithms by which messages are protected.

use der::asn1::ObjectIdentifier;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: ObjectIdentifier =
            ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    /// id-PasswordBasedMac (RFC 4211 4.4)
    PBM = "1.2.840.113533.7.66.13";
    /// id-PBMAC1 (RFC 8018 7.1)
    PBMAC1 = "1.2.840.113549.1.5.14";
    /// id-PBKDF2
    PBKDF2 = "1.2.840.113549.1.5.12";
    /// id-sha384
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// id-sha512
    SHA512 = "2.16.840.1.101.3.4.2.3";
    /// hMAC-SHA1 of PKIX, which OpenSSL sends by default
    HMAC_SHA1_PKIX = "1.3.6.1.5.5.8.1.2";
    /// id-hmacWithSHA1
    HMAC_SHA1 = "1.2.840.113549.2.7";
    /// id-hmacWithSHA256
    HMAC_SHA256 = "1.2.840.113549.2.9";
    /// id-hmacWithSHA384
    HMAC_SHA384 = "1.2.840.113549.2.10";
    /// id-hmacWithSHA512
    HMAC_SHA512 = "1.2.840.113549.2.11";
    /// id-it-implicitConfirm
    IMPLICIT_CONFIRM = "1.3.6.1.5.5.7.4.13";
    /// id-it-confirmWaitTime
    CONFIRM_WAIT_TIME = "1.3.6.1.5.5.7.4.14";
    /// id-regCtrl-pkiArchiveOptions
    ARCHIVE_OPTIONS = "1.3.6.1.5.5.7.5.1.4";
    /// id-regCtrl-oldCertID
    OLD_CERTIFICATE = "1.3.6.1.5.5.7.5.1.5";
    /// id-regCtrl-protocolEncrKey
    ENCRYPTION_KEY = "1.3.6.1.5.5.7.5.1.6";
}
