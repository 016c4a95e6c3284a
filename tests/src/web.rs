//! A browser's requests, one at a time and as the test wants them: origin, cookies and all.

use crate::Office;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mtls::tls::{Identity, client};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Page {
    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The first cookie that is set, as a browser sends it back.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

/// One host as a browser sees it.
pub struct Site {
    /// `https://host:port`
    pub origin: String,
    config: Arc<ClientConfig>,
}

impl Office {
    /// The public host.
    pub fn public_site(&self) -> Site {
        self.site(&self.trust.portal_public, None)
    }

    /// The staff host, with a certificate or without.
    pub fn staff_site(&self, identity: Option<Identity>) -> Site {
        self.site(&self.trust.portal_staff, identity)
    }

    fn site(&self, origin: &str, identity: Option<Identity>) -> Site {
        let root = self.trust.root_sha256.digest().unwrap();
        let mut config = (*client(root, identity).unwrap()).clone();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Site { origin: origin.to_owned(), config: Arc::new(config) }
    }
}

impl Site {
    /// Host and port.
    pub fn host(&self) -> &str {
        self.origin.trim_start_matches("https://")
    }

    /// GET with a cookie.
    pub async fn get(&self, path: &str, cookie: &str) -> Page {
        let fields = [("cookie", cookie), ("accept", "text/html")];
        self.send("GET", path, &fields, String::new()).await
    }

    /// POST of a form as a page of this very host sends it.
    pub async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Page {
        let fields = [
            ("cookie", cookie),
            ("origin", self.origin.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", path, &fields, encode(form)).await
    }

    /// POST of a form with a file, the field of that name, as a page of this very host sends it.
    pub async fn post_file(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = String::new();
        for (name, value) in fields {
            let file = if *name == "file" { "; filename=\"roster.csv\"" } else { "" };
            body.push_str(&format!(
                "--part\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str("--part--\r\n");
        let kind = ("content-type", "multipart/form-data; boundary=part");
        self.send("POST", path, &[kind, ("origin", &self.origin)], body).await
    }

    /// Any request; fields with empty values are left out.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: String,
    ) -> Page {
        let (name, port) = self.host().rsplit_once(':').unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()));
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let stream = TlsConnector::from(self.config.clone()).connect(name, stream).await;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream.unwrap())).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", self.host());
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::<Bytes>::from(body)).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Page {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }
}

/// `application/x-www-form-urlencoded`
pub fn encode(form: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|b| match b {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(b).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> =
        form.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    pairs.join("&")
}
