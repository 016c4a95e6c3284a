//! What agents are told beside the newest list: losses and suspensions that this role confirmed and
//! that stand in no list yet. A receipt that left reaches every gate, whatever becomes of the
//! record that tells the issuer.

use super::state::Status;
use authority::Authority;
use pki::crl::RevocationList;
use records::Bytes;
use records::unlisted::{UNLISTED_MAX, Unlisted, UnlistedStatement};
use std::sync::{Arc, PoisonError};

impl Status {
    /// What stands in no list, if an agent that has `known` of it does not know: it also hears when
    /// that is nothing any more.
    pub(super) fn unlisted(
        &self,
        authority: &Authority,
        list: &RevocationList,
        known: &Bytes,
    ) -> anyhow::Result<Option<Unlisted>> {
        let serials = self.losses.unlisted(authority, list, self.time().unix());
        let serials: Vec<String> =
            serials.iter().take(UNLISTED_MAX).map(ToString::to_string).collect();
        if serials.is_empty() && known.0.is_empty() {
            return Ok(None);
        }
        let mut last = self.unlisted.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = match &*last {
            Some((told, signed)) if *told == serials => signed.clone(),
            _ => {
                let founding = self.founding.clone();
                let said = UnlistedStatement { v: 1, founding, serials: serials.clone() };
                let signed = Arc::new(Unlisted::sign(&said, &self.key)?);
                *last = Some((serials, signed.clone()));
                signed
            }
        };
        Ok((signed.digest() != *known).then(|| (*signed).clone()))
    }
}
