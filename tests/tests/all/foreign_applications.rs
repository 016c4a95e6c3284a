//! Applications of others behind a gate, unmodified: the recipes of `docs/gate.md` as they stand
//! there, but for address, port and folder. Most of them are places of one application, so that one
//! gate reaches each; a calendar server is alone behind it afterwards.

use crate::http1_framing::{OWN, Stage};
use crate::upstreams::stage;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::processes::{Office, until};
use tests::{Running, workspace};

/// Address and port of a recipe; where Apache and nginx have their files, nginx the socket of PHP,
/// and the calendar server its calendars.
const HOST: &str = "127.0.0.1";
const PORT: &str = "8000";
const DOCUMENTS: &str = "/var/www/html";
const SOCKET: &str = "/run/php/php-fpm.sock";
const COLLECTIONS: &str = "/var/lib/radicale/collections";

/// Where they listen here: what connects to the other address of this machine meanwhile takes none
/// of their ports.
const HERE: &str = "127.0.0.80";

/// Before what route of the rules those of the calendar server stand.
const POST: &str = "[[route]]\nmethod = \"POST\"";

/// What starts a server in a folder with the text of its recipe, at a port.
type Start = fn(&Path, &str, u16) -> Vec<Command>;

/// What stands at the head of a recipe's block, whose last word its answers begin with; what starts
/// it; and whether it takes a body.
const SERVERS: [(&str, Start, bool); 9] = [
    ("python", python, true),
    ("python asgi", asgi, true),
    ("js", node, true),
    ("php", php, true),
    ("nginx php-fpm", php_fpm, true),
    ("java", java, true),
    ("java servlet", servlet, true),
    ("nginx", nginx, true),
    ("apache", apache, false),
];

/// The first block of the document with this at its head.
fn recipe(block: &str) -> String {
    let page = std::fs::read_to_string(workspace().join("docs/gate.md")).unwrap();
    let begin = format!("\n```{block}\n");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no recipe of {block}"));
    format!("{}\n", rest.split_once("\n```\n").unwrap().0)
}

/// What a server calls itself.
fn name_of(block: &str) -> &str {
    block.split_once(' ').map_or(block, |(_, name)| name)
}

/// A program with a file that holds a text.
fn with(program: &str, words: &[&str], (folder, name, text): (&Path, &str, &str)) -> Vec<Command> {
    std::fs::write(folder.join(name), text).unwrap();
    let mut command = Command::new(program);
    command.args(words).arg(name);
    vec![command]
}

/// The Python that has what comes from a registry.
fn with_packages() -> String {
    workspace().join(".tools/venv/bin/python3").display().to_string()
}

fn python(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    with("python3", &[], (folder, "server.py", recipe))
}

fn asgi(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    with(&with_packages(), &[], (folder, "server.py", recipe))
}

fn node(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    with("node", &[], (folder, "server.cjs", recipe))
}

fn php(folder: &Path, recipe: &str, port: u16) -> Vec<Command> {
    with("php", &["-S", &format!("{HERE}:{port}")], (folder, "index.php", recipe))
}

/// The program of the recipe for PHP alone, which says in its answers who runs it.
fn php_fpm(folder: &Path, site: &str, port: u16) -> Vec<Command> {
    let at = folder.display().to_string();
    let page = recipe("php").replace("\"php \"", "\"php-fpm \"");
    std::fs::write(folder.join("index.php"), page).unwrap();
    let socket = format!("{at}/fpm.sock");
    let pool = format!(
        "[global]\nerror_log = {at}/fpm.log\n[www]\nlisten = {socket}\nuser = www-data\n\
         group = www-data\npm = static\npm.max_children = 1\n"
    );
    let path = folder.join("fpm.conf");
    std::fs::write(&path, pool).unwrap();
    // Debian has the version in its name.
    let mut programs = std::fs::read_dir("/usr/sbin").unwrap().map(|entry| entry.unwrap().path());
    let is_fpm = |path: &PathBuf| path.display().to_string().starts_with("/usr/sbin/php-fpm");
    let program = programs.find(is_fpm).expect("php-fpm is there: make test-tools");
    let mut fpm = Command::new(program);
    fpm.args(["-n", "-F", "-y"]).arg(path);
    let mut both = nginx(folder, &site.replace(SOCKET, &socket).replace(DOCUMENTS, &at), port);
    both.push(fpm);
    both
}

fn java(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    with("java", &[], (folder, "Server.java", recipe))
}

fn servlet(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    with("java", &["-cp", "/usr/share/java/*"], (folder, "Application.java", recipe))
}

/// It has the gate's keys beside it already.
fn radicale(folder: &Path, recipe_of_server: &str, _: u16) -> Vec<Command> {
    let collections = folder.join("collections").display().to_string();
    let settings = recipe("ini radicale").replace(COLLECTIONS, &collections);
    std::fs::write(folder.join("radicale.conf"), settings).unwrap();
    let sample = workspace().join("examples/identity.py");
    std::fs::copy(sample, folder.join("identity.py")).unwrap();
    with(&with_packages(), &[], (folder, "server.py", recipe_of_server))
}

