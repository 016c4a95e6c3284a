//! The gate with all its duties against plain nginx with mTLS, in the same run: the same
//! application, clients, certificates and core. Rates wobble on a shared machine; CPU per request
//! and ratios do less.

mod connections;
mod lasting;

use super::cpu::seconds as cpu;
use super::floor;
use crate::city::City;
use crate::demo::act::Actor;
use crate::found::{Sample, found, gate_ports};
use crate::processes::Running;
use crate::tool::which;
use crate::wait::until;
use anyhow::{Context, ensure};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mtls::tls::{Identity, client};
use pki::Certificate;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

const PEOPLE: usize = 8;
const PATHS: usize = 500;
const ROUNDS: usize = 3;
const WARM: Duration = Duration::from_secs(1);
/// Connections of nginx, to clients and to the application, at least.
const NGINX_FILES: usize = 2_048;

/// What the gate puts up with while connections themselves are measured.
const MANY: &str = "\n[limits]\nconnections = 65536\nconnections_of_one = 65536\n\
                    handshakes = 4096\nhandshakes_of_source = 4096\nidle_seconds = 3600\n";

/// Few people ask for everybody here.
const UNMETERED: &str = "requests_of_one_a_minute = 4000000000\n";

/// What is measured.
#[derive(Clone, Copy)]
pub(super) struct GateLoad {
    /// Clients at once.
    pub(super) connections: usize,
    pub(super) seconds: u64,
    /// New connections instead of kept ones.
    pub(super) handshakes: bool,
    /// So many connections that stay without a request, instead.
    pub(super) idle: Option<usize>,
    /// Whether an identity token is good for a connection.
    pub(super) shared_identity: bool,
    /// So many seconds at full rate, instead.
    pub(super) lasting: Option<u64>,
}

/// One measurement.
struct Figure {
    rate: f64,
    cpu: f64,
    median: Duration,
    late: Duration,
}

/// Everything that both proxies are measured with.
struct Stage {
    home: PathBuf,
    /// How each person connects: nothing of a connection is taken up by another one.
    people: Vec<TlsConnector>,
    wanted: GateLoad,
}

/// A proxy that runs.
struct Proxy {
    name: &'static str,
    port: u16,
    child: Child,
}

/// Runs the bench and prints its table.
pub(super) async fn run(wanted: GateLoad) -> anyhow::Result<()> {
    let nginx = which("nginx").context("nginx; next: apt-get install nginx-light")?;
    // Every connection takes one here, one in each proxy and one at the application.
    service::raise_open_files();
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    let folder = home.path().join("city");
    eprintln!("founding a city with a gate and {PEOPLE} people …");
    found(&folder, &Sample::default())?;
    let mut running = Running::start(&folder).await?;
    crate::gate::join(&folder)?;
    let city = City::read(&folder)?;
    let [port, admin, application] = gate_ports(&city)?;
    tokio::spawn(origin(TcpListener::bind(("127.0.0.1", application)).await?));
    let people = people(&folder)?;
    let root = std::fs::read_to_string(folder.join(&city.ca.root_pem))?;
    let root =
        pki::pem::read(root.as_bytes(), pki::pem::Kind::Certificate)?.pop().context("root")?;
    let root = Certificate::read(&root)?.sha256();
    let people: anyhow::Result<Vec<TlsConnector>> =
        people.iter().map(|path| connector(path, root)).collect();
    let stage = Stage { home: home.path().to_owned(), people: people?, wanted };
    let path = folder.join("gate/agent.toml");
    let mut text = std::fs::read_to_string(&path)?;
    if wanted.shared_identity {
        text.push_str("\nidentity = \"connection\"\n");
    }
    let many = wanted.handshakes || wanted.idle.is_some();
    text.push_str(if many { MANY } else { "\n[limits]\n" });
    text.push_str(UNMETERED);
    std::fs::write(path, text)?;
    let other = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
    let plain = stage.nginx(&nginx, &folder, other, application)?;
    let agent = pinned(
        Command::new(crate::tool::binary("agent")?).arg("--state").arg(folder.join("gate")),
        &["serve"],
    )?;
    let mut proxies = [
        Proxy { name: "nginx", port: other, child: plain },
        Proxy { name: "gate", port, child: agent },
    ];
    for proxy in &proxies {
        answers(&stage, proxy.port).await?;
    }
    match (wanted.idle, wanted.lasting) {
        (Some(count), _) => connections::idle(&stage, &proxies, count).await?,
        (None, Some(seconds)) => {
            let log = running.pid("log").context("log")?;
            let admin = mtls::Client::new(&format!("http://localhost:{admin}"), None)?;
            lasting::lasting(&stage, &proxies, seconds, (log, &admin)).await?;
        }
        (None, None) => compare(&stage, &proxies).await?,
    }
    for proxy in &mut proxies {
        end(&mut proxy.child)?;
    }
    running.stop().await
}

