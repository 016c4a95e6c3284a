//! An officer's desk, `yinxin desk`, and a browser that speaks to it as the test wants.

use crate::web::{Page, encode};
use crate::{Office, Running, binary};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use tokio::net::TcpStream;

/// One desk and its browser.
pub struct Desk {
    pub running: Running,
    /// Name and port, as the link says.
    pub host: String,
    /// What stands behind `#` in the link.
    pub secret: String,
    pub cookie: String,
    pub passphrase: String,
}

impl Desk {
    /// Starts the desk of a first person; nobody has used its link.
    pub fn of(office: &Office, person: &str) -> Self {
        let file = office.path(&format!("people/{person}.passphrase"));
        let passphrase = keys::passphrase_from_file(&file).unwrap();
        Self::started(Self::command(office, person), &passphrase)
    }

    /// What starts the desk of a first person.
    pub fn command(office: &Office, person: &str) -> Command {
        let at = |end: &str| office.path(&format!("people/{person}.{end}"));
        let mut command = Command::new(binary("yinxin"));
        command.args(["--json", "desk"]).arg("--cert").arg(at("pem")).arg("--key").arg(at("key"));
        command.arg("--trust").arg(office.path("ca/trust.json"));
        command.env("XDG_STATE_HOME", office.path("state"));
        command
    }

    /// The desk that a command starts, which says so to machines.
    pub fn started(mut command: Command, passphrase: &str) -> Self {
        command.env_remove("LANG");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let link = told["link"].as_str().unwrap().strip_prefix("http://").unwrap();
        let (host, secret) = link.split_once("/#").unwrap();
        Self {
            running: Running::new(child),
            host: host.into(),
            secret: secret.into(),
            cookie: String::new(),
            passphrase: passphrase.to_owned(),
        }
    }

    /// The same with its link used and its key open.
    pub async fn open(office: &Office, person: &str) -> Self {
        let mut desk = Self::of(office, person);
        desk.enter().await;
        desk
    }

    /// Uses the link and opens the key.
    pub async fn enter(&mut self) {
        let entered = self.post("/open", &[("secret", &self.secret)]).await;
        assert_eq!((entered.status, entered.header("location")), (303, "/"), "{}", entered.text);
        self.cookie = entered.cookie();
        let opened = self.act("/key", "/key", &[("passphrase", &self.passphrase)]).await;
        assert_eq!((opened.status, opened.header("location")), (303, "/"), "{}", opened.text);
    }

    /// The link.
    pub fn link(&self) -> String {
        format!("http://{}/#{}", self.host, self.secret)
    }

    /// The origin of its pages.
    pub fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// GET as a browser does.
    pub async fn get(&self, path: &str) -> Page {
        self.send("GET", path, &[("host", &self.host), ("cookie", &self.cookie)], "").await
    }

    /// POST as a page of the desk does, but for the token.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let origin = self.origin();
        let fields = [
            ("host", self.host.as_str()),
            ("cookie", &self.cookie),
            ("origin", &origin),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &fields, &encode(form)).await
    }

    /// Opens a page and sends a form of it, with what is hidden in the page.
    pub async fn act(&self, page: &str, action: &str, form: &[(&str, &str)]) -> Page {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        let (token, digest) = (hidden(&shown.text, "token"), hidden(&shown.text, "digest"));
        let mut all = vec![("token", token.as_str()), ("digest", digest.as_str())];
        all.extend(form);
        self.post(action, &all).await
    }

    /// What a page lets its reader save.
    pub async fn save(&self, path: &str) -> (String, Bytes) {
        let fields = [("host", self.host.as_str()), ("cookie", &self.cookie)];
        let (parts, bytes) = self.raw("GET", path, &fields, "").await;
        assert_eq!(parts.status, 200, "{path}");
        let kind = parts.headers.get("content-type").unwrap();
        (kind.to_str().unwrap().to_owned(), bytes)
    }

    /// Any request; fields with empty values are left out.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Page {
        let (parts, bytes) = self.raw(method, path, fields, body).await;
        Page {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn raw(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> (http::response::Parts, Bytes) {
        let (_, port) = self.host.rsplit_once(':').unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()));
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::<Bytes>::from(body.to_owned())).unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        (parts, body.collect().await.unwrap().to_bytes())
    }
}

/// The value of the first hidden field of a name; empty if there is none.
pub fn hidden(text: &str, name: &str) -> String {
    let field = text.split_once(&format!("name=\"{name}\" value=\""));
    let value = field.and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value);
    value.unwrap_or_default().replace("&#34;", "\"").replace("&quot;", "\"")
}
