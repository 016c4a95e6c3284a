//! `yinxin desk`: an officer's own program in their own browser. The page comes from `yinxin`
//! itself, over a loopback address, and no page of the portal takes part in it: it fetches orders
//! with the officer's certificate, checks them as `yinxin approve` does, shows every fact, and
//! signs with a key that never leaves this process.
//!
//! In reading order: [`session`] (who may come in, and until when), [`held_key`] (how long the key
//! is open), [`guard`] (what every request passes), [`bench`] (what all pages share), [`frame`],
//! then a file a page or act.

mod approve;
mod bench;
mod choose_language;
mod close;
mod decline;
mod enter;
mod evidence;
mod fetch_asset;
mod frame;
mod guard;
mod held_key;
mod open_key;
mod order;
mod passkey;
mod queue;
mod review;
mod revoke;
#[cfg(test)]
mod samples;
mod search;
mod session;
mod shown_last;
mod suspend;

use crate::clock::now;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bench::Bench;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use mtls::listen::{Limits, Proof, RequestFault, Site};
use records::{Code, Problem};
use session::{Secrets, Session};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use zeroize::Zeroizing;

/// How often what is over is looked for.
const LOOK: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Whoever connects and says nothing keeps nobody out for longer.
const HEAD: Duration = Duration::from_secs(5);

/// The desk serves one person's browser, within these limits.
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
    handshake: HEAD,
    header: HEAD,
    body: MINUTE,
    reserved_time: HEAD,
    idle: MINUTE,
    life: Duration::from_secs(3_600),
    body_bytes: 64 * 1024 * 1024,
    requests_of_one: 0,
    requests_of_source: 32,
};

/// Arguments of `yinxin desk`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin desk\n\
    The link works once and in one browser; it ends after 15 idle minutes. \
    / 链接只能用一次，只在一个浏览器中有效；15 分钟无操作自动结束。")]
pub struct Arguments {
    #[command(flatten)]
    own: Own,
    /// Port of the loopback address; a free one otherwise. 端口
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(crate) async fn run(output: Output, arguments: Arguments) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::because("无法打开本机页面", &error);
    // Neither a core file nor another program of this user reads the open key.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| failed(error.into()))?;
    let trust = arguments.own.trust()?;
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let _other = other_loopback(port).map_err(failed)?;
    // Cookies know no ports: under a name that nobody else can guess, no other server of this
    // machine is ever sent ours.
    let label = BASE32_NOPAD.encode(&system::random::bytes::<16>()?).to_lowercase();
    let host = format!("{label}.localhost:{port}");
    let drawn = || -> Result<Zeroizing<String>, Failure> {
        Ok(Zeroizing::new(BASE64URL_NOPAD.encode(&system::random::bytes::<32>()?)))
    };
    let secrets = Secrets { link: drawn()?, cookie: drawn()?, form: drawn()? };
    let link = Zeroizing::new(format!("http://{host}/#{}", secrets.link.as_str()));
    let session = Session::new(secrets, now());
    let bench = Arc::new(Bench::new(arguments.own, trust, host, session)?);
    // Heard before anybody is told to press it.
    let mut pressed = signal(SignalKind::interrupt()).map_err(failed)?;
    output.said("请在浏览器中打开此链接（仅一次有效）", "open this link in a browser, once");
    output.to_copy(link.as_str());
    output.said(
        "用完请点“结束”；也可按 Ctrl-C",
        "press \"End\" there when you are done, or Ctrl-C here",
    );
    output.json(&serde_json::json!({ "link": link.as_str() }));
    let site = Site {
        router: router(bench.clone()),
        limits: LIMITS,
        proof: Proof::Nothing,
        is_brake: |_| false,
        busy,
        refuse,
        full: Arc::new(|_| ()),
        nearly_full: Arc::new(|_| ()),
    };
    mtls::listen::serve(listener, None, site, ended(&bench, &mut pressed)).await.map_err(failed)?;
    output.said("已结束", "ended");
    Ok(())
}

/// The answer to a head that a page of ours never sends.
fn refuse(fault: RequestFault) -> Response {
    let code = match fault {
        RequestFault::Form => Code::Malformed,
        RequestFault::Target => Code::TargetTooLong,
        RequestFault::Fields => Code::FieldsTooMany,
        RequestFault::Size => Code::HeadTooLarge,
        RequestFault::Expectation => Code::ExpectationUnknown,
        RequestFault::Late => Code::RequestLate,
    };
    (fault.status(), Json(Problem::new(code, String::new()))).into_response()
}

/// The answer while more is asked for at once than one person does.
fn busy() -> Response {
    let problem = Problem::new(Code::TooBusy, String::new());
    (StatusCode::SERVICE_UNAVAILABLE, Json(problem)).into_response()
}

/// Takes the same port of the other loopback address, where nobody answers: browsers try it first
/// for a name below `.localhost`, and another user of this machine who listened there would be
/// given the link, the cookie and the passphrase.
fn other_loopback(port: u16) -> std::io::Result<Option<TcpSocket>> {
    let Ok(socket) = TcpSocket::new_v6() else { return Ok(None) };
    match socket.bind((Ipv6Addr::LOCALHOST, port).into()) {
        Ok(()) => Ok(Some(socket)),
        // A machine without this address.
        Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits until the session is over, or Ctrl-C; closes the key on its way when its time is over.
async fn ended(bench: &Bench, pressed: &mut Signal) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = bench.closed.notified() => {}
            Some(()) = pressed.recv() => {
                bench.key.close();
                return;
            }
        }
        bench.key.close_when_over(now());
        if bench.session.is_over(now()) {
            bench.key.close();
            return;
        }
    }
}

/// Every page and act.
fn router(bench: Arc<Bench>) -> Router {
    let routes = Router::new()
        .route("/", get(queue::show))
        .route("/open", post(enter::open))
        .route("/key", get(open_key::show).post(open_key::open))
        .route("/orders/{order}", get(review::show))
        .route("/orders/{order}/approve", post(approve::approve))
        .route("/orders/{order}/decline", post(decline::decline))
        .route("/revoke", get(revoke::show).post(revoke::look))
        .route("/revoke/sign", post(revoke::sign))
        .route("/suspend", get(suspend::show).post(suspend::look))
        .route("/suspend/sign", post(suspend::sign))
        .route("/suspend/receipt.json", get(suspend::fetch))
        .route("/passkey", get(passkey::show).post(passkey::look))
        .route("/passkey/certify", post(passkey::certify))
        .route("/audit", get(search::show))
        .route("/evidence", post(evidence::export))
        .route("/evidence/evidence.tar", get(evidence::fetch))
        .route("/language", post(choose_language::choose))
        .route("/close", post(close::close))
        .route("/assets/{name}", get(fetch_asset::fetch));
    guard::guarded(routes, bench)
}
