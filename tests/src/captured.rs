//! A captured portal or log: its own names and keys in other hands, with routes and answers that
//! whoever holds them chose.

use crate::processes::until;
use crate::{Office, Officer};
use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use mtls::listen::{Limits, Proof, Site};
use mtls::tls::{ClientAuth, Identity, server};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Stands where a process of the portal stood, as long as it lives.
pub struct Captured {
    _stop: oneshot::Sender<()>,
}

/// What is made of an answer.
pub type Changed = Arc<Mutex<Box<dyn Fn(Value) -> Value + Send>>>;

impl Office {
    /// Ends a process of the portal and puts these routes in its place; returns when they stand
    /// there.
    pub async fn capture(&mut self, process: &str, routes: Router) -> Captured {
        self.stop(&format!("portal-{process}"));
        let url =
            if process == "public" { &self.trust.portal_public } else { &self.trust.portal_staff };
        let (_, port) = url.rsplit_once(':').unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()));
        let issuing = std::fs::read(self.path("ca/public/ca/issuing-1.cer")).unwrap();
        let issuing = pki::Certificate::read(&issuing).unwrap();
        let clients = match process {
            "public" => ClientAuth::None,
            _ => ClientAuth::Optional { issuers: vec![issuing.subject().der().to_vec()] },
        };
        let tls = server(self.portal_identity(process), &clients, &["http/1.1"]).unwrap();
        stands(address, tls, routes).await
    }

    /// Ends the status service and puts these routes in its place, for whoever reports a loss.
    pub async fn capture_status(&mut self, routes: Router) -> Captured {
        self.stop("status");
        let (_, port) = self.trust.status.rsplit_once(':').unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()));
        let path = |end: &str| self.path(&format!("ca/status/tls.{end}"));
        let identity = Identity::from_files(&path("pem"), &path("key")).unwrap();
        let tls = server(identity, &ClientAuth::None, &["http/1.1"]).unwrap();
        stands(address, tls, routes).await
    }

    /// Stands between the staff's process and the issuer: what is called is noted, and `lost` is
    /// never answered.
    pub async fn stand_before_issuer(&mut self, lost: &'static str) -> Arc<Mutex<Vec<String>>> {
        let path = |end: &str| self.path(&format!("ca/issuer/tls.{end}"));
        let identity = Identity::from_files(&path("pem"), &path("key")).unwrap();
        let tls = server(identity, &ClientAuth::None, &["http/1.1"]).unwrap();
        let (called, issuer) = (Arc::new(Mutex::new(Vec::new())), self.issuer_for("staff"));
        let (noted, issuer) = (called.clone(), Arc::new(issuer));
        let router = Router::new().fallback(move |uri: Uri, body: Bytes| {
            let (noted, issuer) = (noted.clone(), issuer.clone());
            async move {
                noted.lock().unwrap().push(uri.path().to_owned());
                if uri.path() == lost {
                    return service::problem::busy();
                }
                let answer = issuer.0.post(uri.path(), body.to_vec()).await.unwrap();
                answer.map(axum::body::Body::from)
            }
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port(12)));
        tokio::spawn(serve(address, tls, router, std::future::pending()));
        let config = self.path("portal.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let there = format!("https://localhost:{}", address.port());
        self.stop("portal-staff");
        std::fs::write(&config, text.replace(&self.issuer_address(), &there)).unwrap();
        self.start("portal-staff", &[]).await;
        called
    }

    /// Stands before the log with its keys: it asks the log in the name of an auditor, and answers
    /// what is made of that. Gives the trust file that leads there.
    pub async fn stand_before_log(&self, auditor: &Officer, changed: Changed) -> PathBuf {
        let path = |end: &str| self.path(&format!("ca/log/tls.{end}"));
        let identity = Identity::from_files(&path("pem"), &path("key")).unwrap();
        let tls = server(identity, &ClientAuth::None, &["http/1.1"]).unwrap();
        let log = Arc::new(self.client(&self.trust.log, Some(auditor.identity())));
        let router = Router::new().fallback(move |uri: Uri, body: Bytes| {
            let (log, changed) = (log.clone(), changed.clone());
            async move {
                let answer = log.post(uri.path(), body.to_vec()).await.unwrap();
                let make = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap();
                let made = changed.lock().unwrap()(make(answer.body()));
                // What says which code it is, is a refusal.
                let status = if made.get("code").is_some() { 409 } else { 200 };
                let body = axum::body::Body::from(made.to_string());
                axum::http::Response::builder().status(status).body(body).unwrap()
            }
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port(23)));
        tokio::spawn(serve(address, tls, router, std::future::pending()));
        until("somebody listens there", async || TcpStream::connect(address).await.is_ok()).await;
        let log = format!("https://localhost:{}", address.port());
        let trust = records::trust::Trust { log, ..self.trust.clone() };
        let file = self.path("trust-of-captured-log.json");
        std::fs::write(&file, serde_json::to_vec(&trust).unwrap()).unwrap();
        file
    }

    /// The issuer, as a process of the portal speaks to it.
    pub fn issuer_for(&self, process: &str) -> ca_api::Issuer {
        let identity = Some(self.portal_identity(process));
        ca_api::Issuer(self.client(&self.issuer_address(), identity))
    }

    fn portal_identity(&self, process: &str) -> Identity {
        let path = |end: &str| self.path(&format!("portal/{process}.{end}"));
        Identity::from_files(&path("pem"), &path("key")).unwrap()
    }
}

/// Serves these routes; returns when they stand there.
async fn stands(address: SocketAddr, tls: Arc<rustls::ServerConfig>, routes: Router) -> Captured {
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let ended = async { drop(stopped.await) };
        serve(address, tls, routes, ended).await.unwrap();
    });
    until("somebody listens there", async || TcpStream::connect(address).await.is_ok()).await;
    Captured { _stop: stop }
}

/// Serves routes of a test's choosing until `stop` ends; a test is its only client.
pub async fn serve(
    address: SocketAddr,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let minute = Duration::from_secs(60);
    let limits = Limits {
        proven: 0,
        proven_per_source: 0,
        unproven: 256,
        per_source: 256,
        handshakes: 256,
        handshakes_per_source: 256,
        reserved: 0,
        reserved_per_source: 0,
        reserved_for_strangers: false,
        handshake: minute,
        header: minute,
        body: minute,
        reserved_time: minute,
        idle: minute,
        life: 60 * minute,
        body_bytes: 1 << 30,
        requests_of_one: 256,
        requests_of_source: 256,
    };
    let site = Site {
        router,
        limits,
        proof: Proof::Nothing,
        is_brake: |_| false,
        busy: service::problem::busy,
        refuse: service::problem::refuse,
        full: Arc::new(|_| ()),
        nearly_full: Arc::new(|_| ()),
    };
    mtls::listen::serve(TcpListener::bind(address).await?, Some(tls), site, stop).await
}
