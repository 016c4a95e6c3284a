//! What the processes of a city say of themselves, and what they used, before and after a load.

use crate::bench::cpu;
use crate::city::City;
use crate::processes::{PROCESSES, Running};
use anyhow::Context;
use mtls::Client;
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// How often it is looked whether everybody was told.
const AGAIN: Duration = Duration::from_millis(250);
/// What makes the load, beside the processes of the city.
pub(super) const GENERATOR: &str = "load generator";

/// Looks at a running city.
pub(super) struct Meter {
    issuer: Client,
    log: Client,
    notices: Client,
    pids: Vec<(String, u32)>,
    postgres: Option<u32>,
    /// Hears when a policy file is opened.
    policies: OwnedFd,
}

/// What was counted so far.
pub(super) struct Reading {
    verifications: u64,
    profiles: u64,
    rounds: u64,
    sequenced: u64,
    cpu: BTreeMap<String, f64>,
}

/// What came in between.
pub(super) struct Difference {
    pub(super) verifications: u64,
    pub(super) profiles_parsed: u64,
    pub(super) policies_opened: u64,
    /// Commits of the issuer, and of both logs.
    pub(super) rounds: u64,
    pub(super) sequenced: u64,
    /// Seconds of the processor by process.
    pub(super) cpu: BTreeMap<String, f64>,
}

impl Meter {
    pub(super) fn open(
        folder: &Path,
        running: &Running,
        server: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let city = City::read(folder)?;
        let admin = |role: &str| -> anyhow::Result<Client> {
            Ok(Client::new(city.admin_urls.get(role).context("admin address")?, None)?)
        };
        let mut pids = vec![(GENERATOR.to_owned(), std::process::id())];
        for (name, ..) in PROCESSES {
            pids.push((name.to_owned(), running.pid(name).context("no such process")?));
        }
        let postgres = server.map(crate::postgres::pid).transpose()?;
        let policies = inotify::init(inotify::CreateFlags::NONBLOCK)?;
        for below in ["", "profiles", "access"] {
            let path = folder.join("ca/policies").join(below);
            inotify::add_watch(&policies, path, inotify::WatchFlags::OPEN)?;
        }
        let (issuer, log, notices) = (admin("issuer")?, admin("log")?, admin("notices")?);
        Ok(Self { issuer, log, notices, pids, postgres, policies })
    }

    /// Waits until nothing is left of what came before: everybody was told.
    pub(super) async fn everybody_told(&self) -> anyhow::Result<()> {
        while count(&self.notices, "yinxin_value{name=\"notices_waiting\"} ").await? > 0 {
            tokio::time::sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Reads now; what was heard of policy files before is forgotten.
    pub(super) async fn read(&self) -> anyhow::Result<Reading> {
        let mut cpu = BTreeMap::new();
        for (name, pid) in &self.pids {
            cpu.insert(name.clone(), cpu::seconds(*pid)?);
        }
        if let Some(pid) = self.postgres {
            cpu.insert("PostgreSQL".to_owned(), cpu::family_seconds(pid)?);
        }
        self.opened();
        Ok(Reading {
            verifications: count(&self.issuer, "yinxin_verifications_total ").await?,
            profiles: count(&self.issuer, "yinxin_profiles_parsed_total ").await?,
            rounds: count(&self.issuer, &done("round")).await?,
            sequenced: count(&self.log, &done("sequence")).await?,
            cpu,
        })
    }

    /// What came since.
    pub(super) async fn since(&self, before: &Reading) -> anyhow::Result<Difference> {
        let policies_opened = self.opened();
        let now = self.read().await?;
        let used = |(name, after): (&String, &f64)| {
            let before = before.cpu.get(name).copied().unwrap_or_default();
            (name.clone(), after - before)
        };
        Ok(Difference {
            verifications: now.verifications - before.verifications,
            profiles_parsed: now.profiles - before.profiles,
            policies_opened,
            rounds: now.rounds - before.rounds,
            sequenced: now.sequenced - before.sequenced,
            cpu: now.cpu.iter().map(used).collect(),
        })
    }

    /// How often policy files were opened since somebody asked.
    fn opened(&self) -> u64 {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.policies, &mut buffer);
        let mut count = 0;
        while events.next().is_ok() {
            count += 1;
        }
        count
    }
}

/// What counts an act that was done.
fn done(act: &str) -> String {
    format!("yinxin_acts_total{{act=\"{act}\",outcome=\"done\"}} ")
}

/// A number that a process says of itself.
async fn count(admin: &Client, name: &str) -> anyhow::Result<u64> {
    let answer = admin.get("/metrics").await?;
    let text = String::from_utf8(answer.into_body().to_vec())?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(line.with_context(|| format!("nobody counts {name}"))?.trim().parse()?)
}
