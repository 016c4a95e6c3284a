//! PostgreSQL under the cities of tests: one server for a whole run, with databases of its own for
//! each block of ports. A second process holds the server and ends it when this one is gone,
//! however it went.

use crate::built::{binary, target};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

/// A server that runs as long as this lives, or this process.
pub struct Server {
    folder: PathBuf,
    address: String,
    holder: Child,
}

/// The databases of one city.
pub(crate) struct Databases {
    pub(crate) server: Arc<Server>,
    pub(crate) base: u16,
}

impl Server {
    /// The server that all tests of this run share.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Server>> = OnceLock::new();
        SHARED.get_or_init(|| Arc::new(Self::start())).clone()
    }

    /// A server of the test's own.
    pub(crate) fn start() -> Self {
        // Its socket's path must be short. The holder removes the folder.
        let folder = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp").unwrap().keep();
        let like = target().join("postgres");
        let mut holder = Command::new(binary("xtask"))
            .arg("postgres")
            .arg(&folder)
            .arg("hold")
            .arg("--like")
            .arg(like)
            // Ctrl-C ends whoever holds the other end; this one still has to end the server.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with("postgres://"), "PostgreSQL does not start: {address}");
        Self { folder, address: address.trim().to_owned(), holder }
    }

    /// The folder that ends with the server.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Address of the databases of a block of ports, with `{user}` and `{name}` left open.
    pub(crate) fn address(&self, base: u16) -> String {
        self.address.replace("{name}", &format!("{{name}}_{base}"))
    }

    /// Makes empty databases for a city that is to be founded.
    pub(crate) fn make_empty(&self, base: u16) {
        self.make(base, &format!("create database ca_{base} owner ca"));
    }

    /// Makes databases as they were when the city of a block was founded.
    pub(crate) fn make_from_template(&self, base: u16) {
        self.make(base, &format!("create database ca_{base} template founded_{base} owner ca"));
    }

    /// Keeps what a city was founded with; nobody is connected.
    pub(crate) fn keep_as_template(&self, base: u16) {
        self.ask(&[format!("create database founded_{base} template ca_{base} owner ca")]);
    }

    /// Makes an empty database that belongs to no city yet.
    pub(crate) fn make_another(&self, base: u16) {
        let name = format!("other_{base}");
        self.ask(&[dropped(&name), format!("create database {name} owner ca")]);
    }

    fn make(&self, base: u16, ca: &str) {
        let portal = format!("portal_{base}");
        self.ask(&[
            dropped(&format!("ca_{base}")),
            dropped(&portal),
            ca.to_owned(),
            format!("create database {portal} owner portal"),
        ]);
    }

    /// Runs statements as the server's owner, in a thread: tests call this inside of a runtime.
    fn ask(&self, statements: &[String]) {
        let address = self.address.replace("{user}", "test").replace("{name}", "postgres");
        let asked = async || -> Result<(), sqlx::Error> {
            let mut connection = PgConnection::connect(&address).await?;
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut connection).await?;
            }
            connection.close().await
        };
        std::thread::scope(|scope| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let thread = scope.spawn(|| runtime.unwrap().block_on(asked()));
            thread.join().unwrap().unwrap();
        });
    }
}

fn dropped(name: &str) -> String {
    format!("drop database if exists {name} with (force)")
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing more comes from here: the holder ends the server.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

impl Databases {
    /// Address with `{user}` and `{name}` left open.
    pub(crate) fn address(&self) -> String {
        self.server.address(self.base)
    }

    /// Ends every connection to the server and starts it again, with what it knew.
    pub(crate) fn restart(&self) {
        assert_eq!(Arc::strong_count(&self.server), 1, "only a server of one's own is restarted");
        self.xtask(&["restart"]);
    }

    /// Writes what the CA's database holds now to a file.
    pub(crate) fn dump(&self, to: &Path) {
        self.xtask(&["dump", &format!("ca_{}", self.base), to.to_str().unwrap()]);
    }

    /// Puts back what a file holds; nobody may be connected.
    pub(crate) fn restore(&self, from: &Path) {
        self.xtask(&["restore", &format!("ca_{}", self.base), from.to_str().unwrap()]);
    }

    fn xtask(&self, words: &[&str]) {
        let mut command = Command::new(binary("xtask"));
        command.arg("postgres").arg(&self.server.folder).args(words);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
