//! Who may ask the log, and over which units.

use authority::Authority;
use ca_store::follower::Follower;
use pki::Certificate;
use records::Code;
use records::rules::Role;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A request may be this old or this far ahead, in seconds.
const SKEW_SECONDS_MAX: u64 = 300;

/// Questions that an auditor may ask within a minute.
const QUESTIONS_MAX: u32 = 240;

/// An auditor, and over which units.
pub(super) struct Auditor {
    pub(super) person: String,
    /// `None` for the whole city.
    pub(super) scopes: Option<Vec<String>>,
}

/// Admits auditors by their certificates and roles, as the followed log has them.
pub(super) struct Auditors {
    follower: Follower,
    /// Nonces of requests and when they can be forgotten, unix.
    nonces: Mutex<BTreeMap<Vec<u8>, u64>>,
    /// Questions of each auditor in a minute, by whoever brings them: since when, unix, and how
    /// many.
    asked: Mutex<BTreeMap<(String, String), (u64, u32)>>,
}

impl Auditors {
    pub(super) fn new(follower: Follower) -> Self {
        Self { follower, nonces: Mutex::default(), asked: Mutex::default() }
    }

    /// The auditor who made a request that is fresh and was not made before.
    pub(super) async fn admit(
        &self,
        certificate: &Certificate,
        (nonce, asked): (&[u8], u64),
        now: u64,
    ) -> Result<Auditor, Code> {
        let auditor = self.known(certificate, now).await?;
        // Counted first: what is refused is not remembered.
        self.count(("", &auditor.person), now)?;
        self.fresh(nonce, asked, now)?;
        Ok(auditor)
    }

    /// The auditor to whom a certificate belongs, as a portal claims, unless that portal asks too
    /// often for them: every question is a record for ever. What a portal claims uses up nothing of
    /// what the auditor signs.
    pub(super) async fn holder(
        &self,
        certificate: &Certificate,
        by: &str,
        now: u64,
    ) -> Result<Auditor, Code> {
        let auditor = self.known(certificate, now).await?;
        self.count((by, &auditor.person), now)?;
        Ok(auditor)
    }

    fn count(&self, (by, person): (&str, &str), now: u64) -> Result<(), Code> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, (since, _)| now.abs_diff(*since) < 60);
        let (_, count) = asked.entry((by.to_owned(), person.to_owned())).or_insert((now, 0));
        *count = count.saturating_add(1);
        if *count > QUESTIONS_MAX { Err(Code::TooManyTries) } else { Ok(()) }
    }

    /// The auditor to whom a certificate belongs.
    pub(super) async fn known(&self, certificate: &Certificate, now: u64) -> Result<Auditor, Code> {
        let certificate = certificate.clone();
        let admitted = self.follower.ask(move |authority| {
            let person =
                authority.credential_holder(&certificate, now).map_err(|code| match code {
                    Code::ApproverExpired => Code::CertificateExpired,
                    Code::ApproverRevoked => Code::CertificateRevoked,
                    _ => Code::NotYourRoute,
                })?;
            let held = authority.person(&person).map(|state| state.roles.clone());
            let scopes: Vec<String> = held
                .unwrap_or_default()
                .into_iter()
                .filter(|(role, scope)| {
                    *role == Role::Auditor && authority.holds(&person, *role, scope)
                })
                .map(|(_, scope)| scope)
                .collect();
            if scopes.is_empty() {
                return Err(Code::NotYourRoute);
            }
            let city = scopes.iter().any(|scope| scope == authority.city_unit());
            Ok(Auditor { person, scopes: (!city).then_some(scopes) })
        });
        admitted.await?
    }

    /// A request counts once.
    fn fresh(&self, nonce: &[u8], asked: u64, now: u64) -> Result<(), Code> {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.retain(|_, until| *until >= now);
        let until = now + 2 * SKEW_SECONDS_MAX;
        let again = asked.abs_diff(now) > SKEW_SECONDS_MAX
            || nonces.insert(nonce.to_vec(), until).is_some();
        if again { Err(Code::ChallengeUsed) } else { Ok(()) }
    }

    /// Which of some units are within an auditor's scope.
    pub(super) async fn covers(&self, auditor: &Auditor, unit: &str) -> Result<bool, Code> {
        let Some(scopes) = auditor.scopes.clone() else { return Ok(true) };
        let unit = unit.to_owned();
        let within = self.follower.ask(move |authority| {
            let above = authority.above(&unit);
            above.iter().any(|above| scopes.iter().any(|scope| scope == above))
        });
        within.await
    }

    /// Authority at the log's head.
    pub(super) async fn authority(&self) -> Result<Arc<Authority>, Code> {
        self.follower.fresh().await
    }

    /// The unit of a person.
    pub(super) async fn unit_of(&self, person: &str) -> Result<Option<String>, Code> {
        let person = person.to_owned();
        self.follower
            .ask(move |authority| authority.person(&person).map(|state| state.unit.clone()))
            .await
    }
}
