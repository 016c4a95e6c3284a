//! Asking the log itself, under the auditor's signature.

use crate::clock::now;
use crate::consent::{Consented, Signable, Typed, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::SigningIdentity;
use pki::{Certificate, Signer};
use records::Bytes;
use records::evidence::{AuditQuestion, LogAnswer, LogRequest, SignedRequest};
use records::trust::Trust;
use std::collections::BTreeMap;

/// Asks the log, signed with the auditor's key; it has to prove that it continues what is known.
pub(crate) async fn ask(
    trust: &Trust,
    opened: &SigningIdentity,
    (ask, known): (AuditQuestion, BTreeMap<String, u64>),
) -> Result<LogAnswer, Failure> {
    let request = LogRequest {
        v: 1,
        founding: trust.founding.clone(),
        nonce: nonce()?,
        time: records::time::seconds(now()),
        ask,
    };
    let mut signed = Consented::by_typing(Question(request)).sign(opened)?;
    signed.known = known;
    let client = files::client(&trust.log, trust, Some(opened.identity()?))?;
    Ok(ca_api::Log(client).ask(&signed).await?)
}

/// What an auditor typed, or put together on their own desk, to ask the log.
struct Question(LogRequest);

impl Typed for Question {}

impl Signable for Question {
    type Signed = SignedRequest;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<SignedRequest, Failure> {
        let bytes = records::json::write(&self.0).map_err(|error| unsigned(&error))?;
        SignedRequest::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))
    }
}

fn nonce() -> Result<Bytes, Failure> {
    Ok(system::random::bytes::<16>()?.into())
}
