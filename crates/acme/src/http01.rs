//! Where an answer to http-01 is looked for (RFC 8555 8.3): at port 80, and where that leads, which
//! is a web server again and nothing else.

use core::net::IpAddr;
use http::Uri;
use pki::host::Host;

/// Most bytes of an answer that are read.
pub const ANSWER_BYTES_MAX: usize = 1024;
/// Most redirects that are followed.
pub const REDIRECTS_MAX: usize = 10;

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// It is no address.
    #[error("重定向的地址不正确 / the address of a redirect is not valid")]
    Address,
    /// It leads to something that is no web server, as to a file.
    #[error("重定向只能到 http 或 https / a redirect leads to http or https only")]
    Scheme,
    /// It leads to another port than those of web servers.
    #[error("重定向只能到 80 或 443 端口 / a redirect leads to port 80 or 443 only")]
    Port,
}

/// A web server and a path there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebTarget {
    /// Whether TLS is spoken; whose certificate it is does not matter here.
    pub is_https: bool,
    /// The name or address.
    pub host: Host,
    /// Path and query.
    pub path: String,
    /// The port that was written, if it is another than the usual one of its scheme.
    port: Option<u16>,
}

/// The ports at which web servers are: 80 and 443, in a sample city others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebPorts {
    /// Of http.
    pub http: u16,
    /// Of https.
    pub https: u16,
}

impl WebTarget {
    /// The file of a challenge.
    pub fn of(host: Host, path: String) -> Self {
        Self { is_https: false, host, path, port: None }
    }

    /// The port to connect to.
    pub fn port(&self, ports: WebPorts) -> u16 {
        self.port.unwrap_or(if self.is_https { ports.https } else { ports.http })
    }

    /// What the `Host` field says.
    pub fn authority(&self, ports: WebPorts) -> String {
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        };
        match (self.port(ports), self.is_https) {
            (80, false) | (443, true) => host,
            (port, _) => format!("{host}:{port}"),
        }
    }

    /// Where a `Location` leads from here (RFC 3986 5.2, RFC 9110 10.2.2).
    pub fn redirect(&self, location: &str, ports: WebPorts) -> Result<Self, RedirectError> {
        let location = location.split('#').next().unwrap_or_default();
        if location.starts_with('/') && !location.starts_with("//") {
            let uri: Uri = location.parse().map_err(|_| RedirectError::Address)?;
            return Ok(Self { path: path_of(&uri), ..self.clone() });
        }
        let scheme = if self.is_https { "https" } else { "http" };
        let whole = match location.strip_prefix("//") {
            Some(rest) => format!("{scheme}://{rest}"),
            None => location.to_owned(),
        };
        let is_https = match whole.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()) {
            Some(scheme) if scheme == "http" => false,
            Some(scheme) if scheme == "https" => true,
            Some(scheme) if !scheme.contains(['/', '?']) => return Err(RedirectError::Scheme),
            _ => return Err(RedirectError::Address),
        };
        let uri: Uri = whole.parse().map_err(|_| RedirectError::Address)?;
        let authority = uri.authority().ok_or(RedirectError::Address)?;
        // Somebody's name and password are nothing that leads anywhere.
        if authority.as_str().contains('@') {
            return Err(RedirectError::Address);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let host = Host::read(&host.to_ascii_lowercase()).map_err(|_| RedirectError::Address)?;
        let usual = [80, 443, ports.http, ports.https];
        let port = authority.port_u16();
        if port.is_none() && authority.as_str().ends_with(':') {
            return Err(RedirectError::Address);
        }
        match port {
            Some(port) if !usual.contains(&port) => Err(RedirectError::Port),
            port => Ok(Self { is_https, host, path: path_of(&uri), port }),
        }
    }
}

fn path_of(uri: &Uri) -> String {
    match uri.path_and_query().map(|path| path.as_str()) {
        Some(path) if path.starts_with('/') => path.to_owned(),
        Some(query) if query.starts_with('?') => format!("/{query}"),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: WebPorts = WebPorts { http: 80, https: 443 };

    fn begin() -> WebTarget {
        WebTarget::of(Host::Name("acme.test".into()), "/.well-known/acme-challenge/t".into())
    }

    fn led(location: &str) -> Result<(bool, String, String), RedirectError> {
        let target = begin().redirect(location, USUAL)?;
        Ok((target.is_https, target.authority(USUAL), target.path.clone()))
    }

    #[test]
    fn a_redirect_leads_to_a_web_server() {
        for (location, https, authority, path) in [
            ("/other?x=1", false, "acme.test", "/other?x=1"),
            ("//www.acme.test/t", false, "www.acme.test", "/t"),
            ("https://www.acme.test/t#part", true, "www.acme.test", "/t"),
            ("HTTP://WWW.acme.test", false, "www.acme.test", "/"),
            ("https://acme.test:443/t", true, "acme.test", "/t"),
            ("https://acme.test:80/t", true, "acme.test:80", "/t"),
            ("http://127.0.0.1/t", false, "127.0.0.1", "/t"),
            ("http://[::1]/t", false, "[::1]", "/t"),
        ] {
            let expected = (https, authority.to_owned(), path.to_owned());
            assert_eq!(led(location), Ok(expected), "{location}");
        }
    }

    /// Nothing that is no web server is asked, whatever an answer says.
    #[test]
    fn a_redirect_leads_nowhere_else() {
        for (location, error) in [
            ("file:///etc/passwd", RedirectError::Scheme),
            ("ftp://acme.test/t", RedirectError::Scheme),
            ("gopher://acme.test/t", RedirectError::Scheme),
            ("data:text/plain,t", RedirectError::Scheme),
            ("unix:/run/socket", RedirectError::Scheme),
            ("http://acme.test:22/", RedirectError::Port),
            ("https://acme.test:8443/", RedirectError::Port),
            ("http://user:pass@acme.test/", RedirectError::Address),
            ("http://", RedirectError::Address),
            ("http:///etc/passwd", RedirectError::Address),
            ("http://*.acme.test/", RedirectError::Address),
            ("http://acme_test/", RedirectError::Address),
            ("relative/path", RedirectError::Address),
            ("", RedirectError::Address),
        ] {
            assert_eq!(led(location), Err(error), "{location}");
        }
    }

    #[test]
    fn the_ports_of_a_sample_city_are_its_own() {
        let ports = WebPorts { http: 5002, https: 5001 };
        let target = begin();
        assert_eq!(
            (target.port(ports), target.authority(ports).as_str()),
            (5002, "acme.test:5002")
        );
        let led = target.redirect("https://acme.test/t", ports).unwrap();
        assert_eq!(led.port(ports), 5001);
        assert!(target.redirect("http://acme.test:5002/t", ports).is_ok());
        assert!(target.redirect("http://acme.test:5003/t", ports).is_err());
    }
}