fn nginx(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    let at = folder.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = kinds.map(|kind| format!("{kind}_temp_path {at}/{kind};\n")).concat();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {at}/nginx.pid;\nerror_log {at}/nginx.log;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{recipe}}}\n"
    );
    let log = format!("{at}/nginx.log");
    let path = folder.join("nginx.conf");
    std::fs::write(&path, text).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-e", &log, "-c"]).arg(path);
    vec![command]
}

/// It has one file, which says of itself what the others say of a request.
fn apache(folder: &Path, recipe: &str, _: u16) -> Vec<Command> {
    let at = folder.display();
    let file = folder.join(OWN.trim_start_matches('/'));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("apache GET {OWN} 0 a.b.c")).unwrap();
    let modules = ["mpm_event", "authz_core"];
    let modules = modules
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
    let text = format!(
        "ServerRoot {at}\nServerName localhost\nDefaultRuntimeDir {at}\nPidFile {at}/apache.pid\n\
         ErrorLog {at}/apache.log\n{}User www-data\nGroup www-data\n{}",
        modules.concat(),
        recipe.replace(DOCUMENTS, &at.to_string())
    );
    let path = folder.join("apache.conf");
    std::fs::write(&path, text).unwrap();
    let mut command = Command::new("apache2");
    command.args(["-X", "-f"]).arg(path);
    vec![command]
}

/// Ports that are free, each another one.
fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let taken: [TcpListener; COUNT] =
        std::array::from_fn(|_| TcpListener::bind((HERE, 0)).unwrap());
    taken.map(|listener| listener.local_addr().unwrap().port())
}

/// Starts a server by its recipe.
fn spawned(folder: &Path, block: &str, start: Start, port: u16) -> Vec<Running> {
    let folder = folder.join(name_of(block));
    std::fs::create_dir_all(&folder).unwrap();
    let text = recipe(block).replace(HOST, HERE).replace(PORT, &port.to_string());
    let log = std::fs::File::create(folder.join("server.log")).unwrap();
    let mut running = Vec::new();
    for mut command in start(&folder, &text, port) {
        command.current_dir(&folder).env("HOME", &folder).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(log.try_clone().unwrap()).spawn();
        running.push(Running::new(child.unwrap_or_else(|error| panic!("{command:?}: {error}"))));
    }
    running
}

/// Waits until a server can be connected to.
async fn until_there(block: &str, port: u16) {
    until(block, async || TcpStream::connect((HERE, port)).is_ok()).await;
}

/// What the person is answered, on a connection of its own.
async fn answer_to(stage: &Stage, head: &str, body: &str) -> String {
    let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n{body}");
    stage.gate.raw(&stage.office, &stage.person, request.as_bytes()).await
}

/// Each of them gets what its gate was asked for, in a form that it understands, with an identity
/// token and no other, and is understood; what its gate denies reaches none. One that takes a
/// user's name from its server has it from the token alone.
#[tokio::test]
async fn applications_of_others_stand_behind_a_gate() {
    let folder = tempfile::Builder::new().prefix("apps-").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    // All at once, and meanwhile the city: some of them are slow to start.
    let (mut running, mut places) = (Vec::new(), Vec::new());
    let ports: [u16; SERVERS.len()] = free_ports();
    for ((block, start, _), port) in SERVERS.into_iter().zip(ports) {
        running.extend(spawned(folder.path(), block, start, port));
        places.push(format!("\"{HERE}:{port}\""));
    }
    let office = Office::open().await;
    for ((block, ..), port) in SERVERS.into_iter().zip(ports) {
        until_there(block, port).await;
    }
    let socket = folder.path().join("php-fpm/fpm.sock");
    until("php-fpm", async || UnixStream::connect(&socket).is_ok()).await;
    let upstream = format!("[{}]", places.join(", "));
    let mut stage = stage(office, &upstream, "").await;

    let calendars = folder.path().join("radicale");
    std::fs::create_dir(&calendars).unwrap();
    let keys = stage.office.path("gate/identity/jwks.json");
    symlink(keys, calendars.join("jwks.json")).unwrap();
    let [port] = free_ports();
    running.extend(spawned(folder.path(), "python radicale", radicale, port));

    let token = each_is_asked(&stage).await;
    each_takes_a_document(&stage).await;
    let denied = answer_to(&stage, "GET /unknown HTTP/1.1", "").await;
    assert!(denied.starts_with("HTTP/1.1 403 ") && denied.contains("route-unknown"), "{denied}");

    stage.office.stop("agent");
    let path = stage.office.path("gate/agent.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&upstream, &format!("\"{HERE}:{port}\""))).unwrap();
    until_there("radicale", port).await;
    stage.office.start("agent", &[]).await;
    calendars_are_of_whom_the_token_names(&stage, &calendars, &token, port).await;
}

