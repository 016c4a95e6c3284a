//! One host from the handshake to the head: whoever connected to one process by its name asks no
//! other, and nobody reads a page under a name that is not the process's.

use axum::extract::Request;
use axum::http::header;
use mtls::TlsConnection;

/// Whether Host, SNI and a name of the process are one (RFC 9110 15.5.20); `is_own` says which
/// names of a handshake are the process's. Over HTTP/2 Host says nothing else than `:authority`, in
/// whatever case.
pub(crate) fn is_for_own_host(request: &Request, is_own: impl Fn(&str) -> bool) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (named, more) = (hosts.next(), hosts.next());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let differ = named
        .zip(authority)
        .is_some_and(|(host, other)| !host.as_bytes().eq_ignore_ascii_case(other.as_bytes()));
    let host = authority.or_else(|| named?.to_str().ok());
    let connection = request.extensions().get::<TlsConnection>();
    let fits = |connection: &TlsConnection| {
        connection.is_for_host(host) && connection.sni.as_deref().is_some_and(is_own)
    };
    more.is_none() && !differ && connection.is_some_and(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    const OWN: &str = "portal.example";

    /// A request as it came over a connection to `sni`, with these fields.
    fn is_taken(uri: &str, sni: &str, hosts: &[&[u8]]) -> bool {
        let mut request = axum::http::Request::builder().uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let sni = Some(sni.to_owned());
        let request = request.extension(TlsConnection { sni, ..TlsConnection::default() });
        is_for_own_host(&request.body(Body::empty()).unwrap(), |name| name == OWN)
    }

    /// By either protocol one name leads to the process, and each other one elsewhere.
    #[test]
    fn a_request_is_for_one_host() {
        let own: &[u8] = OWN.as_bytes();
        let other: &[u8] = b"staff.example";
        assert!(is_taken("/", OWN, &[own]));
        assert!(is_taken("https://portal.example/", OWN, &[]));
        assert!(is_taken("https://portal.example/", OWN, &[own]));
        assert!(is_taken("https://Portal.example/", OWN, &[own]));
        let elsewhere: [(&str, &str, &[&[u8]]); 9] = [
            ("/", OWN, &[]),
            ("/", OWN, &[other]),
            ("/", "staff.example", &[own]),
            ("/", "staff.example", &[other]),
            ("/", OWN, &[own, own]),
            ("/", OWN, &[b"\xffportal.example"]),
            ("https://staff.example/", OWN, &[]),
            ("https://portal.example/", OWN, &[other]),
            ("https://portal.example/", OWN, &[b"\xffportal.example"]),
        ];
        for (uri, sni, hosts) in elsewhere {
            assert!(!is_taken(uri, sni, hosts), "{uri} {sni} {hosts:?}");
        }
        let without = axum::http::Request::builder().uri("/").header(header::HOST, OWN);
        assert!(!is_for_own_host(&without.body(Body::empty()).unwrap(), |_| true), "no handshake");
    }
}
