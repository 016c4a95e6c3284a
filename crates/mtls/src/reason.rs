//! Why a connection did not come about, in Chinese: known by its kind, and not by the words of a
//! library.

use rustls::{AlertDescription, CertificateError, Error};
use std::io::{self, ErrorKind};

/// Of an error of a socket, or of TLS upon it.
pub(crate) fn of_io(error: &io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    if let Some(tls) = inner {
        return of_tls(tls);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => "对方拒绝连接，服务可能没有运行",
        ErrorKind::TimedOut => "对方没有按时答复",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "网络不通",
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => "连接中断",
        ErrorKind::InvalidData => "对方所说的不是 TLS，或不合规范",
        ErrorKind::PermissionDenied => "本机不允许这个连接",
        // A resolver that knows no name has no number of the system's.
        _ if error.raw_os_error().is_none() => "找不到这个地址",
        _ => "本机的网络出错",
    }
}

/// Of what TLS refuses.
pub(crate) fn of_tls(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(certificate) => of_certificate(certificate),
        Error::NoCertificatesPresented => "对方没有出示证书",
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate,
        ) => "对方要求出示证书",
        Error::AlertReceived(AlertDescription::CertificateExpired) => "对方认为本方证书已过期",
        Error::AlertReceived(AlertDescription::CertificateRevoked) => "对方认为本方证书已吊销",
        Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied,
        ) => "对方不接受本方的证书",
        Error::AlertReceived(_) => "对方中止了 TLS 握手",
        Error::NoApplicationProtocol | Error::PeerIncompatible(_) => "双方没有共同的 TLS 参数",
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord => "对方所说的不是 TLS，或不合规范",
        Error::DecryptError => "收到的内容无法解密",
        Error::InconsistentKeys(_) => "证书与密钥不匹配",
        _ => "TLS 握手未成",
    }
}

fn of_certificate(error: &CertificateError) -> &'static str {
    use CertificateError as Wrong;
    match error {
        Wrong::Expired | Wrong::ExpiredContext { .. } => "对方的证书已过期，或本机时钟不准",
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            "对方的证书尚未生效，或本机时钟不准"
        }
        Wrong::Revoked => "对方的证书已吊销",
        Wrong::UnknownIssuer => "对方的证书不是信任文件所指的机构签发",
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "对方的证书不是为这个地址签发"
        }
        Wrong::BadSignature => "对方证书的签名不正确",
        Wrong::BadEncoding => "对方的证书不成形",
        Wrong::InvalidPurpose => "对方的证书不作此用途",
        _ => "对方的证书无法接受",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever TLS or the system refuses has words of ours.
    #[test]
    fn why_a_connection_fails_is_told_in_chinese() {
        let tls = |error: Error| io::Error::new(ErrorKind::InvalidData, error);
        for (error, zh) in [
            (ErrorKind::ConnectionRefused.into(), "对方拒绝连接，服务可能没有运行"),
            (io::Error::from_raw_os_error(104), "连接中断"),
            (io::Error::other("failed to lookup address information"), "找不到这个地址"),
            (tls(CertificateError::Expired.into()), "对方的证书已过期，或本机时钟不准"),
            (tls(CertificateError::UnknownIssuer.into()), "对方的证书不是信任文件所指的机构签发"),
            (tls(Error::AlertReceived(AlertDescription::CertificateRequired)), "对方要求出示证书"),
            (tls(Error::General("x".into())), "TLS 握手未成"),
        ] {
            assert_eq!(of_io(&error), zh, "{error}");
        }
    }
}
