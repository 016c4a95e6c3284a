//! Which pages of the staff host the menu names: those that its reader may use. It decides nothing,
//! so what the CA said within the last minute will do.

use ca_api::{AsOfficer, Issuer, Officer, Refusal};
use quick_cache::sync::Cache;
use records::rules::Role;

/// How long a menu stays as it is, in seconds.
const SECONDS: u64 = 60;
/// Certificates whose menus are remembered; of more the least read are asked for again.
const KEPT_MAX: usize = 4_096;

/// What the menu names besides the own certificate.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Menu {
    /// The list of what waits, certificates and their revocation; with people and one's own drafts.
    pub(crate) approves: bool,
    /// People and one's own drafts.
    pub(crate) handles: bool,
    /// Applications, the state of the city and the own passkeys.
    pub(crate) staff: bool,
    /// The log.
    pub(crate) audits: bool,
}

impl Menu {
    fn of(officer: &Officer) -> Self {
        let has = |role: Role| officer.roles.iter().any(|held| held.role == role.name());
        Self {
            approves: officer.approves,
            handles: officer.staff && has(Role::UnitHandler),
            staff: officer.staff,
            audits: officer.staff && has(Role::Auditor),
        }
    }
}

/// The menus of a process, by certificate, each with the second in which it was asked for.
pub struct Menus(Cache<Vec<u8>, (u64, Menu)>);

impl Default for Menus {
    fn default() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl Menus {
    /// The menu of whoever holds a certificate that leads to our root. While the CA does not answer
    /// nothing is remembered, and only the own certificate is named.
    pub(crate) async fn of(&self, issuer: &Issuer, certificate: records::Bytes, now: u64) -> Menu {
        let key = certificate.0.clone();
        let kept = self.0.get(&key);
        if let Some((_, menu)) = kept.filter(|(asked, _)| now.abs_diff(*asked) < SECONDS) {
            return menu;
        }
        let answer = issuer.holder(&AsOfficer { certificate, message: () }).await;
        let menu = match answer {
            Ok(officer) => Menu::of(&officer),
            Err(Refusal::Refused(_)) => Menu::default(),
            Err(_) => return Menu::default(),
        };
        self.0.insert(key, (now, menu));
        menu
    }
}
