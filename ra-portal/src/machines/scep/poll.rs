//! CertPoll (RFC 8894 3.3.3): the certificate of a transaction that the same key began.

use super::enrol::hand_out;
use super::opened::{OpenedMessage, Stopped, Told};
use crate::machines::state::MachinesState;
use crate::machines::table::transaction;
use records::Code;
use scep::content::IssuerAndSubject;
use scep::{ScepError, ScepFailure};

pub(super) async fn poll(state: &MachinesState, opened: &OpenedMessage) -> Result<Told, Stopped> {
    IssuerAndSubject::read(&opened.content).map_err(|_| ScepError::Integrity)?;
    let (signer, head) = (opened.message.signer(), opened.message.head());
    let name = transaction::name_of(signer.key(), &head.transaction);
    let found = transaction::serial(&state.store, &name, state.clock.seconds()).await;
    match found {
        Ok(Some(serial)) => hand_out(state, serial).await,
        Ok(None) => {
            let why = "没有这项申请，请重新申请 / there is no such request; ask anew";
            Err(Stopped::Failed(ScepFailure::BadCertId, why.to_owned()))
        }
        Err(error) => {
            tracing::error!(%error, "transaction");
            Err(Stopped::Refused(Code::Unavailable))
        }
    }
}
