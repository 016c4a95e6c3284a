//! The keys of the first day, each sealed in its role's folder.

use anyhow::Context;
use ca_host::durable::write_private;
use ca_host::random;
use ca_store::follower;
use ca_store::keep::{Journal, Keep, KeptText, mac_key, numbers_key, signed, time_key};
use keys::{SoftwareSigner, Stretch, save, save_plain};
use pki::algorithm::by_name;
use records::record::LOGS;
use std::path::Path;
use zeroize::Zeroizing;

/// Every key that `init` makes.
pub(super) struct FoundingKeys {
    pub root: SoftwareSigner,
    pub issuing: SoftwareSigner,
    pub registry: SoftwareSigner,
    pub status: SoftwareSigner,
    pub ocsp: SoftwareSigner,
    pub control: SoftwareSigner,
    pub access: SoftwareSigner,
    /// TLS keys of issuer, status and log.
    pub tls: [(&'static str, SoftwareSigner); 3],
}

impl FoundingKeys {
    /// Draws all keys and writes them into the state directory: the root's under a random
    /// passphrase in `offline/`, each role's under its own `unlock` file, TLS keys in clear for
    /// rustls.
    pub(super) fn generate(folder: &Path) -> anyhow::Result<Self> {
        let make = |name: &str| -> anyhow::Result<SoftwareSigner> {
            Ok(SoftwareSigner::generate(by_name(name).context("algorithm")?)?)
        };
        let keys = Self {
            root: make("p384")?,
            issuing: make("p256")?,
            registry: make("p256")?,
            status: make("p256")?,
            ocsp: make("p256")?,
            control: make("ed25519")?,
            access: make("ed25519")?,
            tls: [("issuer", make("p256")?), ("status", make("p256")?), ("log", make("p256")?)],
        };
        let offline = unlock(&folder.join("offline/root.passphrase"))?;
        save(&folder.join("offline/root.key"), &keys.root, &offline, Stretch::Random)?;
        let roles: [(&str, &[(&str, &SoftwareSigner)]); 3] = [
            ("issuer", &[("issuing", &keys.issuing), ("registry", &keys.registry)]),
            ("status", &[("status", &keys.status), ("ocsp", &keys.ocsp)]),
            ("log", &[("control", &keys.control), ("access", &keys.access)]),
        ];
        for (role, list) in roles {
            let passphrase = unlock(&folder.join(role).join("unlock"))?;
            for (name, key) in list {
                let path = folder.join(role).join(format!("{name}.key"));
                save(&path, key, &passphrase, Stretch::Random)?;
            }
        }
        for (role, key) in &keys.tls {
            save_plain(&folder.join(role).join("tls.key"), key)?;
        }
        let seal = random::bytes::<32>()?;
        write_private(&folder.join("issuer/seal.key"), &seal)?;
        // What national numbers are known again by. A city that loses it registers them anew.
        let number = Zeroizing::new(random::bytes::<32>()?);
        write_private(&folder.join("issuer/number.key"), &*number)?;
        // The issuer begins at a floor of its founding: one that is missing later was taken away.
        Keep::found(&folder.join("issuer"), &seal)?;
        KeptText::found(&folder.join("issuer/signing"), &mac_key(&seal))?;
        KeptText::found(&folder.join("issuer/numbers"), &numbers_key(&seal))?;
        KeptText::found(&folder.join("issuer/time"), &time_key(&seal))?;
        Journal::found(&folder.join("issuer/told"), &mac_key(&seal))?;
        // So do the other roles, each with a floor for everything that it never takes back.
        follower::found(&folder.join("status"), &["list", "losses"])?;
        follower::found(&folder.join("log"), &LOGS.map(signed))?;
        follower::found(&folder.join("notices"), &[])?;
        // What a gateway knows notices of this city by.
        let secret = records::Bytes::from(random::bytes::<32>()?).to_string();
        write_private(&folder.join("notices/webhook.secret"), format!("{secret}\n").as_bytes())?;
        Ok(keys)
    }
}

/// A random passphrase of 256 bits in a file of its own.
fn unlock(path: &Path) -> anyhow::Result<String> {
    let passphrase = records::Bytes::from(random::bytes::<32>()?).to_string();
    write_private(path, format!("{passphrase}\n").as_bytes())?;
    Ok(passphrase)
}
