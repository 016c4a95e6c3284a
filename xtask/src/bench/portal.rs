//! Time of each page with a whole city's people, on SQLite and on PostgreSQL: from the request on a
//! kept connection to the last byte, so what the portal, the CA and the database take together.

use super::grow::{Grown, grow, indexed, progress};
use crate::city::City;
use crate::found::{Sample, found};
use crate::processes::Running;
use crate::{postgres, tool};
use anyhow::{Context, ensure};
use bytes::Bytes;
use ca_host::CaConfig;
use ca_host::operator::{OperatorAnswer, OperatorRequest, ask};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use mtls::tls::Identity;
use pki::Certificate;
use records::letter::{EnrolmentCode, Letter, LetterKeys};
use records::order::PersonAction;
use records::trust::Trust;
use rustls_pki_types::ServerName;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Store;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What a page may take, 99 of 100 times.
const BUDGET: Duration = Duration::from_millis(50);
/// Orders that wait in the officers' list.
const WAITING: usize = 120;
const UNITS: [&str; 2] = ["sz-office", "sz-finance"];

/// Where a city keeps its rows.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// Runs the bench and prints its tables: people and requests a page, on both databases.
pub(super) async fn run(size: (usize, usize), only: Option<Database>) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    let mut late = 0;
    if only != Some(Database::Postgres) {
        late += on(&home.path().join("sqlite"), None, size).await?;
    }
    if only != Some(Database::Sqlite) {
        let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let address = postgres::start(server.path(), true)?;
        let done = on(&home.path().join("postgres"), Some(address), size).await;
        postgres::stop(server.path())?;
        late += done?;
    }
    ensure!(late == 0, "{late} pages are late");
    Ok(())
}

/// Gives how many pages are late.
async fn on(
    folder: &Path,
    postgres: Option<String>,
    (people, requests): (usize, usize),
) -> anyhow::Result<usize> {
    let database = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    eprintln!("{database}: founding a city …");
    found(folder, &Sample { postgres: postgres.clone(), ..Sample::default() })?;
    let mut running = Running::start(folder).await?;
    let address = match &postgres {
        Some(address) => address.replace("{user}", "ca").replace("{name}", "ca"),
        None => format!("sqlite:{}", folder.join("ca/ca.db").display()),
    };
    let store = Store::open(&address).await?;
    let desk = Desk::open(folder)?;
    let began = Instant::now();
    let grown = grow(folder, &store, (people, &UNITS), Some(&desk.certificate)).await?;
    indexed(&store).await?;
    if postgres.is_some() {
        // What the server would have done by itself within the hour; people do not come in four
        // minutes.
        let server =
            postgres.iter().map(|all| all.replace("{user}", "test").replace("{name}", "ca"));
        for address in server {
            let words = ["-q", "-c", "vacuum analyze", "-c", "checkpoint", &address];
            tool::run(Command::new("psql").args(words))?;
        }
    }
    eprintln!("{people} people in {:.0?}", began.elapsed());
    let order = desk.orders(folder).await?;
    let letter = desk.letter(grown.first().context("nobody")?, folder).await?;
    println!("{database}, {people} people, {requests} requests a page, one after another");
    println!("{:<46} {:>10} {:>10} {:>10}", "page", "median", "p99", "slowest");
    let mut late = 0;
    for page in desk.pages(&grown, &order, &letter).await? {
        late += usize::from(!desk.measure(&page, requests).await?);
    }
    println!("{late} pages took longer than {BUDGET:.0?} in more than one of 100 requests\n");
    store.close().await;
    running.stop().await?;
    Ok(late)
}

/// One page and how it is asked for.
struct Page {
    name: &'static str,
    staff: bool,
    path: String,
    cookie: String,
    as_auditor: bool,
}

/// Whoever asks for pages.
struct Desk {
    trust: Trust,
    root: [u8; 32],
    certificate: Certificate,
    officer: Vec<(Vec<Vec<u8>>, keys::SoftwareSigner)>,
}

