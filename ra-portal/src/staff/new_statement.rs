//! A statement that is drawn over rows that were checked, for one signature: whoever sent them is
//! shown a page of it, and no earlier one counts from then on.

use super::passkeys;
use crate::refusal::refused;
use crate::rosters::CheckedMany;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use portal_api::roster::{PASSKEY_ROWS_MAX, statement_bytes};
use records::draft::DraftStatement;
use records::{Bytes, Code};
use service::Clock;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use system::random;

/// What is to be signed, and by which passkeys it may be.
pub(super) struct NewStatement {
    /// What it says.
    pub(super) said: DraftStatement,
    /// Credential ids of passkeys that count, or nothing.
    pub(super) credentials: String,
    bytes: Bytes,
}

impl NewStatement {
    /// Draws one for whoever shows this certificate.
    pub(super) async fn draw(
        portal: &PortalState,
        shown: &StaffCertificate,
        checked: &CheckedMany,
    ) -> Result<Self, Refused> {
        let unavailable = || refused(Code::Unavailable);
        let nonce = random::bytes().map_err(|_| unavailable())?;
        let certificate = Sha256::digest(&shown.certificate.0).into();
        let (many, of) = (&checked.draft.many, (&portal.trust.founding, certificate));
        let kind = checked.sort.statement_kind();
        let said = many.statement(kind, of, nonce, Clock::system().seconds());
        let said = said.map_err(|_| unavailable())?;
        let bytes = statement_bytes(&said).map_err(|_| unavailable())?;
        // The CA is asked in any case: nobody whose certificate it refuses is shown the rows again.
        let mut credentials = passkeys::usable(portal, shown.certificate.clone()).await?;
        if checked.beside.len() > PASSKEY_ROWS_MAX {
            credentials.clear();
        }
        Ok(Self { said, credentials, bytes })
    }

    /// Has the rows wait for its signature, if there is room for them.
    pub(super) fn wait(
        self,
        portal: &PortalState,
        shown: &StaffCertificate,
        checked: Arc<CheckedMany>,
    ) -> Result<(), Refused> {
        match portal.rosters.keep(&shown.person, self.bytes, checked) {
            true => Ok(()),
            false => Err(refused(Code::Unavailable)),
        }
    }
}
