//! What both proxies are measured with: clients, certificates, and how long requests take.

use crate::bench::cpu::seconds as cpu;
use crate::wait::until;
use anyhow::{Context, ensure};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mtls::tls::{Identity, client};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// Documents that are asked for.
pub(super) const PATHS: usize = 500;
const WARM: Duration = Duration::from_secs(1);
/// Connections of nginx, to clients and to the application, at least.
const NGINX_FILES: usize = 2_048;

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) struct GateLoad {
    /// Clients at once.
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    /// New connections instead of kept ones.
    pub(crate) handshakes: bool,
    /// So many connections that stay without a request, instead.
    pub(crate) idle: Option<usize>,
    /// Whether an identity token is good for a connection.
    pub(crate) shared_identity: bool,
    /// So many seconds at full rate, instead.
    pub(crate) lasting: Option<u64>,
    /// A start behind so many MiB of records that the log did not take, instead.
    pub(crate) spooled: Option<u64>,
}

/// One measurement.
pub(super) struct Figure {
    pub(super) rate: f64,
    pub(super) cpu: f64,
    pub(super) median: Duration,
    pub(super) late: Duration,
}

/// Everything that both proxies are measured with.
pub(super) struct Stage {
    pub(super) home: PathBuf,
    /// How each person connects: nothing of a connection is taken up by another one.
    pub(super) people: Vec<TlsConnector>,
    pub(super) wanted: GateLoad,
}

/// A proxy that runs.
pub(super) struct Proxy {
    pub(super) name: &'static str,
    pub(super) port: u16,
    pub(super) child: Child,
}

/// How somebody connects whose key and certificate lie there.
pub(super) fn connector(path: &Path, root: [u8; 32]) -> anyhow::Result<TlsConnector> {
    let identity = Identity::from_files(&path.with_extension("pem"), &path.with_extension("key"))?;
    Ok(TlsConnector::from(client(root, Some(identity))?))
}

/// Starts a proxy on core 0; everything else runs on the others.
pub(super) fn pinned(command: &mut Command, more: &[&str]) -> anyhow::Result<Child> {
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", "0"]).arg(command.get_program()).args(command.get_args()).args(more);
    let null = || Stdio::null();
    pinned.stdin(null()).stdout(null()).stderr(null()).spawn().context("taskset")
}

/// What one connection of a person is asked on.
pub(super) type Sender = http1::SendRequest<Empty<bytes::Bytes>>;

/// Asks for a document; gives the status.
pub(super) async fn ask(sender: &mut Sender, number: usize) -> anyhow::Result<u16> {
    let path = format!("/documents/sz-office/2026-{:03}", number % PATHS);
    let request = http::Request::builder().uri(path).header("host", "localhost");
    sender.ready().await?;
    let answer = sender.send_request(request.body(Empty::new())?).await?;
    let status = answer.status().as_u16();
    answer.into_body().collect().await?;
    Ok(status)
}

