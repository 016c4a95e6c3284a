//! What agents are told beside the list that they have: losses and suspensions that this role
//! confirmed and that do not stand in it. A receipt that left reaches every gate, whatever becomes
//! of the record that tells the issuer.

use super::listed::Counted;
use super::state::Status;
use authority::Authority;
use ca_api::WorldNumbers;
use pki::crl::RevocationList;
use records::unlisted::{UNLISTED_MAX, Unlisted, UnlistedStatement};
use std::sync::{Arc, PoisonError};

/// What was told beside a list.
pub(super) struct ToldBeside {
    /// The number of that.
    crl: u64,
    revoked: Vec<String>,
    suspended: Vec<String>,
    signed: Arc<Unlisted>,
}

impl ToldBeside {
    fn says(&self, crl: u64, revoked: &[String], suspended: &[String]) -> bool {
        self.crl == crl && self.revoked == revoked && self.suspended == suspended
    }
}

impl Status {
    /// What does not stand in the list that an agent has, if it does not know: it also hears when
    /// that is nothing any more. Where there are more than fit, losses go first.
    pub(super) fn unlisted(
        &self,
        authority: &Authority,
        list: &RevocationList,
        has: &WorldNumbers,
    ) -> anyhow::Result<Option<Unlisted>> {
        let known = &has.unlisted;
        // Without a list a gate serves nobody; with a newer one it lacks nothing that ours holds.
        let crl = if has.crl == 0 { list.number() } else { has.crl.min(list.number()) };
        let beside = self.losses.unlisted(authority, (list, crl), self.time().unix());
        let told = beside.first(UNLISTED_MAX);
        let of = |wanted: Counted| -> Vec<String> {
            let those = told.iter().filter(|(_, how)| **how == wanted);
            those.map(|(serial, _)| serial.to_string()).collect()
        };
        let (revoked, suspended) = (of(Counted::Revoked), of(Counted::Suspended));
        if told.is_empty() && known.0.is_empty() {
            return Ok(None);
        }
        let mut last = self.unlisted.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = match &*last {
            Some(told) if told.says(crl, &revoked, &suspended) => told.signed.clone(),
            _ => {
                let founding = self.founding.clone();
                let (r, s) = (revoked.clone(), suspended.clone());
                let said = UnlistedStatement { v: 2, founding, crl, revoked: r, suspended: s };
                let signed = Arc::new(Unlisted::sign(&said, &self.key)?);
                *last = Some(ToldBeside { crl, revoked, suspended, signed: signed.clone() });
                signed
            }
        };
        Ok((signed.digest() != *known).then(|| (*signed).clone()))
    }
}