impl Desk {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let city = City::read(folder)?;
        let trust: Trust = serde_json::from_slice(&std::fs::read(folder.join(&city.trust_file))?)?;
        let mut officer = Vec::new();
        for role in ["registration-officer", "auditor"] {
            let person = city.holders(role).next().context("officer")?;
            let at = |place: &Option<String>| {
                anyhow::Ok(folder.join(place.as_deref().context("no file")?))
            };
            let text = std::fs::read_to_string(at(&person.cert)?)?;
            let passphrase = keys::passphrase_from_file(&at(&person.passphrase_file)?)?;
            let signer = keys::open(&at(&person.key)?, &passphrase)?;
            officer.push((pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate)?, signer));
        }
        let leaf = officer.first().and_then(|(chain, _)| chain.first()).context("certificate")?;
        let certificate = Certificate::read(leaf)?;
        let root = trust.root_sha256.digest().context("trust file")?;
        Ok(Self { trust, root, certificate, officer })
    }

    /// Orders that wait; gives the id of one.
    async fn orders(&self, folder: &Path) -> anyhow::Result<String> {
        let mut last = String::new();
        for number in 0..WAITING {
            let draft = OperatorRequest::Person {
                action: PersonAction::Create,
                person: String::new(),
                name: format!("待批{number}"),
                mail: String::new(),
                unit: "sz-office".into(),
                evidence: "bench".into(),
            };
            last = drafted(folder, &draft).await?.order;
            progress("orders made", number + 1, WAITING);
        }
        eprintln!();
        Ok(last)
    }

    /// A letter of somebody; gives the cookie of the browser that opened it.
    async fn letter(&self, one: &Grown, folder: &Path) -> anyhow::Result<String> {
        let draft =
            OperatorRequest::Letter { person: one.person.clone(), profile: "official".into() };
        let made = drafted(folder, &draft).await?;
        let text = std::fs::read(folder.join("ca").join(made.letter))?;
        let letter: Letter = serde_json::from_slice(&text)?;
        let founding = self.trust.founding.digest().context("trust")?;
        let code = EnrolmentCode::read(&letter.code)?;
        let keys = LetterKeys::derive(&founding, &letter.reference, &code);
        let key = records::Bytes::from(keys.lookup().as_slice());
        let origin = &self.trust.portal_public;
        let form = format!("reference={}&key={key}", letter.reference);
        let request = Request::post("/letter")
            .header("host", origin.trim_start_matches("https://"))
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))?;
        let mut sender = self.connect(origin, None).await?;
        let answer = sender.send_request(request).await?;
        ensure!(answer.status() == 303, "the letter does not open: {}", answer.status());
        let cookie = answer.headers().get("set-cookie").context("no cookie")?.to_str()?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    async fn pages(&self, grown: &[Grown], order: &str, letter: &str) -> anyhow::Result<Vec<Page>> {
        let one = grown.get(grown.len() / 2).context("nobody")?;
        let public = |name, path: &str| Page {
            name,
            staff: false,
            path: path.into(),
            cookie: letter.into(),
            as_auditor: false,
        };
        let staff = |name, path: String| Page {
            name,
            staff: true,
            path,
            cookie: String::new(),
            as_auditor: false,
        };
        let auditor = |name, path| Page { as_auditor: true, ..staff(name, path) };
        let escaped =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let find = |text: &str| format!("/certificates?find={}", escaped(text));
        Ok(vec![
            public("home", "/"),
            public("enter a letter", "/letter"),
            public("own record and progress", "/enrolment"),
            public("import help", "/import"),
            public("report a loss", "/lost"),
            public("suspend", "/suspend"),
            public("renew", "/renew"),
            public("check a receipt", "/receipt"),
            public("trust the root", "/root"),
            staff("own certificate", "/certificate".into()),
            staff("suspend the own certificate", "/certificate/suspend".into()),
            staff("queue", "/".into()),
            staff("review of an order", format!("/orders/{order}")),
            staff("find: form", "/certificates".into()),
            staff("find: one of twenty surnames", find("王")),
            staff("find: a whole name", find(&one.name)),
            staff("find: a person id", find(&one.person)),
            staff("find: a unit of half the city", find("sz-office")),
            staff("find: a serial number", find(&one.serial)),
            staff("find: nobody", find("欧阳")),
            staff("one certificate", format!("/certificates/{}", one.serial)),
            staff("applications", "/applications".into()),
            staff("organisation: the top", "/organisation".into()),
            staff("organisation: half the city", "/organisation?unit=sz-office".into()),
            staff("a person", format!("/people/{}", one.person)),
            staff("state", "/state".into()),
            staff("passkeys", "/passkeys".into()),
            auditor("audit: form", "/audit".into()),
            auditor(
                "audit: one person",
                format!("/audit?log=control&who={}", escaped(&one.person)),
            ),
            auditor("audit: everything, newest first", "/audit?log=control".into()),
        ])
    }

    /// Asks for a page again and again; gives whether it keeps its budget.
    async fn measure(&self, page: &Page, requests: usize) -> anyhow::Result<bool> {
        let origin = if page.staff { &self.trust.portal_staff } else { &self.trust.portal_public };
        let identity = match page.staff {
            true => {
                let at = usize::from(page.as_auditor);
                let (chain, signer) = self.officer.get(at).context("nobody")?;
                Some(Identity::from_der(chain.clone(), signer.pkcs8())?)
            }
            false => None,
        };
        let mut sender = self.connect(origin, identity).await?;
        let mut times = Vec::with_capacity(requests);
        for warm in 0..requests + 5 {
            let request = Request::get(&page.path)
                .header("host", origin.trim_start_matches("https://"))
                .header("accept", "text/html")
                .header("cookie", &page.cookie)
                .body(Full::<Bytes>::default())?;
            sender.ready().await?;
            let asked = Instant::now();
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            answer.into_body().collect().await?;
            ensure!(status == 200, "{}: {status}", page.name);
            if warm >= 5 {
                times.push(asked.elapsed());
            }
        }
        times.sort_unstable();
        let at = |part: usize| times.get((times.len() - 1) * part / 100).copied();
        let (median, late) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
        let slowest = times.last().copied().unwrap_or_default();
        let holds = late < BUDGET;
        let mark = if holds { "" } else { "  late" };
        println!("{:<46} {median:>10.2?} {late:>10.2?} {slowest:>10.2?}{mark}", page.name);
        Ok(holds)
    }

    async fn connect(
        &self,
        origin: &str,
        identity: Option<Identity>,
    ) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let mut config = (*mtls::tls::client(self.root, identity)?).clone();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let host = origin.trim_start_matches("https://");
        let (name, port) = host.rsplit_once(':').context("port")?;
        let stream = TcpStream::connect(("127.0.0.1", port.parse::<u16>()?)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(name.to_owned())?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

async fn drafted(folder: &Path, request: &OperatorRequest) -> anyhow::Result<OperatorAnswer> {
    let config = CaConfig::read(&folder.join("ca/ca.toml"))?;
    let result = ask(&config, request).await?;
    ensure!(result.refused.is_none(), "refused: {:?}", result.refused);
    Ok(result)
}
