//! Applications of others behind a gate, unmodified: the recipes of `docs/gate.md` as they stand
//! there, but for the port and the folder. All of them are places of one application, so that one
//! gate reaches each.

use crate::http1_framing::OWN;
use crate::upstreams::stage;
use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tests::processes::{Office, until};
use tests::{Running, workspace};

/// The port of a recipe, and where Apache has its files.
const PORT: &str = "8000";
const DOCUMENTS: &str = "/var/www/html";

/// What starts a server in a folder with the text of its recipe, at a port.
type Start = fn(&Path, &str, u16) -> Command;

/// The language of a recipe's block, which is also what its answers begin with; what starts it; and
/// whether it takes a body.
const SERVERS: [(&str, Start, bool); 6] = [
    ("python", python, true),
    ("js", node, true),
    ("php", php, true),
    ("java", java, true),
    ("nginx", nginx, true),
    ("apache", apache, false),
];

/// The first block of a language in the document.
fn recipe(language: &str) -> String {
    let page = std::fs::read_to_string(workspace().join("docs/gate.md")).unwrap();
    let begin = format!("\n```{language}\n");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no recipe of {language}"));
    format!("{}\n", rest.split_once("\n```\n").unwrap().0)
}

/// A program with a file that holds a text.
fn with(program: &str, words: &[&str], (folder, name, text): (&Path, &str, &str)) -> Command {
    std::fs::write(folder.join(name), text).unwrap();
    let mut command = Command::new(program);
    command.args(words).arg(name);
    command
}

fn python(folder: &Path, recipe: &str, _: u16) -> Command {
    with("python3", &[], (folder, "server.py", recipe))
}

fn node(folder: &Path, recipe: &str, _: u16) -> Command {
    with("node", &[], (folder, "server.cjs", recipe))
}

fn php(folder: &Path, recipe: &str, port: u16) -> Command {
    with("php", &["-S", &format!("127.0.0.1:{port}")], (folder, "index.php", recipe))
}

fn java(folder: &Path, recipe: &str, _: u16) -> Command {
    with("java", &[], (folder, "Server.java", recipe))
}

fn nginx(folder: &Path, recipe: &str, _: u16) -> Command {
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
    command
}

/// It has one file, which says of itself what the others say of a request.
fn apache(folder: &Path, recipe: &str, _: u16) -> Command {
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
    command
}

/// Starts a server by its recipe; gives its port.
async fn started(folder: &Path, language: &str, start: Start) -> (Running, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let folder = folder.join(language);
    std::fs::create_dir(&folder).unwrap();
    let mut command = start(&folder, &recipe(language).replace(PORT, &port.to_string()), port);
    let log = std::fs::File::create(folder.join("server.log")).unwrap();
    command.current_dir(&folder).env("HOME", &folder).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(log).spawn();
    let running = Running::new(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
    until(language, async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    (running, port)
}

/// Each of them gets what its gate was asked for, in a form that it understands, with an identity
/// token and no other, and is understood; what its gate denies reaches none.
#[tokio::test]
async fn applications_of_others_stand_behind_a_gate() {
    let folder = tempfile::Builder::new().prefix("apps-").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (mut running, mut places) = (Vec::new(), Vec::new());
    for (language, start, _) in SERVERS {
        let (server, port) = started(folder.path(), language, start).await;
        running.push(server);
        places.push(format!("\"127.0.0.1:{port}\""));
    }
    let upstream = format!("[{}]", places.join(", "));
    let stage = stage(Office::open().await, &upstream, "").await;
    let asked = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\nYinxin-Identity: forged\r\n\r\n");
    let send =
        async |bytes: &str| stage.gate.raw(&stage.office, &stage.person, bytes.as_bytes()).await;
    let mut met = BTreeSet::new();
    until("each of them answers", async || {
        let answer = send(&asked).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("forged"), "{answer}");
        met.extend(SERVERS.iter().filter_map(|(language, ..)| {
            let (_, token) = answer.split_once(&format!("{language} GET {OWN} "))?;
            (token.matches('.').count() >= 2).then_some(*language)
        }));
        met.len() == SERVERS.len()
    })
    .await;

    let words = ["role", "grant", &stage.person.person, "unit-handler", "--scope", "sz-office"];
    let (order, _) = stage.office.draft(&words);
    stage.office.approve_by_security(&order).await;
    let document = "POST /documents/sz-office HTTP/1.1\r\nHost: localhost\r\n\
                    Content-Length: 5\r\n\r\nhello";
    let mut taken = BTreeSet::new();
    until("each of them takes a document", async || {
        let answer = send(document).await;
        let took =
            |language: &str| answer.contains(&format!("{language} POST /documents/sz-office 5 "));
        taken.extend(SERVERS.iter().filter(|one| one.2 && took(one.0)).map(|one| one.0));
        taken.len() == SERVERS.iter().filter(|one| one.2).count()
    })
    .await;
    let denied = send("GET /unknown HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(denied.starts_with("HTTP/1.1 403 ") && denied.contains("route-unknown"), "{denied}");
}
