//! Where printed commands are typed: a city whose servers were started by printed commands, people
//! with folders of their own, and a terminal with somebody at it.

use super::printed::{in_text, words};
use super::refused::refused;
use records::letter::Letter;
use std::cell::{Cell, RefCell};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::processes::until;
use tests::{Office, Running, binary, workspace};

/// What everybody here chooses for a key of their own.
pub(super) const PASSPHRASE: &str = "a passphrase of some length";
/// Where a gate keeps its state in the folder of its owner, and not where this machine's would.
const GATE_STATE: &str = "agent";
/// Contexts by name, and the first people who have them.
const PEOPLE: [(&str, &str); 4] = [
    ("sample-officer", "officer-1"),
    ("second-officer", "officer-2"),
    ("security", "security-1"),
    ("sample-auditor", "auditor"),
];
const SERVERS: [(&str, &str); 7] = [
    ("issuer", "ca-server serve issuer"),
    ("status", "ca-server serve status"),
    ("log", "ca-server serve log"),
    ("notices", "ca-server serve notices"),
    ("portal-public", "ra-portal --config portal.toml serve public"),
    ("portal-staff", "ra-portal --config portal.toml serve staff"),
    ("portal-machines", "ra-portal --config portal.toml serve machines"),
];

/// Stands elsewhere in the net, and has a configuration of its own.
const VALIDATOR: &str = "ra-portal --config validator.toml serve validator";

/// What a command did: well or not, and what it said.
pub(super) type Done = Result<String, String>;

/// A city in which commands are typed.
pub(super) struct Scene {
    pub(super) office: Office,
    folder: tempfile::TempDir,
    homes: Cell<usize>,
    /// Commands that others printed while they ran, with their true names in them.
    pub(super) told: RefCell<Vec<String>>,
    stays: Vec<(&'static str, Running)>,
}

/// Somebody who holds a certificate that the command line brought.
pub(super) struct Holder {
    pub(super) home: PathBuf,
    pub(super) person: String,
    pub(super) serial: String,
}

impl Scene {
    /// Starts the servers as printed, where their operator is: beside `ca` and `portal.toml`.
    pub(super) async fn open() -> Self {
        let (office, folder) = (Office::founded_on(false), tempfile::tempdir().unwrap());
        let (homes, told) = (Cell::default(), RefCell::default());
        let mut scene = Self { office, folder, homes, told, stays: Vec::new() };
        for (_, line) in SERVERS {
            let started = scene.start(&scene.office.folder(), &words(line));
            scene.stays.push((line, started));
        }
        for (name, line) in SERVERS {
            scene.until_ready(scene.office.admin(name), line).await;
        }
        let [listen, admin] = free_ports();
        tests::machines::write_validator(&scene.office, [listen, admin, 1, 1]);
        let started = scene.start(&scene.office.folder(), &words(VALIDATOR));
        scene.stays.push((VALIDATOR, started));
        let admin = mtls::Client::new(&format!("http://localhost:{admin}"), None).unwrap();
        scene.until_ready(admin, VALIDATOR).await;
        for (name, person) in PEOPLE {
            let file = |end: &str| scene.office.path(&format!("people/{person}.{end}"));
            let mut add = Command::new(binary("yinxin"));
            add.args(["context", "add", name, "--cert"]).arg(file("pem"));
            add.arg("--key").arg(file("key")).arg("--passphrase-file").arg(file("passphrase"));
            add.arg("--trust").arg(scene.office.path("ca/trust.json"));
            let done = add.env("XDG_CONFIG_HOME", scene.contexts()).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        scene
    }

    /// Commands by which its servers run, which are seen ready.
    pub(super) fn servers(&self) -> impl Iterator<Item = &'static str> {
        self.stays.iter().map(|(line, _)| *line)
    }

    /// Interrupts the servers; each must end well.
    pub(super) fn end(&mut self) {
        for (line, running) in self.stays.drain(..).rev() {
            let (status, _) = running.interrupt();
            assert!(status.success(), "{line}: {status}");
        }
    }

    /// A new folder of somebody, with a blank in its name.
    pub(super) fn home(&self) -> PathBuf {
        self.homes.set(self.homes.get() + 1);
        let home = self.folder.path().join(format!("我的 文件 {}", self.homes.get()));
        std::fs::create_dir(&home).unwrap();
        home
    }

