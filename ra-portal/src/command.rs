//! What operators of a portal type: `serve public`, `serve staff`, `serve machines`, `renew`; and
//! where a second validator stands, `serve validator`.

mod renew;

use crate::checked_paths::CheckedPaths;
use crate::config::{PortalConfig, ProcessConfig, ValidatorConfig};
use crate::events::Events;
use crate::listener::{LIMITS, OF_CERTIFICATE, bounded};
use crate::middleware::guarded;
use crate::pages::menu::Menus;
use crate::published_bundle::PublishedBundle;
use crate::state::{PortalState, client};
use anyhow::Context;
use axum::Router;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use mtls::listen::{Proof, Site};
use mtls::tls::{ClientAuth, Identity, server_for_browsers};
use mtls::web::WebHost;
use pki::Certificate;
use records::trust::Trust;
use service::shown_certificate::ShownCertificate;
use service::{Clock, Metrics, Neighbours, Stop};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use system::completions::Completions;

/// Whether the certificate for browsers was renewed is looked at this often.
const RENEWAL_LOOK: Duration = Duration::from_secs(10);

/// Faces people: enrolment on one host, staff on another. 登记注册门户。
///
/// Holds its TLS keys and nothing else; the CA verifies everything itself.
#[derive(Parser)]
#[command(name = "ra-portal", version)]
pub struct Arguments {
    /// The configuration. 配置文件
    #[arg(long, env = "YINXIN_PORTAL", default_value = "portal.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one process. 运行一个进程
    #[command(after_help = "例 / example: ra-portal --config portal.toml serve public")]
    Serve {
        /// Which: `public` faces people with a letter, `staff` officers, `machines` systems;
        /// `validator` looks at challenges for another host. 公众、工作人员、信息系统或第二验证点
        #[arg(value_enum)]
        process: Process,
    },
    /// Renews a process's certificate: the old key asks for the new one. 证书更新
    Renew(renew::Arguments),
    /// Writes completions for a shell, or manual pages. 命令补全与手册页
    Completions(Completions),
}

/// One of the processes, each with its own key.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Process {
    // People with a letter; no client certificates.
    Public,
    // Officers; client certificates.
    Staff,
    // Systems, by ACME and EST; client certificates of those that renew by EST.
    Machines,
    // Looks at challenges once more, for a process for systems elsewhere.
    Validator,
}

impl Process {
    fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Staff => "staff",
            Self::Machines => "machines",
            Self::Validator => "validator",
        }
    }

    fn config(self, config: &PortalConfig) -> anyhow::Result<&ProcessConfig> {
        match self {
            Self::Public => Ok(&config.public),
            Self::Staff => Ok(&config.staff),
            Self::Machines => config.machines(),
            Self::Validator => anyhow::bail!(
                "验证点的证书按信息系统的证书更新 / a validator's certificate is renewed as that of \
                 a system is"
            ),
        }
    }
}

/// One of the processes that people read pages of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    Public,
    Staff,
}

