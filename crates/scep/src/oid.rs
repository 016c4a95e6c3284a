//! Object identifiers of CMS (RFC 5652), PKCS#9 (RFC 2985) and SCEP (RFC 8894 3.2.1).

use der::asn1::ObjectIdentifier;

macro_rules! oids {
    ($($name:ident = $text:literal;)*) => {
        $(pub(crate) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    DATA = "1.2.840.113549.1.7.1";
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    ENVELOPED_DATA = "1.2.840.113549.1.7.3";
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    MESSAGE_TYPE = "2.16.840.1.113733.1.9.2";
    PKI_STATUS = "2.16.840.1.113733.1.9.3";
    FAIL_INFO = "2.16.840.1.113733.1.9.4";
    SENDER_NONCE = "2.16.840.1.113733.1.9.5";
    RECIPIENT_NONCE = "2.16.840.1.113733.1.9.6";
    TRANSACTION_ID = "2.16.840.1.113733.1.9.7";
    FAIL_INFO_TEXT = "1.3.6.1.5.5.7.24.1";
    SHA256 = "2.16.840.1.101.3.4.2.1";
    SHA384 = "2.16.840.1.101.3.4.2.2";
    SHA512 = "2.16.840.1.101.3.4.2.3";
    RSA = "1.2.840.113549.1.1.1";
    RSA_SHA256 = "1.2.840.113549.1.1.11";
    RSA_SHA384 = "1.2.840.113549.1.1.12";
    RSA_SHA512 = "1.2.840.113549.1.1.13";
    ECDSA_SHA256 = "1.2.840.10045.4.3.2";
    ECDSA_SHA384 = "1.2.840.10045.4.3.3";
    ECDSA_SHA512 = "1.2.840.10045.4.3.4";
    AES128_CBC = "2.16.840.1.101.3.4.1.2";
    AES256_CBC = "2.16.840.1.101.3.4.1.42";
    COMMON_NAME = "2.5.4.3";
}
