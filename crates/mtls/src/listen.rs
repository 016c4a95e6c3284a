//! Accept loops: TLS and plain HTTP. Handshakes run beside the loop with a time limit, connections
//! are counted, a stop ends idle ones at once and gives busy ones time.

use crate::peer::Connection;
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

const HANDSHAKE_SECONDS_MAX: u64 = 10;
const HEADER_SECONDS_MAX: u64 = 15;
const CONNECTIONS_MAX: usize = 2_048;
const STOP_SECONDS_MAX: u64 = 10;

/// Serves `router` over TLS until `stop` ends. Every request carries a [`Connection`].
pub async fn tls(
    address: SocketAddr,
    config: Arc<ServerConfig>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let acceptor = TlsAcceptor::from(config);
    serve(address, stop, move |stream| {
        let (acceptor, router) = (acceptor.clone(), router.clone());
        async move {
            let limit = Duration::from_secs(HANDSHAKE_SECONDS_MAX);
            let stream = tokio::time::timeout(limit, acceptor.accept(stream)).await.ok()?.ok()?;
            let (_, session) = stream.get_ref();
            let connection = Connection {
                sni: session.server_name().map(str::to_owned),
                certificate: session
                    .peer_certificates()
                    .and_then(|chain| chain.first())
                    .map(|certificate| Arc::new(certificate.to_vec())),
            };
            let http2 = session.alpn_protocol() == Some(b"h2");
            Some((stream, router.layer(axum::Extension(connection)), http2))
        }
    })
    .await
}

/// Serves `router` over plain HTTP until `stop` ends.
pub async fn plain(
    address: SocketAddr,
    router: Router,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    serve(address, stop, move |stream| {
        let router = router.clone();
        async move { Some((stream, router, false)) }
    })
    .await
}

async fn serve<S, F>(
    address: SocketAddr,
    stop: impl Future<Output = ()>,
    open: impl Fn(TcpStream) -> F,
) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Option<(S, Router, bool)>> + Send + 'static,
{
    let listener = TcpListener::bind(address).await?;
    tracing::info!(%address, "listening");
    let graceful = Arc::new(GracefulShutdown::new());
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let _ = stream.set_nodelay(true);
        let opening = open(stream);
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let _place = place;
            let Some((stream, router, http2)) = opening.await else { return };
            let mut builder = Builder::new(TokioExecutor::new());
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(HEADER_SECONDS_MAX))
                .max_buf_size(64 * 1024);
            builder
                .http2()
                .timer(TokioTimer::new())
                .max_concurrent_streams(64)
                .keep_alive_interval(Duration::from_secs(HEADER_SECONDS_MAX))
                .keep_alive_timeout(Duration::from_secs(HEADER_SECONDS_MAX));
            // The version is known from the handshake; guessing it would wait without a limit.
            let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            let _ = watcher.watch(connection).await;
        });
    }
    drop(listener);
    let Some(graceful) = Arc::into_inner(graceful) else { return Ok(()) };
    let _ = tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), graceful.shutdown()).await;
    Ok(())
}