impl Pages {
    fn name(self) -> &'static str {
        match self {
            Self::Public => Process::Public.name(),
            Self::Staff => Process::Staff.name(),
        }
    }

    /// What the page of officers asks: the processes that are not theirs.
    fn neighbours(self, config: &PortalConfig) -> Neighbours {
        if self == Self::Public {
            return Neighbours::of(&[]);
        }
        let machines = config.machines.iter().map(|one| ("portal-machines", one.admin));
        let all = std::iter::once(("portal-public", config.public.admin)).chain(machines);
        Neighbours::of(&all.collect::<Vec<_>>())
    }

    fn config(self, config: &PortalConfig) -> &ProcessConfig {
        match self {
            Self::Public => &config.public,
            Self::Staff => &config.staff,
        }
    }

    /// What its clients are asked for.
    fn asks_for(self, issuing: &Certificate) -> ClientAuth {
        match self {
            Self::Public => ClientAuth::None,
            Self::Staff => ClientAuth::Optional { issuers: vec![issuing.subject().der().to_vec()] },
        }
    }

    /// Whose connections count as proven: those of a certificate that leads to the root, and is in
    /// time.
    fn proof(self, portal: &Arc<PortalState>, clock: Clock) -> Proof {
        let portal = portal.clone();
        match self {
            Self::Public => Proof::Nothing,
            Self::Staff => Proof::By(Arc::new(move |certificate| {
                let judged = portal.paths.certificate(certificate.der(), clock.seconds());
                judged.is_ok().then_some(OF_CERTIFICATE)
            })),
        }
    }

    fn routes(self) -> Router<Arc<PortalState>> {
        match self {
            Self::Public => crate::public::router(),
            Self::Staff => crate::staff::router(),
        }
    }

    fn is_brake(self) -> fn(&str) -> bool {
        match self {
            Self::Public => crate::public::is_brake,
            Self::Staff => crate::staff::is_brake,
        }
    }

    /// Its name for browsers. The staff host has none: passkeys belong to the one that it has.
    fn web(self, config: &PortalConfig) -> anyhow::Result<Option<Arc<WebHost>>> {
        let Some(web) = config.web.as_ref().filter(|_| self == Self::Public) else {
            return Ok(None);
        };
        let (chain, key) = (config.path(&web.chain), config.path(&web.key));
        Ok(Some(Arc::new(WebHost::open(&web.host, chain, key)?)))
    }

    /// What says how its certificate is renewed.
    fn renewal(self) -> &'static str {
        match self {
            Self::Public => "ra-portal renew public --help",
            Self::Staff => "ra-portal renew staff --help",
        }
    }

    /// What one of its settings is called.
    fn setting(self, key: &str) -> String {
        format!("portal.toml: {}.{key}", self.name())
    }
}

