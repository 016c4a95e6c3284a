//! A PostgreSQL server for tests and benches: a folder, a socket, users as a city has them.

use anyhow::{Context, ensure};
use clap::Subcommand;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Users and what they own: the CA's database, the portal's, and one user a role.
const SCHEMA: &str = "create role ca login; create role issuer login; create role status login; \
     create role log login; create role notices login; create role portal login; \
     create database ca owner ca; create database portal owner portal;";

/// What becomes of a server.
#[derive(Subcommand)]
pub(crate) enum What {
    /// Starts a server in the folder, prints its address, and ends both when its input ends: so
    /// they end with whoever holds the other end, even if that is killed.
    Hold {
        /// A server's folder to begin with, made there if there is none: a copy is there sooner.
        #[arg(long)]
        like: PathBuf,
    },
    /// Ends every connection and starts it again.
    Restart,
    /// Writes what a database holds now to a file.
    Dump { database: String, file: PathBuf },
    /// Puts back what a file holds; nobody may be connected.
    Restore { database: String, file: PathBuf },
}

/// Does it with the server of a folder.
pub(crate) fn run(folder: &Path, what: &What) -> anyhow::Result<()> {
    let server = Server { folder, binaries: binaries()? };
    match what {
        What::Hold { like } => {
            let held = hold(folder, &server, like);
            // A start that failed half-way leaves nothing either.
            let _ = stop(folder);
            std::fs::remove_dir_all(folder)?;
            held
        }
        What::Restart => server.restart(),
        What::Dump { database, file } => server.dump(database, file),
        What::Restore { database, file } => server.restore(database, file),
    }
}

/// Starts a server and stays until the input ends.
fn hold(folder: &Path, server: &Server, like: &Path) -> anyhow::Result<()> {
    server.copy(like)?;
    println!("{}", start(folder, false)?);
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// Starts a server with empty databases; gives its address with `{user}` and `{name}` left open.
pub(crate) fn start(folder: &Path, durable: bool) -> anyhow::Result<String> {
    Server { folder, binaries: binaries()? }.start(durable)?;
    Ok(format!("postgres://{{user}}@localhost/{{name}}?host={}", folder.display()))
}

/// Stops it.
pub(crate) fn stop(folder: &Path) -> anyhow::Result<()> {
    let server = Server { folder, binaries: binaries()? };
    server.run("pg_ctl", &["-D", &server.data(), "-m", "immediate", "-s", "stop"])
}

/// The process of a server, whose children serve connections.
pub(crate) fn pid(folder: &Path) -> anyhow::Result<u32> {
    let text = std::fs::read_to_string(folder.join("data/postmaster.pid"))?;
    Ok(text.lines().next().context("postmaster")?.parse()?)
}

struct Server<'a> {
    folder: &'a Path,
    binaries: PathBuf,
}

impl Server<'_> {
    fn start(&self, durable: bool) -> anyhow::Result<()> {
        // Its user must be able to reach it.
        std::fs::set_permissions(self.folder, PermissionsExt::from_mode(0o777))?;
        let (data, folder) = (self.data(), self.folder.display());
        let copied = Path::new(&data).exists();
        if !copied {
            let own = ["--auth=trust", "--no-sync", "--no-instructions"];
            self.run("initdb", &[&["-D", &data, "-U", "test"], own.as_slice()].concat())?;
        }
        let fast = if durable {
            ""
        } else {
            "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off"
        };
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={folder} {fast} \
             -c shared_buffers=64MB -c jit=off -c max_connections=400"
        );
        let log = self.log();
        self.run("pg_ctl", &["-D", &data, "-w", "-s", "-l", &log, "-o", &options, "start"])?;
        for statement in SCHEMA.split_inclusive(';').filter(|one| !copied && !one.trim().is_empty())
        {
            let host = folder.to_string();
            let own = ["-q", "-h", &host, "-U", "test", "-d", "postgres", "-c", statement];
            self.run("psql", &own)?;
        }
        Ok(())
    }

    /// Copies empty databases; the first one makes them, and others wait for it.
    fn copy(&self, like: &Path) -> anyhow::Result<()> {
        // What one version made no other reads, nor do other users.
        let version = self.binaries.parent().and_then(Path::file_name).context("version")?;
        std::fs::create_dir_all(like)?;
        let like = &like.join(format!("{}-{}", version.display(), SCHEMA.len()));
        let lock = File::create(like.with_extension("lock"))?;
        lock.lock()?;
        if !like.exists() {
            let first = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
            start(first.path(), false)?;
            let first = Server { folder: first.path(), binaries: self.binaries.clone() };
            let data = first.data();
            first.run("pg_ctl", &["-D", &data, "-m", "fast", "-w", "-s", "stop"])?;
            let unfinished = like.with_extension("unfinished");
            let _ = std::fs::remove_dir_all(&unfinished);
            copied(Path::new(&data), &unfinished)?;
            std::fs::rename(unfinished, like)?;
        }
        drop(lock);
        copied(like, Path::new(&self.data()))
    }

    fn restart(&self) -> anyhow::Result<()> {
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-s", "-l", &self.log(), "restart"])
    }

    fn dump(&self, database: &str, to: &Path) -> anyhow::Result<()> {
        let inside = self.folder.join("dump");
        let (host, file) = (self.folder.display().to_string(), inside.display().to_string());
        self.run("pg_dump", &["-h", &host, "-U", "test", "-Fc", "-f", &file, database])?;
        std::fs::copy(inside, to)?;
        Ok(())
    }

    fn restore(&self, database: &str, from: &Path) -> anyhow::Result<()> {
        let inside = self.folder.join("restored");
        std::fs::copy(from, &inside)?;
        std::fs::set_permissions(&inside, PermissionsExt::from_mode(0o644))?;
        let (host, file) = (self.folder.display().to_string(), inside.display().to_string());
        let own = ["-h", host.as_str(), "-U", "test"];
        self.run("dropdb", &[own.as_slice(), &[database]].concat())?;
        self.run("createdb", &[own.as_slice(), &["-O", "ca", database]].concat())?;
        self.run("pg_restore", &[own.as_slice(), &["-d", database, file.as_str()]].concat())
    }

    fn log(&self) -> String {
        self.folder.join("log").display().to_string()
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Runs one of its programs; the server refuses to be root.
    fn run(&self, program: &str, words: &[&str]) -> anyhow::Result<()> {
        let program = self.binaries.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let done = command.args(words).current_dir("/tmp").output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "{words:?}: {said}");
        Ok(())
    }
}

/// Debian keeps them out of the path.
fn binaries() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.context("no PostgreSQL; next: make test-tools")?;
    let found = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    found.filter(|path| path.join("initdb").exists()).max().context("no initdb")
}

/// Copies a folder with its owners and rights.
fn copied(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("cp");
    crate::tool::run(command.args(["-a", "--no-target-directory"]).arg(from).arg(to)).map(drop)
}
