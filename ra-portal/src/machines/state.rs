//! What the routes for systems share.

use crate::events::Events;
use crate::machines::answer::{AcmeRefused, Answer};
use crate::machines::carried::CarriedOrders;
use crate::machines::certs_only::EstAnswers;
use crate::machines::looks::Looks;
use crate::machines::nonces::Nonces;
use crate::machines::open_names::OpenNames;
use crate::machines::ra_keys::RaKeys;
use crate::machines::second::SecondValidator;
use crate::machines::strangers::Strangers;
use crate::machines::table::change::{MachineChange, MachineWrite, WriteOutcome};
use crate::machines::troubles::Troubles;
use crate::machines::validate::Validator;
use crate::machines::writes::Writes;
use acme::ProblemKind;
use acme::directory::AcmeUrls;
use acme::scope::NameScope;
use ca_api::Refusal;
use records::Code;
use records::machine::{AskAccount, MachineAccount};
use service::{Clock, Metrics, Stop};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{Store, StoreError};

/// An event is kept within this time.
const KEEP_WAIT: Duration = Duration::from_secs(5);
/// What ends something waits so long for rows, which decide nothing about it.
pub(crate) const ROWS_OF_BRAKE: Duration = Duration::from_secs(2);
/// What an account may ask for is asked again after this time.
const TERMS_MAX: Duration = Duration::from_secs(10);
/// Accounts whose terms are remembered.
pub(crate) const TERMS_KEPT_MAX: usize = 4_096;
/// Orders of an account within an hour: what is not finalized costs the CA nothing, and this
/// process rows.
pub(crate) const ORDERS_OF_HOUR_MAX: u32 = 100_000;

/// What the routes share.
pub(crate) struct MachinesState {
    /// The host that this process answers for.
    pub(crate) host: String,
    /// Where its resources are.
    pub(crate) urls: AcmeUrls,
    /// What EST answers everybody.
    pub(crate) est: EstAnswers,
    /// What devices encrypt for by SCEP.
    pub(crate) scep: RaKeys,
    /// By which names CAA records call this CA.
    pub(crate) caa: Vec<String>,
    /// Certificates that were issued before, unix, had better be renewed at once.
    pub(crate) renew_issued_before: Option<u64>,
    /// Whether they are asked for names, too, for which an order vouches.
    pub(crate) caa_always: bool,
    /// The issuer, over mTLS with this process's key.
    pub(crate) issuer: ca_api::Issuer,
    /// The portal's database.
    pub(crate) store: Store,
    /// This process's events.
    pub(crate) events: Events,
    /// Counters.
    pub(crate) metrics: Metrics,
    /// The clock.
    pub(crate) clock: Clock,
    /// The way to the tables, for many at once.
    pub(crate) writes: Writes,
    /// Nonces.
    pub(crate) nonces: Nonces,
    /// Looks whether challenges are answered.
    pub(crate) validator: Validator,
    /// Looks once more, from elsewhere, where one is configured.
    pub(crate) second: Option<SecondValidator>,
    /// Places of looks.
    pub(crate) looks: Looks,
    /// Orders that this process carries to the CA.
    pub(crate) carried: CarriedOrders,
    /// What accounts may ask for.
    pub(crate) terms: Terms,
    /// How many orders accounts made.
    pub(crate) orders: OrdersOfHour,
    /// How many names of orders became no certificate yet.
    pub(crate) open_names: OpenNames,
    /// Places of those whom nobody knows yet.
    pub(crate) strangers: Strangers,
    /// What clients were refused, for their owners.
    pub(crate) troubles: Troubles,
    /// The end of this process.
    pub(crate) stop: Stop,
}

/// What was asked last about accounts.
#[derive(Default)]
pub(crate) struct Terms(Mutex<BTreeMap<String, (Instant, MachineAccount)>>);

impl Terms {
    fn known(&self, account: &str) -> Option<MachineAccount> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, terms) = all.get(account)?;
        (since.elapsed() < TERMS_MAX).then(|| terms.clone())
    }

    fn remember(&self, terms: &MachineAccount) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TERMS_KEPT_MAX {
            all.retain(|_, (since, _)| since.elapsed() < TERMS_MAX);
        }
        if all.len() < TERMS_KEPT_MAX {
            all.insert(terms.account.clone(), (Instant::now(), terms.clone()));
        }
    }

    /// What changed is asked again.
    pub(crate) fn forget(&self, account: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

/// How many orders each account made in the hour that is.
#[derive(Default)]
pub(crate) struct OrdersOfHour(Mutex<(u64, BTreeMap<String, u32>)>);

impl OrdersOfHour {
    /// Counts an order of an account at a time, unix seconds; false if it made too many.
    pub(crate) fn count(&self, account: &str, now: u64) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hour, counts) = &mut *held;
        if *hour != now / 3_600 {
            (*hour, *counts) = (now / 3_600, BTreeMap::new());
        }
        let count = counts.entry(account.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count <= ORDERS_OF_HOUR_MAX
    }
}