/// Runs a command.
pub async fn run(arguments: Arguments) -> ExitCode {
    let done = async {
        let config = || PortalConfig::read(&arguments.config);
        match arguments.command {
            Command::Serve { process: Process::Public } => serve(config()?, Pages::Public).await,
            Command::Serve { process: Process::Staff } => serve(config()?, Pages::Staff).await,
            Command::Serve { process: Process::Machines } => {
                let config = config()?;
                let trust = trust(&config)?;
                crate::machines::serve(config, trust).await
            }
            Command::Serve { process: Process::Validator } => {
                let config = ValidatorConfig::read(&arguments.config)?;
                let trust = trust_file(&config.path(&config.trust))?;
                crate::machines::serve_validator(config, trust).await
            }
            Command::Renew(what) => renew::run(&config()?, what).await,
            Command::Completions(wanted) => Ok(wanted.write(Arguments::command())?),
        }
    };
    match done.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let next = system::language::help_of_typed::<Arguments>();
            system::speech::broke_off_before("ra-portal: ", error.chain(), &next);
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: PortalConfig, process: Pages) -> anyhow::Result<()> {
    service::start_logs();
    service::raise_open_files();
    let stop = Stop::on_signal()?;
    let clock = Clock::system();
    let metrics = Metrics::default();
    let own = process.config(&config);
    let identity = || Identity::from_files(&config.path(&own.chain), &config.path(&own.key));
    let trust = trust(&config)?;
    let store = Store::open(&config.database_address()).await?;
    store.migrate(crate::MIGRATIONS).await?;
    let events = Events::open(store.clone(), &config.portal, process.name(), clock).await?;
    events.keep("start", "done", "").await?;
    let (issuing, root) = authorities(&config.path(&own.chain))?;
    let clients = process.asks_for(&issuing);
    let web = process.web(&config)?;
    let tls = server_for_browsers(identity()?, &clients, &["h2", "http/1.1"], web.clone())?;
    let log = ca_api::Log(client(&config.log, &trust, identity()?)?);
    let neighbours = Arc::new(process.neighbours(&config));
    let portal = Arc::new(PortalState {
        host: own.host.clone(),
        web: web.clone(),
        public: config.public_address(&trust.portal_public),
        trust: trust.clone(),
        issuer: ca_api::Issuer(bounded(client(&config.issuer, &trust, identity()?)?)),
        log: ca_api::Log(bounded(client(&config.log, &trust, identity()?)?)),
        status: ca_api::Status(bounded(client(&trust.status, &trust, identity()?)?)),
        events: events.clone(),
        metrics: metrics.clone(),
        neighbours: neighbours.clone(),
        store: store.clone(),
        acme_directory: config.acme_directory(),
        paths: CheckedPaths::new(issuing, root),
        bundle: PublishedBundle::beside(identity()?.leaf().unwrap_or_default()),
        menus: Menus::default(),
        rosters: Default::default(),
    });
    let site = Site {
        proof: process.proof(&portal, clock),
        router: guarded(process.routes(), portal),
        limits: LIMITS,
        is_brake: process.is_brake(),
        busy: service::problem::busy,
        refuse: service::problem::refuse,
        full: metrics.fullness("listener"),
        nearly_full: metrics.near_fullness("listener"),
    };
    tokio::spawn(service::disk::watch(config.path(".".as_ref()), metrics.clone(), stop.clone()));
    let shown = ShownCertificate::of(&identity()?, process.renewal());
    tokio::spawn(shown.watch(clock, metrics.clone(), stop.clone()));
    let looking = stop.clone();
    tokio::spawn(async move { neighbours.watch(clock, looking).await });
    if let Some(web) = web {
        tokio::spawn(renewed(web, metrics.clone(), stop.clone()));
    }
    let shipping = tokio::spawn(events.clone().run(log, metrics.clone(), stop.clone()));
    let setting = process.setting("admin");
    let admin = service::Admin::new(metrics).serve((own.admin, &setting), stop.clone());
    let listener = service::listen(own.listen, &process.setting("listen")).await?;
    let waiting = stop.clone();
    let ended = async move { waiting.wait().await };
    let pages = mtls::listen::serve(listener, Some(tls), site, ended);
    tokio::try_join!(admin, pages)?;
    shipping.await?;
    events.keep_rest().await?;
    events.keep("stop", "done", "").await?;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Shows a renewed certificate to browsers; one that cannot be shown leaves the old one, and is
/// told.
async fn renewed(web: Arc<WebHost>, metrics: Metrics, stop: Stop) {
    while stop.pause(RENEWAL_LOOK).await {
        match web.look() {
            Ok(false) => metrics.condition("web-certificate", ""),
            Ok(true) => {
                metrics.condition("web-certificate", "");
                tracing::info!("the certificate for browsers was renewed");
            }
            Err(error) => metrics.condition("web-certificate", &error.to_string()),
        }
    }
}

fn trust(config: &PortalConfig) -> anyhow::Result<Trust> {
    trust_file(&config.path(&config.trust))
}

fn trust_file(path: &Path) -> anyhow::Result<Trust> {
    let text = system::file::read_given(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| {
        let path = path.display();
        format!("{path}：不是信任文件 / {path}: no trust file")
    })
}

/// The issuing CA and the root, as they stand behind the process's own certificate.
fn authorities(chain: &Path) -> anyhow::Result<(Certificate, Certificate)> {
    let file = system::file::read_given(chain).with_context(|| chain.display().to_string())?;
    let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate)
        .with_context(|| chain.display().to_string())?;
    let [_, issuing, root] = blocks.as_slice() else {
        anyhow::bail!(
            "{0}：应为本证书、签发机构和根证书 / {0}: leaf, issuing CA and root are expected",
            chain.display()
        );
    };
    Ok((Certificate::read(issuing)?, Certificate::read(root)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_help_is_english_then_chinese() {
        assert_eq!(system::language::one_sided(&Arguments::command()), [""; 0]);
    }
}
