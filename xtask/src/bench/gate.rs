//! The gate with all its duties against plain nginx with mTLS, in the same run: the same
//! application, clients, certificates and core. Rates wobble on a shared machine; CPU per request
//! and ratios do less.

mod connections;
mod lasting;
mod stage;
mod starting;

pub(super) use stage::GateLoad;

use super::floor;
use crate::city::City;
use crate::demo::act::Actor;
use crate::found::{Sample, found, gate_ports};
use crate::processes::Running;
use crate::tool::which;
use anyhow::Context;
use pki::Certificate;
use stage::{PATHS, Proxy, Stage, connector};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;

const PEOPLE: usize = 8;
const ROUNDS: usize = 3;

/// What the gate puts up with while connections themselves are measured.
const MANY: &str = "\n[limits]\nconnections = 65536\nconnections_of_one = 65536\n\
                    handshakes = 4096\nhandshakes_of_source = 4096\nidle_seconds = 3600\n";

/// Few people ask for everybody here.
const UNMETERED: &str = "requests_of_one_a_minute = 4000000000\n";

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
    crate::gate::join(&folder, &[])?;
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
    let agent = starting::serve(&folder.join("gate"))?;
    let mut proxies = [
        Proxy { name: "nginx", port: other, child: plain },
        Proxy { name: "gate", port, child: agent },
    ];
    for proxy in &proxies {
        stage.answers(proxy.port).await?;
    }
    let admin = mtls::Client::new(&format!("http://localhost:{admin}"), None)?;
    if let Some(count) = wanted.idle {
        connections::idle(&stage, &proxies, count).await?;
    } else if let Some(seconds) = wanted.lasting {
        let log = running.pid("log").context("log")?;
        lasting::lasting(&stage, &proxies, seconds, (log, &admin)).await?;
    } else if let Some(mebibytes) = wanted.spooled {
        let ([_, gate], state) = (&mut proxies, folder.join("gate"));
        starting::starting(&stage, gate, mebibytes, (&mut running, &admin, &state)).await?;
    } else {
        compare(&stage, &proxies).await?;
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
