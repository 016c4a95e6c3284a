//! The processes of a city: started, watched until ready, ended by their own ids.

use crate::city::City;
use crate::tool;
use anyhow::{Context, bail};
use mtls::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_LOOKS_MAX: usize = 600;
/// The same behind millions of records.
const FAR_BEHIND_LOOKS_MAX: usize = 20 * READY_LOOKS_MAX;
const LOOK: Duration = Duration::from_millis(50);
const STOP_LOOKS_MAX: usize = 400;

/// Every process: name in `admin_urls`, binary, arguments.
pub(crate) const PROCESSES: [(&str, &str, [&str; 2]); 7] = [
    ("log", "ca-server", ["serve", "log"]),
    ("status", "ca-server", ["serve", "status"]),
    ("issuer", "ca-server", ["serve", "issuer"]),
    ("notices", "ca-server", ["serve", "notices"]),
    ("portal-public", "ra-portal", ["serve", "public"]),
    ("portal-staff", "ra-portal", ["serve", "staff"]),
    ("portal-machines", "ra-portal", ["serve", "machines"]),
];

/// The gate and the application behind it, once the gate has joined.
pub(crate) const GATE: [(&str, &str); 2] = [("exchange", "exchange"), ("agent", "agent")];

/// Running processes; dropping it ends what still runs.
pub(crate) struct Running {
    children: Vec<(String, Child)>,
    folder: PathBuf,
}

impl Running {
    /// Starts every process of a city and waits until each is ready.
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut running = Self { children: Vec::new(), folder: folder.to_owned() };
        std::fs::create_dir_all(folder.join("logs"))?;
        let city = City::read(folder)?;
        // A city that was founded before there were some has no process for systems.
        let own = |name: &str| city.admin_urls.contains_key(name);
        for (name, _, _) in PROCESSES.iter().filter(|(name, _, _)| own(name)) {
            running.spawn(name)?;
        }
        for (name, url) in city.admin_urls.iter().filter(|(name, _)| *name != "agent") {
            running.ready(name, url, READY_LOOKS_MAX).await?;
        }
        if city.agent.is_some() {
            running.start_gate(&city).await?;
        }
        Ok(running)
    }

    /// Starts the sample application and the gate in front of it.
    pub(crate) async fn start_gate(&mut self, city: &City) -> anyhow::Result<()> {
        let agent = city.agent.as_ref().context("no gate")?;
        for (name, binary) in GATE {
            let mut command = Command::new(tool::binary(binary)?);
            let state = self.folder.join(&agent.state);
            match name {
                "agent" => command.arg("--state").arg(&state).arg("serve"),
                _ => command
                    .args(["--listen", &agent.upstream])
                    .arg("--jwks")
                    .arg(state.join("identity/jwks.json"))
                    .args(["--issuer", "gate-1", "--audience", "exchange"]),
            };
            self.begin(name, command)?;
        }
        let url = city.admin_urls.get("agent").context("admin address")?;
        self.ready("agent", url, READY_LOOKS_MAX).await
    }

    fn spawn(&mut self, name: &str) -> anyhow::Result<()> {
        let (_, binary, words) =
            PROCESSES.iter().find(|(known, _, _)| *known == name).context("no such process")?;
        let mut command = Command::new(tool::binary(binary)?);
        match *binary {
            "ca-server" => command.arg("--state").arg(self.folder.join("ca")),
            _ => command.arg("--config").arg(self.folder.join("portal.toml")),
        };
        command.args(words);
        self.begin(name, command)
    }

    fn begin(&mut self, name: &str, mut command: Command) -> anyhow::Result<()> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("logs/{name}.log")))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| name.to_owned())?;
        self.children.push((name.to_owned(), child));
        Ok(())
    }

    async fn ready(&mut self, name: &str, url: &str, looks_max: usize) -> anyhow::Result<()> {
        let client = Client::new(url, None)?;
        for _ in 0..looks_max {
            self.check()?;
            if client.get("/readyz").await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("{name} does not become ready; see {}/logs/{name}.log", self.folder.display())
    }

    /// Id of a process.
    pub(crate) fn pid(&self, name: &str) -> Option<u32> {
        self.children.iter().find(|(known, _)| known == name).map(|(_, child)| child.id())
    }

    /// An error if a process ended by itself.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for (name, child) in &mut self.children {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended ({status}); see {}/logs/{name}.log", self.folder.display());
            }
        }
        Ok(())
    }

    /// Kills a process and starts it again; gives how long it took until it was ready.
    pub(crate) async fn again(&mut self, name: &str) -> anyhow::Result<Duration> {
        self.kill(name)?;
        self.begin_again(name, READY_LOOKS_MAX).await
    }

    /// Kills a process.
    pub(crate) fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        let at = self.children.iter().position(|(known, _)| known == name);
        let (_, mut child) = self.children.remove(at.context("no such process")?);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Starts a process that was killed, behind a log that grew by very much meanwhile.
    pub(crate) async fn begin_far_behind(&mut self, name: &str) -> anyhow::Result<Duration> {
        self.begin_again(name, FAR_BEHIND_LOOKS_MAX).await
    }

    /// Starts a process that was killed; gives how long it took until it was ready.
    async fn begin_again(&mut self, name: &str, looks_max: usize) -> anyhow::Result<Duration> {
        let city = City::read(&self.folder)?;
        let url = city.admin_urls.get(name).context("admin address")?;
        let began = Instant::now();
        self.spawn(name)?;
        self.ready(name, url, looks_max).await?;
        Ok(began.elapsed())
    }

    /// Ends every process gently, newest first, and waits for it.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        for (_, child) in self.children.iter().rev() {
            signal(child, Signal::TERM);
        }
        for (name, mut child) in std::mem::take(&mut self.children) {
            let mut looks = 0;
            while child.try_wait()?.is_none() {
                looks += 1;
                if looks > STOP_LOOKS_MAX {
                    eprintln!("{name} does not stop and is killed");
                    child.kill()?;
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for (_, child) in &mut self.children {
            signal(child, Signal::TERM);
            let _ = child.wait();
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}
