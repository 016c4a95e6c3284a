//! The processes of one office.

use crate::built::binary;
use crate::city::{self, Block};
use crate::postgres::{Databases, Server};
use mtls::Client;
use records::trust::Trust;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::{AnyPool, Executor};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for anything that has to happen.
pub const WAIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);
/// So many times as long as a look took nobody looks again.
const RESTS: u32 = 3;
/// The longest rest between two looks.
const LONG_REST: Duration = Duration::from_millis(250);

/// Every process: its name in `admin_urls`.
pub const ALL: [&str; 5] = ["log", "status", "issuer", "portal-public", "portal-staff"];

/// A sample city with its processes.
pub struct Office {
    home: TempDir,
    pub city: Value,
    pub trust: Trust,
    children: BTreeMap<String, Child>,
    block: Block,
    /// Its databases, on PostgreSQL.
    databases: Option<Databases>,
}

impl Office {
    /// A city with keys that tests share, as it was founded; nothing runs yet.
    pub fn founded() -> Self {
        Self::founded_on(is_postgres())
    }

    /// The same on a database of the test's choice.
    pub fn founded_on(postgres: bool) -> Self {
        Self::made(postgres.then(Server::shared), city::copy)
    }

    /// The same on a PostgreSQL server of its own, which it may start again.
    pub fn founded_on_own_server() -> Self {
        Self::made(Some(Arc::new(Server::start())), city::copy)
    }

    /// Founds a city as `make run` does, with keys and PKCS#12 files of its own.
    pub fn founded_in_full() -> Self {
        Self::made(is_postgres().then(Server::shared), city::found_in_full)
    }

    fn made(server: Option<Arc<Server>>, make: fn(&Path, &Block, Option<&Server>)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("city");
        let block = Block::take();
        make(&folder, &block, server.as_deref());
        let databases = server.map(|server| Databases { server, base: block.base });
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let trust = serde_json::from_slice(&read("ca/trust.json")).unwrap();
        let city = serde_json::from_slice(&read("city.json")).unwrap();
        let children = BTreeMap::new();
        Self { home, city, trust, children, block, databases }
    }

    /// Founds a city and starts every process.
    pub async fn open() -> Self {
        let mut office = Self::founded();
        office.start_all().await;
        office
    }

