//! The bit of a refusal (RFC 9810 5.2.3, RFC 9483 3.5).

use pkixcmp::{BodyKind, FailInfo};
use records::Code;
use records::code::Blame;

/// The bit of a code, in the answer to what was asked.
pub(super) fn fail_info(code: Code, asked: Option<BodyKind>) -> FailInfo {
    match code {
        Code::MessageAlgorithm | Code::KeyUnknown => FailInfo::Algorithm,
        Code::MessageProtection => FailInfo::MessageCheck,
        Code::MessageVersion => FailInfo::Version,
        Code::MessageNonce if asked.is_some() => FailInfo::RecipientNonce,
        Code::MessageNonce => FailInfo::SenderNonce,
        Code::SignedTime => FailInfo::Time,
        Code::TransactionUsed => FailInfo::TransactionInUse,
        Code::RequestSignature => FailInfo::Possession,
        // Nobody is known yet: it is the certificate by which a message was signed.
        Code::CertificateForeign | Code::CertificateExpired | Code::CertificateRequired
            if asked.is_none() =>
        {
            FailInfo::Signer
        }
        Code::CertificateForeign => FailInfo::CertificateId,
        Code::CertificateRequired => FailInfo::Integrity,
        Code::CertificateExpired => FailInfo::Signer,
        Code::CertificateRevoked => FailInfo::Revoked,
        Code::RequestMalformed
        | Code::RequestExceeds
        | Code::SystemRenewal
        | Code::KeyWeak
        | Code::KeyPublished
        | Code::KeyNotAllowed
        | Code::KeyForeign => FailInfo::Template,
        Code::SystemClosed
        | Code::SystemNames
        | Code::SystemChallenge
        | Code::SystemCaa
        | Code::SystemQuota
        | Code::SystemLive => FailInfo::NotAuthorized,
        _ if code.blame() == Blame::Us => FailInfo::Unavailable,
        Code::UnsignedAuthority => FailInfo::Failure,
        _ => FailInfo::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_bit_of_its_reason() {
        let asked = Some(BodyKind::Certification);
        for (code, bit) in [
            (Code::MessageProtection, FailInfo::MessageCheck),
            (Code::MessageAlgorithm, FailInfo::Algorithm),
            (Code::MessageVersion, FailInfo::Version),
            (Code::SignedTime, FailInfo::Time),
            (Code::CertificateForeign, FailInfo::Signer),
            (Code::CertificateRequired, FailInfo::Signer),
            (Code::MessageNonce, FailInfo::SenderNonce),
        ] {
            assert_eq!(fail_info(code, None), bit, "{code}");
        }
        for (code, bit) in [
            (Code::RequestSignature, FailInfo::Possession),
            (Code::RequestExceeds, FailInfo::Template),
            (Code::SystemNames, FailInfo::NotAuthorized),
            (Code::TransactionUsed, FailInfo::TransactionInUse),
            (Code::CertificateForeign, FailInfo::CertificateId),
            (Code::CertificateRequired, FailInfo::Integrity),
            (Code::CertificateRevoked, FailInfo::Revoked),
            (Code::MessageNonce, FailInfo::RecipientNonce),
            (Code::Malformed, FailInfo::Request),
            (Code::LogBehind, FailInfo::Unavailable),
        ] {
            assert_eq!(fail_info(code, asked), bit, "{code}");
        }
    }
}