impl Stage {
    /// nginx with mTLS and nothing else to do.
    pub(super) fn nginx(
        &self,
        binary: &Path,
        city: &Path,
        port: u16,
        application: u16,
    ) -> anyhow::Result<Child> {
        let home = self.home.join("nginx");
        std::fs::create_dir_all(&home)?;
        let at = home.display();
        let gate = city.join("gate");
        let config = format!(
            "daemon off;\nworker_processes 1;\nmaster_process off;\npid {at}/pid;\n\
             error_log {at}/error.log;\nworker_rlimit_nofile {files};\n\
             events {{ worker_connections {files}; }}\nhttp {{\n\
             access_log off;\nclient_body_temp_path {at}/a;\nproxy_temp_path {at}/b;\n\
             fastcgi_temp_path {at}/c;\nuwsgi_temp_path {at}/d;\nscgi_temp_path {at}/e;\n\
             upstream application {{ server 127.0.0.1:{application}; keepalive 128; }}\n\
             server {{\nlisten 127.0.0.1:{port} ssl;\nssl_protocols TLSv1.3;\n\
             ssl_certificate {gate}/tls.pem;\nssl_certificate_key {gate}/tls.key;\n\
             ssl_client_certificate {city}/chain.pem;\nssl_verify_client on;\nssl_verify_depth 2;\n\
             keepalive_timeout 3600;\nkeepalive_requests 10000000;\n\
             location / {{ proxy_pass http://application;\n\
             proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n",
            gate = gate.display(),
            city = city.display(),
            files = 2 * self.wanted.idle.unwrap_or(NGINX_FILES / 2).max(NGINX_FILES / 2),
        );
        let read =
            |name: &str| std::fs::read_to_string(city.join(format!("ca/public/ca/{name}.pem")));
        std::fs::write(city.join("chain.pem"), read("issuing-1")? + &read("root")?)?;
        let path = home.join("nginx.conf");
        std::fs::write(&path, config)?;
        pinned(Command::new(binary).arg("-c").arg(path), &[])
    }

    /// Waits until a proxy answers.
    pub(super) async fn answers(&self, port: u16) -> anyhow::Result<()> {
        until(&format!("an answer from port {port}"), Duration::from_secs(30), async || {
            let Ok(mut sender) = self.connect(0, port).await else { return Ok(None) };
            Ok(matches!(ask(&mut sender, 0).await, Ok(200)).then_some(()))
        })
        .await
    }

    /// Connects as one of the people.
    pub(super) async fn connect(&self, person: usize, port: u16) -> anyhow::Result<Sender> {
        connect(self.people.get(person % self.people.len()).context("person")?, port).await
    }

    /// Closed-loop clients on kept connections, or on a new one each time.
    pub(super) async fn measure(&self, proxy: &Proxy, seconds: u64) -> anyhow::Result<Figure> {
        let port = proxy.port;
        let mut senders = Vec::new();
        for person in 0..self.wanted.connections {
            let tls = self.people.get(person % self.people.len()).context("person")?.clone();
            let kept = match self.wanted.handshakes {
                true => None,
                false => Some(connect(&tls, port).await?),
            };
            senders.push((tls, kept));
        }
        let began = Instant::now();
        let time = (began + WARM, began + WARM + Duration::from_secs(seconds));
        let mut tasks: JoinSet<anyhow::Result<Vec<Duration>>> = JoinSet::new();
        for (at, (tls, mut kept)) in senders.into_iter().enumerate() {
            tasks.spawn(async move {
                let mut times = Vec::new();
                let mut number = at * 31;
                while Instant::now() < time.1 {
                    let asked = Instant::now();
                    let status = match &mut kept {
                        Some(sender) => ask(sender, number).await?,
                        None => ask(&mut connect(&tls, port).await?, number).await?,
                    };
                    ensure!(status == 200, "a request was refused");
                    number += 1;
                    if asked >= time.0 {
                        times.push(asked.elapsed());
                    }
                }
                Ok(times)
            });
        }
        figure(tasks, time, proxy.child.id()).await
    }
}

/// What came of clients that note how long each request took from a moment on.
async fn figure(
    mut tasks: JoinSet<anyhow::Result<Vec<Duration>>>,
    (from, end): (Instant, Instant),
    pid: u32,
) -> anyhow::Result<Figure> {
    tokio::time::sleep_until(from.into()).await;
    let before = cpu(pid)?;
    tokio::time::sleep_until(end.into()).await;
    let used = cpu(pid)? - before;
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let count = times.len() as f64;
    Ok(Figure {
        rate: count / (end - from).as_secs_f64(),
        cpu: used / count * 10_000.0,
        median: at(50),
        late: at(99),
    })
}

/// Connects as a person.
pub(super) async fn connect(tls: &TlsConnector, port: u16) -> anyhow::Result<Sender> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect("localhost".try_into()?, stream).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