    /// The city's folder.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("city")
    }

    /// A path in the city's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Starts every process and waits until it is ready.
    pub async fn start_all(&mut self) {
        for name in ALL {
            self.spawn(name, &[]);
        }
        for name in ALL {
            self.until_ready(name).await;
        }
    }

    /// Starts one process with more environment and waits until it is ready.
    pub async fn start(&mut self, name: &str, environment: &[(&str, &str)]) {
        self.spawn(name, environment);
        self.until_ready(name).await;
    }

    /// Starts one process.
    pub fn spawn(&mut self, name: &str, environment: &[(&str, &str)]) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path(&format!("{name}.log")))
            .unwrap();
        let mut command = match name.strip_prefix("portal-") {
            Some(process) => {
                let mut command = Command::new(binary("ra-portal"));
                command.arg("--config").arg(self.path("portal.toml")).args(["serve", process]);
                command
            }
            None if name == "agent" => {
                let mut command = Command::new(binary("agent"));
                command.arg("--state").arg(self.path("gate")).arg("serve");
                command
            }
            None => {
                let mut command = Command::new(binary("ca-server"));
                command.arg("--state").arg(self.path("ca")).args(["serve", name]);
                command
            }
        };
        command.envs(environment.iter().copied()).stdin(Stdio::null());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        assert!(self.children.insert(name.to_owned(), child).is_none(), "{name} runs already");
    }

    /// Whether a process was started and not ended from here.
    pub fn runs(&self, name: &str) -> bool {
        self.children.contains_key(name)
    }

    /// A port of this office's block that no process of the CA uses or asks: `status` asks at 15
    /// how `notices` are, whether they run or not.
    pub fn port(&self, offset: u16) -> u16 {
        assert!((12..15).contains(&offset) || offset == 23);
        self.block.base + offset
    }

    /// Waits until `/readyz` says yes.
    pub async fn until_ready(&mut self, name: &str) {
        let client = self.admin(name);
        let started = Instant::now();
        while !client.get("/readyz").await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = self.children.get_mut(name).unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{name} ended: {}", self.log(name));
            assert!(started.elapsed() < WAIT, "{name} is not ready: {}", self.log(name));
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A client of a process's admin address.
    pub fn admin(&self, name: &str) -> Client {
        Client::new(self.city["admin_urls"][name].as_str().unwrap(), None).unwrap()
    }

    /// What a process wrote to its diagnostic log.
    pub fn log(&self, name: &str) -> String {
        let bytes = std::fs::read(self.path(&format!("{name}.log"))).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Ends a process gently; it must end well.
    pub fn stop(&mut self, name: &str) {
        let mut child = self.children.remove(name).unwrap();
        signal(&child, Signal::TERM);
        if !ended_in_time(&mut child) {
            let _ = child.kill();
        }
        let status = child.wait().unwrap();
        assert!(status.success(), "{name}: {status}: {}", self.log(name));
    }

    /// Kills a process as `kill -9` does.
    pub fn kill(&mut self, name: &str) {
        let mut child = self.children.remove(name).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Pauses or resumes a process.
    pub fn signal(&self, name: &str, what: Signal) {
        signal(&self.children[name], what);
    }

    /// Waits until a process has ended by itself.
    pub async fn ended(&mut self, name: &str) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.children.get_mut(name).unwrap().try_wait().unwrap() {
                self.children.remove(name);
                return status;
            }
            assert!(started.elapsed() < WAIT, "{name} still runs: {}", self.log(name));
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How a process ends by itself before a time is over, if it does.
    pub async fn ended_within(&mut self, name: &str, limit: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.children.get_mut(name).unwrap().try_wait().unwrap() {
                self.children.remove(name);
                return Some(status);
            }
            if started.elapsed() >= limit {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Runs `ca-server` on this city.
    pub fn ca(&self, words: &[&str]) -> Output {
        self.ca_with(words, &[])
    }

    /// Runs `ca-server` with more environment.
    pub fn ca_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(binary("ca-server"));
        command.arg("--state").arg(self.path("ca")).args(words);
        command.envs(environment.iter().copied()).output().unwrap()
    }

    /// Runs `ca-server --json`, which must succeed, and reads its last line.
    pub fn ca_json(&self, words: &[&str]) -> Value {
        let output = self.ca(&[words, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().next_back().unwrap()).unwrap()
    }

    /// Runs `ca-server --json`, which must be refused, and gives the code.
    pub fn ca_refused(&self, words: &[&str]) -> String {
        let output = self.ca(&[words, &["--json"]].concat());
        assert!(!output.status.success(), "{words:?} was not refused");
        let text = String::from_utf8(output.stderr).unwrap();
        let problem: Value = serde_json::from_str(text.lines().next_back().unwrap()).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    }

    /// Writes what the CA database holds now to a file.
    pub async fn copy_database(&self, to: &Path) {
        match &self.databases {
            Some(databases) => databases.dump(to),
            None => {
                let copy = sqlx::query("vacuum into $1").bind(to.display().to_string());
                copy.execute(&self.database().await).await.unwrap();
            }
        }
    }

    /// Puts back what a file holds; every process is stopped.
    pub fn put_back(&self, from: &Path) {
        let Some(databases) = &self.databases else {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(self.path(&format!("ca/ca.db{end}")));
            }
            std::fs::copy(from, self.path("ca/ca.db")).unwrap();
            return;
        };
        databases.restore(from);
    }

    /// Ends every connection to the server and starts it again.
    pub fn restart_database(&self) {
        self.databases.as_ref().expect("PostgreSQL").restart();
    }

    /// Address of the issuer.
    pub fn issuer_address(&self) -> String {
        let text = std::fs::read_to_string(self.path("ca/ca.toml")).unwrap();
        let config: toml::Value = toml::from_str(&text).unwrap();
        let listen: SocketAddr = config["issuer"]["listen"].as_str().unwrap().parse().unwrap();
        format!("https://localhost:{}", listen.port())
    }

    /// Address of the CA database as its owner.
    pub fn database_address(&self) -> String {
        address(&self.folder())
    }

    /// Address of the CA database as a user of it, on PostgreSQL.
    pub fn database_as(&self, user: &str) -> String {
        let address = self.databases.as_ref().expect("PostgreSQL").address();
        address.replace("{user}", user).replace("{name}", "ca")
    }

    /// Writes the plan that this city was founded by anew, for another city with a database of its
    /// own.
    pub fn plan_of_another(&self) -> PathBuf {
        let plan = self.path("other.toml");
        let mut text = std::fs::read_to_string(self.path("plan.toml")).unwrap();
        if let Some(databases) = &self.databases {
            databases.server.make_another(databases.base);
            let name = |whose: &str| format!("/{whose}_{}?host", databases.base);
            text = text.replace(&name("ca"), &name("other"));
        }
        std::fs::write(&plan, text).unwrap();
        plan
    }

    /// The CA database, with write access for hands that should not have it.
    pub async fn database(&self) -> AnyPool {
        database(&self.folder()).await
    }
}

/// Whether cities of this run keep what they know in PostgreSQL.
pub fn is_postgres() -> bool {
    std::env::var("YINXIN_TEST_DATABASE").is_ok_and(|what| what == "postgres")
}

/// Opens a city's CA database beside the processes that use it, as its owner.
pub async fn database(city: &Path) -> AnyPool {
    sqlx::any::install_default_drivers();
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1);
    // SQLite waits for a writer as long as the processes do.
    let options = options.after_connect(|connection, _| {
        Box::pin(async move {
            if connection.backend_name() == "SQLite" {
                connection.execute("pragma busy_timeout = 15000").await?;
            }
            Ok(())
        })
    });
    options.connect(&address(city)).await.unwrap()
}

fn address(city: &Path) -> String {
    ca_host::CaConfig::read(&city.join("ca/ca.toml")).unwrap().database_address()
}

/// Lets a moment of chance pass, for what happens at any time: a kill, a person who asks again.
/// What is waited for has [`until`].
pub async fn moment(passes: Duration) {
    tokio::time::sleep(passes).await;
}

/// Waits until something holds; says what if it never does. Who looks takes the processor from
/// those who are waited for, and so rests longer the longer a look takes.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let started = Instant::now();
    loop {
        let looked = Instant::now();
        if holds().await {
            return;
        }
        assert!(started.elapsed() < WAIT, "never happened: {what}");
        let rest = looked.elapsed() * RESTS;
        tokio::time::sleep(rest.clamp(LOOK, LONG_REST)).await;
    }
}

/// Waits until a process has ended that was told to; whether it did before [`WAIT`] was over.
#[expect(clippy::disallowed_methods, reason = "a drop waits in no task; it looks again")]
pub(crate) fn ended_in_time(child: &mut Child) -> bool {
    let told = Instant::now();
    while let Ok(None) = child.try_wait() {
        if told.elapsed() >= WAIT {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

impl Drop for Office {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            // One that ended by itself takes no signal; the test has said so already.
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            let _ = kill_process(pid, Signal::CONT);
            let _ = kill_process(pid, Signal::TERM);
        }
        for child in self.children.values_mut() {
            let _ = child.wait();
        }
        if std::thread::panicking() {
            for name in ALL.iter().chain(&["agent", "portal-machines"]) {
                // Not every process was begun.
                let Ok(log) = std::fs::read(self.path(&format!("{name}.log"))) else { continue };
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().rev().take(8).collect();
                eprintln!("── {name}:\n{}", lines.join("\n"));
            }
        }
    }
}