/// Measures both again and again, and prints the ratios.
async fn compare(stage: &Stage, [plain, gate]: &[Proxy; 2]) -> anyhow::Result<()> {
    let GateLoad { connections, seconds, handshakes, .. } = stage.wanted;
    let (clients, each) = match handshakes {
        true => ("clients, a new connection for each request", "connections/s"),
        false => ("connections", "requests/s"),
    };
    println!(
        "{connections} {clients}, {PEOPLE} people, {PATHS} paths, {seconds} s a round, one core each"
    );
    println!("durable writes of the disk (520 bytes) {:>8.0} /s", floor::durable(&stage.home)?);
    println!("{:<10} {each:>13} {:>14} {:>10} {:>10}", "", "CPU s / 10,000", "median", "p99");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let base = stage.measure(plain, seconds).await?;
        let ours = stage.measure(gate, seconds).await?;
        for (name, figure) in [(plain.name, &base), (gate.name, &ours)] {
            println!(
                "{name:<10} {:>13.0} {:>14.3} {:>10.2?} {:>10.2?}",
                figure.rate, figure.cpu, figure.median, figure.late
            );
        }
        ratios.push((ours.rate / base.rate, ours.cpu / base.cpu));
    }
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (rate, _) = ratios.get(ROUNDS / 2).copied().unwrap_or_default();
    ratios.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (_, cpu) = ratios.get(ROUNDS / 2).copied().unwrap_or_default();
    println!("gate ÷ nginx, median of {ROUNDS}:  {each} {rate:.2}   CPU of each {cpu:.2}");
    Ok(())
}

/// How somebody connects whose key and certificate lie there.
fn connector(path: &Path, root: [u8; 32]) -> anyhow::Result<TlsConnector> {
    let identity = Identity::from_files(&path.with_extension("pem"), &path.with_extension("key"))?;
    Ok(TlsConnector::from(client(root, Some(identity))?))
}

/// Starts a proxy on core 0; everything else runs on the others.
fn pinned(command: &mut Command, more: &[&str]) -> anyhow::Result<Child> {
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", "0"]).arg(command.get_program()).args(command.get_args()).args(more);
    let null = || Stdio::null();
    pinned.stdin(null()).stdout(null()).stderr(null()).spawn().context("taskset")
}

fn end(child: &mut Child) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("pid")?;
    kill_process(pid, Signal::TERM)?;
    child.wait()?;
    Ok(())
}

/// People of one unit with certificates and keys in clear.
fn people(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let actor = Actor::new(folder)?;
    std::fs::create_dir_all(folder.join("demo"))?;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = actor.register(&format!("测试{number}"), "sz-office")?;
        let letter = actor.letter(&person, "official")?;
        let to = folder.join(format!("demo/bench-{number}"));
        let order = actor.submit(&letter, &to)?;
        actor.approve_online(&order, 0)?;
        actor.approve_online(&order, 1)?;
        actor.collect(&letter, &to)?;
        people.push(to);
    }
    Ok(people)
}

/// An application that answers with one KiB.
async fn origin(listener: TcpListener) {
    let answer =
        [b"HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n".as_slice(), [b'.'; 1024].as_slice()]
            .concat();
    let answer = Arc::new(answer);
    while let Ok((mut stream, _)) = listener.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let mut bytes = Vec::with_capacity(4096);
            loop {
                match stream.read_buf(&mut bytes).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
                while let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                    bytes.drain(..end + 4);
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

/// Waits until a proxy answers.
async fn answers(stage: &Stage, port: u16) -> anyhow::Result<()> {
    until(&format!("an answer from port {port}"), Duration::from_secs(30), async || {
        let Ok(mut sender) = stage.connect(0, port).await else { return Ok(None) };
        Ok(matches!(ask(&mut sender, 0).await, Ok(200)).then_some(()))
    })
    .await
}

type Sender = http1::SendRequest<Empty<bytes::Bytes>>;

async fn ask(sender: &mut Sender, number: usize) -> anyhow::Result<u16> {
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
    fn nginx(
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

    async fn connect(&self, person: usize, port: u16) -> anyhow::Result<Sender> {
        connect(self.people.get(person % self.people.len()).context("person")?, port).await
    }

    /// Closed-loop clients on kept connections, or on a new one each time.
    async fn measure(&self, proxy: &Proxy, seconds: u64) -> anyhow::Result<Figure> {
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

async fn connect(tls: &TlsConnector, port: u16) -> anyhow::Result<Sender> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect("localhost".try_into()?, stream).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
