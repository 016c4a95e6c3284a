//! A router behind a listener: what every service is, and the gate is not.

use super::accept::{Accepted, Endpoint, Handshake, Rejected};
use super::activity::{Activity, drive, http2_builder};
use super::limits::Limits;
use super::pace::{AnswerBody, PacedBody, PacedStream};
use super::places::PeerStanding;
use crate::peer::TlsConnection;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pki::Certificate;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt;

/// Whose connections count as proven.
#[derive(Clone)]
pub enum Proof {
    /// Nobody's.
    Nothing,
    /// Whoever ended the handshake, since the listener requires a certificate that leads to the
    /// root.
    Handshake,
    /// Those whose certificate one of these issuers signed, since the listener asks for any.
    SignedBy(Vec<Certificate>),
}

/// A router with the limits of its listener.
#[derive(Clone)]
pub struct Site {
    /// What is served; every request carries a [`TlsConnection`].
    pub router: Router,
    /// What the listener puts up with.
    pub limits: Limits,
    /// Whose connections count as proven.
    pub proof: Proof,
    /// Whether a path is a brake: they alone are served in reserved places.
    pub is_brake: fn(&str) -> bool,
    /// The answer to everything else there.
    pub busy: fn() -> Response<Body>,
    /// Hears that the listener has no place left, or has one again.
    pub full: Arc<dyn Fn(bool) + Send + Sync>,
    /// Hears that few places are left, or enough again.
    pub nearly_full: Arc<dyn Fn(bool) + Send + Sync>,
}

impl Endpoint for Site {
    /// Whether the peer is proven.
    type Peer = bool;

    fn limits(&self) -> Limits {
        self.limits.clone()
    }

    fn peer(&self, handshake: &Handshake) -> (bool, PeerStanding) {
        let leaf = handshake.chain.first().and_then(|der| Certificate::read(der).ok());
        let proven = leaf.filter(|leaf| match &self.proof {
            Proof::Nothing => false,
            Proof::Handshake => true,
            Proof::SignedBy(issuers) => issuers.iter().any(|one| leaf.is_signed_by(one.key())),
        });
        match proven {
            Some(leaf) => (true, PeerStanding::Proven(leaf.sha256())),
            None => (false, PeerStanding::Unproven),
        }
    }

    fn reject(&self, source: SocketAddr, _: Option<&bool>, why: Rejected) {
        tracing::debug!(%source, ?why, "connection");
    }

    fn full(&self, is_full: bool) {
        (self.full)(is_full);
    }

    fn nearly_full(&self, is_nearly_full: bool) {
        (self.nearly_full)(is_nearly_full);
    }

    async fn serve(self: Arc<Self>, accepted: Accepted<bool>) {
        let Accepted { stream, handshake, peer: is_proven, slot, stopping, .. } = accepted;
        let http2 = handshake.http2;
        let certificate = handshake.chain.into_iter().next().map(Arc::new);
        let connection = TlsConnection { sni: handshake.sni, certificate };
        let router = self.router.clone().layer(axum::Extension(connection));
        let activity = Arc::new(Activity::default());
        let is_reserved = slot.is_reserved();
        let (site, active) = (self.clone(), activity.clone());
        let service = service_fn(move |request| {
            site.clone().answer(router.clone(), active.clone(), is_reserved, request)
        });
        let io = TokioIo::new(PacedStream::new(stream, self.limits.body));
        // A reserved place is for one question, not for a stay.
        let may_stay = is_proven && !is_reserved;
        if http2 {
            let speaking = http2_builder().serve_connection(io, service);
            drive(
                speaking,
                |c| c.graceful_shutdown(),
                &activity,
                &self.limits,
                may_stay,
                &stopping,
            )
            .await;
        } else {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(self.limits.header);
            builder.max_buf_size(64 * 1024).max_headers(128).half_close(false);
            let speaking = builder.serve_connection(io, service);
            drive(
                speaking,
                |c| c.graceful_shutdown(),
                &activity,
                &self.limits,
                may_stay,
                &stopping,
            )
            .await;
        }
    }
}

impl Site {
    async fn answer(
        self: Arc<Self>,
        router: Router,
        activity: Arc<Activity>,
        is_reserved: bool,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let under_way = activity.begin();
        let is_http1 = request.version() < http::Version::HTTP_2;
        let refused = is_reserved && !(self.is_brake)(request.uri().path());
        let mut response = if refused {
            (self.busy)()
        } else {
            let limit = self.limits.body;
            let request = request.map(|body| Body::new(PacedBody::new(body, limit)));
            let Ok(response) = router.oneshot(request).await;
            response
        };
        if is_reserved {
            activity.close.cancel();
            if is_http1 {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
        }
        Ok(response.map(|inner| AnswerBody { inner, answer: under_way.answer(!is_http1) }))
    }
}
