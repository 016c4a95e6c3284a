//! Forms in which programs of others keep certificates and keys and which are not read here, by the
//! names that people know, with the command that makes one of them which is.

use core::fmt;

/// A form that is known, and not read here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignForm {
    /// OpenSSL's certificate with what it is trusted for.
    Trusted,
    /// The text is PKCS#7 in PEM.
    Pkcs7,
    /// PKCS#7 in DER or BER.
    Pkcs7Der,
    /// PKCS#12 in DER or BER, where it is not opened.
    Pkcs12,
    /// PKCS#12 in PEM, as GnuTLS writes it.
    ArmouredPkcs12 {
        /// Whether a key is looked for in it: then PKCS#12 in DER will do.
        of_key: bool,
    },
    /// Java's own stores, JKS and JCEKS.
    JavaStore,
    /// A key of an algorithm's own format, by its label.
    OldKey(String),
    /// A block with headers (RFC 1421): of a key, OpenSSL's encryption before PKCS#8.
    Headers {
        /// Whether it is a key's.
        of_key: bool,
    },
    /// A key as OpenSSH writes it.
    OpenSsh,
    /// Lengths that are not written first.
    Ber,
}

const TRUSTED: &str = "openssl x509 -in OLD -out NEW";
const PKCS7: &str = "openssl pkcs7 -print_certs -in OLD -out NEW";
const PKCS7_DER: &str = "openssl pkcs7 -inform DER -print_certs -in OLD -out NEW";
const PKCS12: &str = "openssl pkcs12 -in OLD -out NEW";
const UNARMOURED: &str = "openssl asn1parse -strictpem -noout -in OLD -out NEW";
const ARMOURED: &str =
    "openssl asn1parse -strictpem -noout -in OLD -out DER && openssl pkcs12 -in DER -out NEW";
const JAVA: &str =
    "keytool -importkeystore -srckeystore OLD -destkeystore NEW -deststoretype PKCS12";
const PKCS8: &str = "openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW";

impl ForeignForm {
    /// How a form is called that is found where something else is looked for.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Trusted => "TRUSTED CERTIFICATE",
            Self::Pkcs7 | Self::Pkcs7Der => "PKCS#7",
            Self::Pkcs12 | Self::ArmouredPkcs12 { .. } => "PKCS#12",
            Self::JavaStore => "JKS",
            Self::OldKey(label) => label,
            Self::Headers { .. } | Self::OpenSsh => "PRIVATE KEY",
            Self::Ber => "BER",
        }
    }

    /// What it is and what to do about it, in Chinese and in English.
    fn told(&self) -> (String, String) {
        let converted = |zh: &str, en: &str, how: &str| {
            (format!("{zh}；请用 `{how}` 转换"), format!("{en}; convert it with `{how}`"))
        };
        match self {
            Self::Trusted => {
                converted("OpenSSL 的受信任证书", "OpenSSL's trusted certificate", TRUSTED)
            }
            Self::Pkcs7 => taken_out("证书", ("PKCS#7", "certificates"), PKCS7),
            Self::Pkcs7Der => taken_out("证书", ("PKCS#7", "certificates"), PKCS7_DER),
            Self::Pkcs12 => taken_out("其内容", ("PKCS#12", "its contents"), PKCS12),
            Self::ArmouredPkcs12 { of_key } => {
                let how = if *of_key { UNARMOURED } else { ARMOURED };
                converted("PEM 形式的 PKCS#12", "PKCS#12 as PEM", how)
            }
            Self::JavaStore => converted("Java 的密钥库", "a Java key store", JAVA),
            Self::OldKey(label) => {
                converted(&format!("{label} 形式的密钥"), &format!("a key as {label}"), PKCS8)
            }
            Self::Headers { of_key: false } => (
                "带有头部的数据块；请删去头部".into(),
                "a block with headers; take the headers out".into(),
            ),
            Self::Headers { of_key: true } => converted(
                "带有头部的数据块，即 OpenSSL 的旧式加密",
                "a block with headers, OpenSSL's old encryption",
                PKCS8,
            ),
            Self::OpenSsh => ("OpenSSH 形式的密钥".into(), "a key as OpenSSH writes it".into()),
            Self::Ber => ("BER；请转换为 DER".into(), "BER; convert it to DER".into()),
        }
    }
}

fn taken_out(zh: &str, (name, en): (&str, &str), how: &str) -> (String, String) {
    (format!("{name}；请用 `{how}` 取出{zh}"), format!("{name}; take {en} out with `{how}`"))
}

impl fmt::Display for ForeignForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (zh, en) = self.told();
        write!(f, "不支持：{zh} / not supported: {en}")
    }
}
