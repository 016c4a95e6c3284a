//! Which pages of the staff host the menu names: those that its reader may use. It decides nothing,
//! so what the CA said within the last minute will do.

use ca_api::{AsOfficer, Issuer, Officer, Refusal};
use quick_cache::sync::Cache;
use records::DisplayName;
use records::rules::Role;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the CA: a suspension that somebody sends with a form goes to another service,
/// and waits for no issuer that hangs.
const WAIT: Duration = Duration::from_secs(3);
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

/// What has an id and is called something, as the CA said with the menu.
#[derive(Default)]
pub(crate) struct CalledNames {
    pub(crate) profiles: Vec<DisplayName>,
    pub(crate) applications: Vec<DisplayName>,
}

/// The menus of a process, by certificate, each with the second in which it was asked for.
pub struct Menus {
    kept: Cache<Vec<u8>, (u64, Menu, Arc<CalledNames>)>,
    wait: Duration,
}

impl Default for Menus {
    fn default() -> Self {
        Self { kept: Cache::new(KEPT_MAX), wait: WAIT }
    }
}

impl Menus {
    /// The menu of whoever holds a certificate that leads to our root, and what profiles and
    /// applications are called. While the CA does not answer nothing is remembered, only the own
    /// certificate is named, and the others by their ids.
    pub(crate) async fn of(
        &self,
        issuer: &Issuer,
        certificate: records::Bytes,
        now: u64,
    ) -> (Menu, Arc<CalledNames>) {
        let key = certificate.0.clone();
        let kept = self.kept.get(&key);
        if let Some((_, menu, names)) = kept.filter(|(asked, ..)| now.abs_diff(*asked) < SECONDS) {
            return (menu, names);
        }
        let asked = AsOfficer { certificate, message: () };
        let (menu, names) = match tokio::time::timeout(self.wait, issuer.holder(&asked)).await {
            Ok(Ok(officer)) => {
                let menu = Menu::of(&officer);
                let Officer { profiles, applications, .. } = officer;
                (menu, Arc::new(CalledNames { profiles, applications }))
            }
            Ok(Err(Refusal::Refused(_))) => Default::default(),
            Ok(Err(_)) | Err(_) => return Default::default(),
        };
        self.kept.insert(key, (now, menu, names.clone()));
        (menu, names)
    }
}

/// What the sample city calls its profiles and its application.
#[cfg(test)]
pub(crate) fn sample_names() -> CalledNames {
    let name = |(id, zh, en): (&str, &str, &str)| DisplayName {
        id: id.into(),
        zh: zh.into(),
        en: en.into(),
    };
    let official = ("official", "公职人员证书", "Certificate of officials");
    CalledNames {
        profiles: [official, ("staff", "工作人员证书", "Staff certificate")].map(name).into(),
        applications: vec![name(("exchange", "公文交换", "Document exchange"))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// An issuer that takes a question and says nothing: the page comes with the least of its menu,
    /// and nothing of that is remembered.
    #[tokio::test]
    async fn no_page_waits_for_an_issuer_that_hangs() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", silent.local_addr().unwrap());
        let issuer = Issuer(mtls::Client::new(&address, None).unwrap());
        let menus = Menus { wait: Duration::from_millis(1), ..Menus::default() };
        let certificate = records::Bytes(vec![7]);
        let asked = menus.of(&issuer, certificate.clone(), 0);
        let menu = tokio::time::timeout(Duration::from_secs(5), asked).await;
        assert_eq!(menu.ok().map(|(menu, _)| menu), Some(Menu::default()));
        assert!(menus.kept.get(&certificate.0).is_none());
    }
}