/// Each of them is read from; gives a token that the gate made for one of these requests.
async fn each_is_asked(stage: &Stage) -> String {
    let (mut met, mut tokens) = (BTreeSet::new(), Vec::new());
    until("each of them answers", async || {
        let head = format!("GET {OWN} HTTP/1.1\r\nYinxin-Identity: forged");
        let answer = answer_to(stage, &head, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("forged"), "{answer}");
        for (block, ..) in SERVERS {
            let said = answer.split_once(&format!("{} GET {OWN} ", name_of(block)));
            let Some((_, token)) = said.filter(|said| said.1.matches('.').count() >= 2) else {
                continue;
            };
            met.insert(block);
            let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let mut words = token.split(|c| !is_of_token(c));
            tokens.extend(words.find(|word| word.matches('.').count() >= 2).map(str::to_owned));
        }
        met.len() == SERVERS.len()
    })
    .await;
    // Apache says of itself what others say of a request.
    tokens.into_iter().find(|token| token.len() > 100).unwrap()
}

/// Each of them that takes a body has it whole, once the person may send.
async fn each_takes_a_document(stage: &Stage) {
    let words = ["role", "grant", &stage.person.person, "unit-handler", "--scope", "sz-office"];
    let (order, _) = stage.office.draft(&words);
    stage.office.approve_by_security(&order).await;
    let mut taken = BTreeSet::new();
    until("each of them takes a document", async || {
        let head = "POST /documents/sz-office HTTP/1.1\r\nContent-Length: 5";
        let answer = answer_to(stage, head, "hello").await;
        let took = |block: &str| {
            answer.contains(&format!("{} POST /documents/sz-office 5 ", name_of(block)))
        };
        taken.extend(SERVERS.iter().filter(|one| one.2 && took(one.0)).map(|one| one.0));
        taken.len() == SERVERS.iter().filter(|one| one.2).count()
    })
    .await;
}

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//city//duty//EN\r\n\
    BEGIN:VEVENT\r\nUID:handover\r\nDTSTAMP:20260105T010000Z\r\nDTSTART:20260105T010000Z\r\n\
    SUMMARY:handover\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
const WHO: &str = "<propfind xmlns=\"DAV:\"><prop><current-user-principal/></prop></propfind>";

/// The person writes and reads their own calendar, and none of somebody else's, whatever their
/// request says of them; who comes past the gate is nobody, with a token of another request too.
async fn calendars_are_of_whom_the_token_names(
    stage: &Stage,
    folder: &Path,
    token: &str,
    port: u16,
) {
    let routes = format!("{}\n{POST}", recipe("toml radicale"));
    stage.office.rules(2, &[("exchange.toml", POST, routes.as_str())]).await;
    let others = folder.join("collections/collection-root/other/work");
    std::fs::create_dir_all(&others).unwrap();
    std::fs::write(others.join(".Radicale.props"), "{\"tag\": \"VCALENDAR\"}").unwrap();
    std::fs::write(others.join("handover.ics"), CALENDAR).unwrap();

    let forged = "X-Remote-User: other\r\nRemote-User: other\r\nX-Script-Name: /other";
    let forged = format!("{forged}\r\nYinxin-Identity: {token}");
    let send = async |method: &str, path: &str, body: &str| {
        let length = match body {
            "" => String::new(),
            _ => format!("\r\nContent-Length: {}", body.len()),
        };
        let head = format!("{method} {path} HTTP/1.1\r\n{forged}\r\nDepth: 0{length}");
        answer_to(stage, &head, body).await
    };
    let person = &stage.person.person;
    let own = format!("/{person}/work");
    let mut answer = String::new();
    until("the routes are there", async || {
        answer = send("PUT", &own, CALENDAR).await;
        !answer.contains("route-unknown")
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let who = send("PROPFIND", &format!("{own}/"), WHO).await;
    assert!(who.starts_with("HTTP/1.1 207 ") && who.contains(&format!(">/{person}/<")), "{who}");
    let others = send("GET", "/other/work", "").await;
    assert!(others.starts_with("HTTP/1.1 403 ") && !others.contains("handover"), "{others}");
    assert!(others.contains("Access to the requested resource forbidden."), "{others}");
    let denied = send("DELETE", &own, "").await;
    assert!(denied.starts_with("HTTP/1.1 403 ") && denied.contains("route-unknown"), "{denied}");
    let kept = send("GET", &own, "").await;
    assert!(kept.starts_with("HTTP/1.1 200 ") && kept.contains("SUMMARY:handover"), "{kept}");

    for fields in [String::new(), "Remote-User: other\r\n".to_owned(), format!("{forged}\r\n")] {
        let past = past_the_gate(port, &format!("GET /other/work HTTP/1.1\r\n{fields}"));
        assert!(past.contains(" 401 ") && !past.contains("handover"), "{past}");
    }
}

/// What a server says to who asks it without a gate.
fn past_the_gate(port: u16, head: &str) -> String {
    let mut stream = TcpStream::connect((HERE, port)).unwrap();
    stream.write_all(format!("{head}Host: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