    /// The folder with the contexts of the first people.
    pub(super) fn contexts(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Waits until a server that was started says that it is ready.
    pub(super) async fn until_ready(&self, admin: mtls::Client, line: &str) {
        until(line, async || {
            admin.get("/readyz").await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Starts what stays.
    pub(super) fn start(&self, home: &Path, words: &[String]) -> Running {
        let mut command = Command::new(binary(&words[0]));
        command.args(&words[1..]).current_dir(home).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("YINXIN_AGENT", GATE_STATE);
        let log = std::fs::File::create(self.folder.path().join("stays.log")).unwrap();
        Running::new(command.stderr(log).spawn().unwrap())
    }

    /// Types a command of a person, on a terminal; `who` is the context that they use.
    pub(super) fn types(&self, home: &Path, who: &str, words: &[String]) -> Done {
        self.types_with(home, (&self.contexts(), PASSPHRASE), who, words)
    }

    /// The same with contexts and a passphrase of one's own.
    pub(super) fn types_with(
        &self,
        home: &Path,
        (contexts, passphrase): (&Path, &str),
        who: &str,
        words: &[String],
    ) -> Done {
        let python = workspace().join(".tools/venv/bin/python3");
        assert!(python.exists(), "Python is missing; next: make test-tools");
        let mut command = Command::new(python);
        command.arg(workspace().join("tests/clients/terminal.py")).arg(passphrase);
        command.arg(binary(&words[0])).args(&words[1..]).current_dir(home).stdin(Stdio::null());
        command.env("XDG_CONFIG_HOME", contexts).env("LANG", "C");
        command.env("XDG_STATE_HOME", contexts.join("state"));
        if !who.is_empty() {
            command.env("YINXIN_CONTEXT", who);
        }
        self.done(&words.join(" "), &command.output().unwrap())
    }

    /// Types a command of an operator, beside `ca`.
    pub(super) fn operates(&self, words: &[String]) -> Done {
        self.runs(&self.office.folder(), words)
    }

    /// Types what asks nothing.
    pub(super) fn runs(&self, home: &Path, words: &[String]) -> Done {
        let mut command = Command::new(binary(&words[0]));
        command.args(&words[1..]).current_dir(home).stdin(Stdio::null()).env("LANG", "C");
        command.env("YINXIN_AGENT", GATE_STATE);
        self.done(&words.join(" "), &command.output().unwrap())
    }

    fn done(&self, line: &str, output: &Output) -> Done {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        self.told.borrow_mut().extend(in_text(&text));
        match output.status.success() {
            true => Ok(text),
            false => Err(format!("{line}: {}\n{text}", output.status)),
        }
    }

    /// Commands that were printed in this run and that their programs do not take.
    pub(super) fn wrongly_told(&self) -> Vec<String> {
        let told = self.told.borrow();
        told.iter().filter_map(|text| Some(format!("{text}: {}", refused(text)?))).collect()
    }

    /// An order that waits for two registration officers.
    pub(super) fn draft(&self, name: &str) -> String {
        let words = ["person", "create", "--name", name, "--unit", "sz-office"];
        self.office.draft(&[&words[..], &["--evidence", "任命文件"]].concat()).0
    }

    /// The same, exported to a file.
    pub(super) fn exported(&self, home: &Path, name: &str) -> (String, PathBuf) {
        let (order, file) = (self.draft(name), home.join("order.json"));
        let out = file.display().to_string();
        let done = self.office.ca(&["order", "export", &order, "--out", &out]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (order, file)
    }

    /// A letter for a new person, in their own hands under a name.
    pub(super) async fn letter(&self, home: &Path, name: &str, file: &str) -> Letter {
        let person = self.office.register(name, "sz-office").await;
        let made = self.office.ca_json(&["letter", &person]);
        let text = std::fs::read(made["letter"].as_str().unwrap()).unwrap();
        system::file::replace_private(&home.join(file), &text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Who has a certificate by a command that was run twice, with approvals in between.
    pub(super) async fn enrolled(
        &self,
        home: PathBuf,
        letter: &Letter,
        (first, then): (&[String], &[String]),
    ) -> Result<Holder, String> {
        let none = self.folder.path().join("nobody");
        let said = self.types_with(&home, (&none, PASSPHRASE), "", first)?;
        let order = said.split_once("submitted, order: ").ok_or(said.clone())?.1;
        let order = order.lines().next().unwrap_or_default().trim().to_owned();
        self.office.approve_by_both(&order).await;
        let said = self.types_with(&home, (&none, PASSPHRASE), "", then)?;
        let serial = said.split_once("serial: ").ok_or(said.clone())?.1;
        let serial = serial.lines().next().unwrap_or_default().trim().to_owned();
        Ok(Holder { home, person: letter.person.clone(), serial })
    }
}

/// Two ports of loopback that nobody has.
fn free_ports() -> [u16; 2] {
    let held = [0; 2].map(|_: u8| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
