//! SIGHUP: the configuration is read again, with the files that it names and all else that a start
//! takes up, the gate's own key and certificate among them. Where one is wrong nothing changes and
//! that is said; where all are right the process ends in order, so that whoever keeps it running
//! starts it with what is new, while the sockets wait.

use super::listeners::Listeners;
use super::own_pair::OwnPair;
use super::tls_to_upstream;
use crate::AgentConfig;
use crate::command::joined::joined;
use crate::gate::call::CallToken;
use crate::spool::AckedPosition;
use crate::token::Tokens;
use crate::world::{Anchors, Marks};
use mtls::shown::ShownIdentity;
use service::{Metrics, Stop};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signal, which ends a process that does not hear it: heard before anything else is done.
pub(super) fn heard() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Waits for the signal until the stop, beside a configuration that is in force.
pub(super) async fn watch(
    mut asked: Signal,
    (folder, in_force): (PathBuf, AgentConfig),
    metrics: Metrics,
    stop: Stop,
) {
    loop {
        tokio::select! {
            _ = asked.recv() => {}
            () = stop.wait() => return,
        }
        match check(&folder, &in_force).and_then(|()| kept(&folder)) {
            Ok(()) => {
                tracing::info!("the configuration is sound: ending, to be started with it");
                stop.begin();
                return;
            }
            // What is in force goes on; the line stands in the text.
            Err(Wrong::Configuration(error)) => {
                let why = format!("{error:#}");
                tracing::error!(why, "the new configuration is refused, and the old one kept");
                metrics.notice("configuration", &format!("refused, the old one is kept: {why}"));
            }
            Err(Wrong::Pair(error)) => {
                let why = format!("{error:#}");
                tracing::error!(why, "the pair that lies there is refused, and the old one kept");
                metrics.notice("certificate", &OwnPair::refused(&error));
            }
        }
    }
}

/// Why a gate does not end for what lies in its folder.
enum Wrong {
    Configuration(anyhow::Error),
    /// The gate's own key and certificate.
    Pair(anyhow::Error),
}

/// What a start reads before it serves: a gate that would not start with it must not end for it.
fn check(folder: &Path, in_force: &AgentConfig) -> Result<(), Wrong> {
    let config = AgentConfig::read(folder).map_err(|e| Wrong::Configuration(e.into()))?;
    Listeners::check(&config, in_force).map_err(Wrong::Configuration)?;
    Tokens::check(&config).map_err(Wrong::Configuration)?;
    if config.calls.is_some() {
        CallToken::kept(&config).map_err(Wrong::Configuration)?;
    }
    let Some(pair) = OwnPair::lying(folder).map_err(Wrong::Pair)? else { return Ok(()) };
    pair.authorities().map_err(Wrong::Pair)?;
    let shown = pair.identity().and_then(|identity| Ok(ShownIdentity::new(identity)?));
    let shown = Arc::new(shown.map_err(Wrong::Pair)?);
    tls_to_upstream(&config, &shown).map(drop).map_err(Wrong::Configuration)
}

/// What it takes up of what a gate keeps.
fn kept(folder: &Path) -> Result<(), Wrong> {
    let read = || -> anyhow::Result<()> {
        Anchors::new(&joined(folder)?)?;
        Marks::read(&folder.join("marks.json"))?;
        AckedPosition::read(&folder.join("spool")).map(drop)
    };
    read().map_err(Wrong::Configuration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;
    use pki::certificate;
    use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

    /// What is wrong with what lies in a folder; nothing if all is right.
    fn found(folder: &Path) -> String {
        let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let in_force = AgentConfig::new(folder, address(1), address(2), address(3));
        match check(folder, &in_force) {
            Ok(()) => String::new(),
            Err(Wrong::Configuration(error)) => format!("configuration: {error:#}"),
            Err(Wrong::Pair(error)) => format!("pair: {error:#}"),
        }
    }

    /// Not only its lines are to be right: nobody starts with roots that are missing or none.
    #[test]
    fn a_configuration_is_right_with_the_files_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let text = "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\n\
                    upstream = \"127.0.0.1:3\"\n";
        std::fs::write(at("agent.toml"), text).unwrap();
        let lacks = found(folder.path());
        assert!(lacks.starts_with("pair: "), "without a certificate of its own: {lacks}");
        let signer = SoftwareSigner::generate_p256().unwrap();
        let mut content = CertificateParams::default();
        content.not_before = date_time_ymd(2020, 1, 1);
        content.not_after = date_time_ymd(2046, 1, 1);
        content.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = content.self_signed(&KeyPair::try_from(signer.pkcs8()).unwrap()).unwrap();
        let own = certificate::pem("CERTIFICATE", own.der());
        std::fs::write(at("tls.pem"), &own).unwrap();
        let key = certificate::pem("PRIVATE KEY", signer.pkcs8());
        crate::write_file(&at("tls.key"), key.as_bytes()).unwrap();
        let lacks = found(folder.path());
        assert!(lacks.starts_with("pair: "), "without a root above it: {lacks}");
        std::fs::write(at("tls.pem"), own.repeat(2)).unwrap();
        assert_eq!(found(folder.path()), "");

        let named = "[upstream_tls]\nname = \"app.internal\"\nroots = \"app.pem\"\n";
        std::fs::write(at("agent.toml"), format!("{text}{named}")).unwrap();
        let lacks = found(folder.path());
        assert!(lacks.starts_with("configuration: agent.toml: [upstream_tls]"), "{lacks}");
        std::fs::write(at("app.pem"), "no roots\n").unwrap();
        assert!(found(folder.path()).starts_with("configuration: "));
        std::fs::write(at("app.pem"), own).unwrap();
        assert_eq!(found(folder.path()), "");

        // Nobody starts where somebody else listens, or with secrets that are damaged.
        let foreign = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = format!("calls = \"{}\"\n{text}", foreign.local_addr().unwrap());
        std::fs::write(at("agent.toml"), taken).unwrap();
        let lacks = found(folder.path());
        assert!(lacks.contains("agent.toml, line 1: choose another address"), "{lacks}");
        assert!(lacks.contains("agent.toml: calls"), "{lacks}");
        let calls = format!("calls = \"unix:{}\"\n{text}", at("call.sock").display());
        std::fs::write(at("agent.toml"), calls).unwrap();
        assert_eq!(found(folder.path()), "");
        std::fs::create_dir(at("identity")).unwrap();
        for (name, setting) in [("call.token", ""), ("current", ""), ("request.key", CONNECTION)] {
            let is_read = |damaged: bool| {
                let text = std::fs::read_to_string(at("agent.toml")).unwrap();
                std::fs::write(at("agent.toml"), format!("{setting}{text}")).unwrap();
                let lacks = found(folder.path());
                std::fs::write(at("agent.toml"), text).unwrap();
                assert_eq!(lacks.contains(name), damaged, "{name}: {lacks}");
            };
            is_read(false);
            crate::write_file(&at("identity").join(name), b"damaged\n").unwrap();
            is_read(true);
            std::fs::remove_file(at("identity").join(name)).unwrap();
        }
    }

    const CONNECTION: &str = "identity = \"connection\"\n";

    /// What a gate keeps is read as well: with marks that are gone none would begin.
    #[test]
    fn a_reload_reads_what_a_start_takes_up() {
        let folder = tempfile::tempdir().unwrap();
        let Err(Wrong::Configuration(error)) = kept(folder.path()) else { panic!("it is empty") };
        assert!(format!("{error:#}").contains("joined.json"), "{error:#}");
    }
}
