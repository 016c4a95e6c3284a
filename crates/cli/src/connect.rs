//! `yinxin connect`: a port of this computer that leads through a tunnel of a gate, for programs
//! that cannot show a certificate themselves. Whoever may connect to loopback here passes in its
//! user's name, so that it says so, and serves loopback only.

mod of_program;

use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use mtls::dial::TunnelClient;
use mtls::listen::{Accepted, ConnectionRefusal, Endpoint, Handshake, Limits, PeerStanding, serve};
use mtls::relay::relay;
use of_program::ProgramStream;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Nothing is read of a connection before it leads somewhere: only its place is limited.
const AT_ONCE: Duration = Duration::from_secs(5);
/// A gate says how long a tunnel may live; here it may live a day.
const LIFE: Duration = Duration::from_secs(86_400);

/// The port serves programs of one person, within these limits.
const LIMITS: Limits = Limits {
    proven: 0,
    proven_per_source: 0,
    unproven: 64,
    per_source: 64,
    handshakes: 64,
    handshakes_per_source: 64,
    reserved: 0,
    reserved_per_source: 0,
    reserved_for_strangers: false,
    handshake: AT_ONCE,
    header: AT_ONCE,
    body: AT_ONCE,
    reserved_time: AT_ONCE,
    idle: LIFE,
    life: LIFE,
    body_bytes: 0,
    requests_of_one: 0,
    requests_of_source: 0,
};

/// Arguments of `yinxin connect`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin connect gate.example:5432 --listen 127.0.0.1:5432\n\
    psql 'host=127.0.0.1 port=5432 sslmode=disable'\n\
    Every program of this computer that connects there acts in your name until you press \
    Ctrl-C. / 结束（Ctrl-C）之前，本机任何程序连接该端口，都以您的身份访问。")]
pub struct Arguments {
    /// The tunnel: host and port of the gate. 隧道地址
    #[arg(value_name = "HOST:PORT")]
    tunnel: String,
    /// Where programs of this computer connect; a free port otherwise. 本机地址
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[command(flatten)]
    own: Own,
}

pub(crate) async fn run(output: Output, arguments: Arguments) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::because("无法打开本机端口", &error);
    let (host, port) = tunnel(&arguments.tunnel)?;
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(
            "只能监听本机回环地址：经此端口的访问都以您的身份进行。",
            "listen on loopback only: whoever connects there acts in your name",
        ));
    }
    // Neither a core file nor another program of this user reads the open key.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| failed(error.into()))?;
    let root = arguments.own.trust()?.root_sha256.digest();
    let root =
        root.ok_or_else(|| Failure::usage("信任文件不正确。", "the trust file has no root"))?;
    let client = TunnelClient::new(root, arguments.own.open()?.identity()?)?;
    // Heard before anybody is told to press it.
    let mut pressed = signal(SignalKind::interrupt()).map_err(failed)?;
    let listener = tokio::net::TcpListener::bind(arguments.listen).await.map_err(failed)?;
    let here = listener.local_addr().map_err(failed)?;
    output.fact(("本机端口", "port of this computer"), here);
    output.said("用完请按 Ctrl-C", "press Ctrl-C when you are done");
    output.json(&serde_json::json!({ "listen": here.to_string() }));
    let port = LocalPort { client, host, port };
    let ended = async move {
        pressed.recv().await;
    };
    serve(listener, None, port, ended).await.map_err(failed)?;
    output.said("已结束", "ended");
    Ok(())
}

/// Host and port of a tunnel.
fn tunnel(typed: &str) -> Result<(String, u16), Failure> {
    let split = typed.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let read = split.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    read.filter(|(host, port)| *port != 0 && !host.contains(['/', '@', '[', ' '])).ok_or_else(
        || {
            Failure::usage(
                "隧道地址应为 网关主机名:端口。",
                "a tunnel is HOST:PORT, with the name of the gate",
            )
        },
    )
}

/// The endpoint that programs of this computer connect to.
struct LocalPort {
    client: TunnelClient,
    host: String,
    port: u16,
}

impl Endpoint for LocalPort {
    type Peer = ();

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn peer(&self, _: &Handshake) -> ((), PeerStanding) {
        ((), PeerStanding::Unproven)
    }

    fn reject(&self, _: SocketAddr, _: Option<&()>, _: ConnectionRefusal) {}

    fn full(&self, _: bool) {}

    fn nearly_full(&self, _: bool) {}

    async fn serve(self: Arc<Self>, accepted: Accepted<()>) {
        let Accepted { stream, slot, stopping, .. } = accepted;
        let activity = slot.activity();
        let _under_way = activity.begin();
        let carried = async {
            match self.client.dial(&self.host, self.port).await {
                Ok(gate) => {
                    let speaks_http = Arc::new(AtomicBool::new(false));
                    relay(ProgramStream::new(stream, &speaks_http), gate, |_, _| ()).await;
                    if speaks_http.load(Ordering::Relaxed) {
                        speaks_no_http().tell(false);
                    }
                }
                Err(error) => {
                    Failure::from(error).tell(false);
                }
            }
        };
        tokio::select! {
            () = carried => {}
            () = activity.end.cancelled() => {}
            () = stopping.cancelled() => {}
        }
    }
}

/// A browser that some page had connect here was cut off.
fn speaks_no_http() -> Failure {
    Failure::usage(
        "有浏览器或 HTTP 程序连接本机端口，已断开：隧道不传 HTTP。",
        "a browser, or a program that speaks HTTP, connected here and was cut off: a tunnel \
         carries no HTTP",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_is_a_host_and_a_port() {
        let read = |typed| tunnel(typed).ok();
        assert_eq!(read("app.example:5432"), Some(("app.example".into(), 5432)));
        for typed in [
            "",
            "app.example",
            ":5432",
            "app.example:0",
            "app.example:65536",
            "a@b:1",
            "http://a:1",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
