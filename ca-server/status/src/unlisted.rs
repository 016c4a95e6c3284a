//! What agents are told beside the list that they have: losses and suspensions that this role
//! confirmed and that do not stand in it. A receipt that left reaches every gate, whatever becomes
//! of the record that tells the issuer.

use super::listed::Counted;
use super::state::Status;
use super::walk::ToldBeside;
use authority::Authority;
use ca_api::WorldNumbers;
use pki::crl::RevocationList;
use quick_cache::unsync::Cache;
use records::Bytes;
use records::unlisted::{DatedSerial, Unlisted, UnlistedStatement};
use std::sync::{Arc, PoisonError};

/// Lists beside which something was told, that are told apart.
const LISTS_MAX: usize = 64;

/// What was told last beside each list, by its number: signed once for all gates that have it.
pub(super) type SignedBeside = Cache<u64, Signed>;

/// Nothing was told yet.
pub(super) fn nothing() -> SignedBeside {
    SignedBeside::new(LISTS_MAX)
}

/// What was told beside a list.
#[derive(Clone)]
pub(super) struct Signed {
    told: Arc<ToldBeside>,
    signed: Arc<Unlisted>,
    digest: Bytes,
}

impl Status {
    /// What does not stand in the list that an agent has, if it does not know: it also hears when
    /// that is nothing any more. Where there are more than fit, losses go first.
    pub(super) fn unlisted(
        &self,
        authority: &Arc<Authority>,
        list: Option<&RevocationList>,
        has: &WorldNumbers,
    ) -> anyhow::Result<Option<Unlisted>> {
        let known = &has.unlisted;
        let crl = match list {
            // Without a list a gate serves nobody; with a newer one it lacks nothing of ours.
            Some(list) if has.crl == 0 => list.number(),
            Some(list) => has.crl.min(list.number()),
            // What was seen is missing here: what the gate's list holds, nobody knows.
            None => has.crl,
        };
        let told = self.losses.unlisted(authority, (list, crl), self.time().unix());
        // That something was released is for whoever was told something.
        let has_more = told.values().any(|one| one.counted != Counted::Released);
        if !has_more && known.0.is_empty() {
            return Ok(None);
        }
        let mut all = self.unlisted.lock().unwrap_or_else(PoisonError::into_inner);
        let one = match all.get(&crl) {
            Some(one) if one.told == told => one.clone(),
            _ => {
                let one = self.signed(crl, told)?;
                all.insert(crl, one.clone());
                one
            }
        };
        Ok((one.digest != *known).then(|| (*one.signed).clone()))
    }

    fn signed(&self, crl: u64, told: Arc<ToldBeside>) -> anyhow::Result<Signed> {
        let of = |wanted: Counted| -> Vec<DatedSerial> {
            let those = told.iter().filter(|(_, one)| one.counted == wanted);
            those.map(|(serial, one)| DatedSerial::new(serial.to_string(), one.since)).collect()
        };
        let (suspended, released) = (of(Counted::Suspended), of(Counted::Released));
        let revoked = of(Counted::Revoked).into_iter().map(|one| one.serial).collect();
        let (founding, time) = (self.founding.clone(), records::time::seconds(self.time().unix()));
        let said = UnlistedStatement { v: 3, founding, crl, time, revoked, suspended, released };
        let signed = Arc::new(Unlisted::sign(&said, &self.key)?);
        Ok(Signed { told, digest: signed.digest(), signed })
    }
}