impl MachinesState {
    /// What an account may ask for, as the CA says; an account that may not is refused.
    pub(crate) async fn terms_of(&self, account: &str) -> Answer<MachineAccount> {
        let terms = match self.terms.known(account) {
            Some(terms) => terms,
            None => {
                let asked = AskAccount { account: account.to_owned() };
                let terms = self.issuer.account_of(&asked).await?;
                self.terms.remember(&terms);
                terms
            }
        };
        if terms.open { Ok(terms) } else { Err(ProblemKind::Unauthorized.into()) }
    }

    /// Writes a change that nobody's nonce comes with; how many rows it touched.
    pub(crate) async fn written(&self, change: MachineChange) -> Answer<u64> {
        let write = MachineWrite { nonce: None, change: Some(change) };
        match self.writes.write(write).await {
            Ok(WriteOutcome::Done(touched)) => Ok(touched),
            Ok(WriteOutcome::NonceUsed) | Err(_) => Err(ProblemKind::Unavailable.into()),
        }
    }

    /// Keeps the event of an act that the CA judged, durable before its answer.
    pub(crate) async fn recorded<T>(
        &self,
        act: &'static str,
        result: Result<T, Refusal>,
    ) -> Answer<T> {
        match self.keeps(act, outcome(&result)).await {
            true => result.map_err(|refusal| AcmeRefused::said_at(refusal, self.clock.seconds())),
            false => Err(ProblemKind::Unavailable.into()),
        }
    }

    /// Keeps it; false if it could not be kept, so that nothing may be answered.
    pub(crate) async fn keeps(&self, act: &'static str, outcome: &'static str) -> bool {
        self.metrics.count(act, outcome);
        let keeping = self.events.keep(act, outcome, "");
        match tokio::time::timeout(KEEP_WAIT, keeping).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, act, "not kept");
                false
            }
            Err(_) => false,
        }
    }

    /// The same for a brake: the CA did it, so its answer leaves.
    pub(crate) async fn recorded_brake<T>(
        &self,
        act: &'static str,
        result: Result<T, Refusal>,
    ) -> Answer<T> {
        let outcome = outcome(&result);
        self.metrics.count(act, outcome);
        let keeping = tokio::time::timeout(KEEP_WAIT, self.events.keep(act, outcome, "")).await;
        if !matches!(keeping, Ok(Ok(()))) {
            tracing::error!(act, "a brake is answered without its event");
        }
        Ok(result?)
    }
}

/// How an act ended, as its event says it.
pub(crate) fn outcome<T>(result: &Result<T, Refusal>) -> &'static str {
    result.as_ref().map_or_else(|refusal| refusal.code().name(), |_| "done")
}

/// What rows say on the way to a brake, which they do not decide; nothing where that is not known
/// within a moment.
pub(crate) async fn within_a_moment<T>(
    rows: impl Future<Output = Result<T, StoreError>>,
) -> Option<T> {
    match tokio::time::timeout(ROWS_OF_BRAKE, rows).await {
        Ok(Ok(said)) => Some(said),
        Ok(Err(error)) => {
            tracing::error!(%error, "rows of machines, on the way to a brake");
            None
        }
        Err(_) => None,
    }
}

/// What a standing authorization is for.
pub(crate) fn scope(terms: &MachineAccount) -> NameScope {
    NameScope {
        names: terms.names.clone(),
        wildcards: terms.wildcards,
        addresses: terms.addresses.clone(),
    }
}

/// Whether the CA says that it is not done yet.
pub(crate) fn is_not_yet(refusal: &Refusal) -> bool {
    refusal.code() == Code::NotReady
}

/// Whether the CA could not say anything.
pub(crate) fn is_unavailable(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Refused(problem) => problem.known().is_some_and(|code| {
            matches!(code, Code::Unavailable | Code::TooBusy | Code::ClockMoved | Code::LogBehind)
        }),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_makes_so_many_orders_within_an_hour() {
        let orders = OrdersOfHour::default();
        for _ in 0..ORDERS_OF_HOUR_MAX {
            assert!(orders.count("a", 7_200));
        }
        assert!(!orders.count("a", 7_201));
        assert!(orders.count("b", 7_201), "another account");
        assert!(orders.count("a", 10_800), "the next hour");
    }

    /// What cannot be read keeps nobody from ending something.
    #[tokio::test]
    async fn rows_that_cannot_be_read_hold_no_brake() {
        assert_eq!(within_a_moment(async { Ok(7) }).await, Some(7));
        assert_eq!(within_a_moment(async { Err::<u8, _>(StoreError::Silent) }).await, None);
    }
}
