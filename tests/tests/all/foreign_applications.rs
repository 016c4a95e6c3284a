//! Applications of others behind a gate, unmodified: the recipes of `docs/gate.md` as they stand
//! there, but for address, port and folder. All of them are places of one application, so that one
//! gate reaches each.

use crate::http1_framing::{OWN, Stage};
use crate::upstreams::stage;
use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::processes::{Office, until};
use tests::{Running, workspace};

/// Address and port of a recipe; where Apache and nginx have their files, and nginx the socket of
/// PHP.
const HOST: &str = "127.0.0.1";
const PORT: &str = "8000";
const DOCUMENTS: &str = "/var/www/html";
const SOCKET: &str = "/run/php/php-fpm.sock";

/// Where they listen here: what connects to the other address of this machine meanwhile takes none
/// of their ports.
const HERE: &str = "127.0.0.80";

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
/// token and no other, and is understood; what its gate denies reaches none.
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
    let stage = stage(office, &upstream, "").await;

    each_is_asked(&stage).await;
    each_takes_a_document(&stage).await;
    let denied = answer_to(&stage, "GET /unknown HTTP/1.1", "").await;
    assert!(denied.starts_with("HTTP/1.1 403 ") && denied.contains("route-unknown"), "{denied}");
}

/// Each of them is read from.
async fn each_is_asked(stage: &Stage) {
    let mut met = BTreeSet::new();
    until("each of them answers", async || {
        let head = format!("GET {OWN} HTTP/1.1\r\nYinxin-Identity: forged");
        let answer = answer_to(stage, &head, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("forged"), "{answer}");
        for (block, ..) in SERVERS {
            let said = answer.split_once(&format!("{} GET {OWN} ", name_of(block)));
            if said.is_some_and(|(_, token)| token.matches('.').count() >= 2) {
                met.insert(block);
            }
        }
        met.len() == SERVERS.len()
    })
    .await;
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
