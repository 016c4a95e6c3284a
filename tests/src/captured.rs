//! A captured portal: the portal's own names and keys in other hands, with routes that whoever
//! holds them chose.

use crate::Office;
use crate::processes::until;
use axum::Router;
use mtls::listen::{Limits, Proof, Site};
use mtls::tls::{ClientAuth, Identity, server};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Stands where a process of the portal stood, as long as it lives.
pub struct Captured {
    _stop: oneshot::Sender<()>,
}

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
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let ended = async { drop(stopped.await) };
            serve(address, tls, routes, ended).await.unwrap();
        });
        until("somebody listens there", async || TcpStream::connect(address).await.is_ok()).await;
        Captured { _stop: stop }
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
    };
    let site = Site {
        router,
        limits,
        proof: Proof::Nothing,
        is_brake: |_| false,
        busy: service::problem::busy,
        full: Arc::new(|_| ()),
        nearly_full: Arc::new(|_| ()),
    };
    mtls::listen::serve(TcpListener::bind(address).await?, Some(tls), site, stop).await
}
