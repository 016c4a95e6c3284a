//! A PostgreSQL server of the test's own: a folder, a socket, users as a city has them; ended with the test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Users and what they own: the CA's database, the portal's, and one user a role.
const SCHEMA: &str = "create role ca login; create role issuer login; create role status login; \
     create role log login; create role portal login; create database ca owner ca; \
     create database portal owner portal; create database other owner ca;";

/// A server that runs.
pub struct Postgres {
    home: TempDir,
    binaries: PathBuf,
}

impl Postgres {
    /// Starts one, with empty databases.
    pub fn start() -> Self {
        let binaries = binaries();
        // Its socket's path must be short, and its user must be able to reach it.
        let home = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let server = Self { home, binaries };
        let data = server.data();
        server.run(
            "initdb",
            &["-D", &data, "-U", "test", "--auth=trust", "--no-sync", "--no-instructions"],
        );
        let socket = server.home.path().display();
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={socket} -c fsync=off \
             -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=32MB -c jit=off \
             -c autovacuum=off -c max_connections=200"
        );
        let log = format!("{socket}/log");
        server.run("pg_ctl", &["-D", &data, "-w", "-s", "-l", &log, "-o", &options, "start"]);
        for statement in SCHEMA.split_inclusive(';').filter(|one| !one.trim().is_empty()) {
            let host = socket.to_string();
            server
                .run("psql", &["-q", "-h", &host, "-U", "test", "-d", "postgres", "-c", statement]);
        }
        server
    }

    /// Address with `{user}` and `{name}` left open.
    pub fn address(&self) -> String {
        format!("postgres://{{user}}@localhost/{{name}}?host={}", self.home.path().display())
    }

    /// Writes what the CA's database holds now to a file.
    pub fn dump(&self, to: &Path) {
        let inside = self.home.path().join("dump");
        let (host, file) = (self.home.path().display().to_string(), inside.display().to_string());
        self.run("pg_dump", &["-h", &host, "-U", "test", "-Fc", "-f", &file, "ca"]);
        std::fs::copy(inside, to).unwrap();
    }

    /// Puts back what a file holds; nobody may be connected.
    pub fn restore(&self, from: &Path) {
        let inside = self.home.path().join("restored");
        std::fs::copy(from, &inside).unwrap();
        std::fs::set_permissions(&inside, PermissionsExt::from_mode(0o644)).unwrap();
        let (host, file) = (self.home.path().display().to_string(), inside.display().to_string());
        let own = ["-h", host.as_str(), "-U", "test"];
        self.run("dropdb", &[own.as_slice(), &["ca"]].concat());
        self.run("createdb", &[own.as_slice(), &["-O", "ca", "ca"]].concat());
        self.run("pg_restore", &[own.as_slice(), &["-d", "ca", file.as_str()]].concat());
    }

    fn data(&self) -> String {
        self.home.path().join("data").display().to_string()
    }

    /// Runs one of its programs; the server refuses to be root.
    fn run(&self, program: &str, words: &[&str]) {
        let program = self.binaries.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let done = command.args(words).current_dir("/tmp").output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-s", "stop"]);
    }
}

/// Debian keeps them out of the path.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("postgresql: make test-tools");
    let found = versions.map(|entry| entry.unwrap().path().join("bin"));
    found.filter(|path: &PathBuf| Path::join(path, "initdb").exists()).max().expect("initdb")
}
