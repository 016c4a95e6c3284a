//! The signatures in a record of `control`: whether each is by whom it must be. The replay says of
//! a record that it has no effect; what was changed and what rests on something that is not there
//! are told apart here.

use pki::{Certificate, PublicKey};
use records::Bytes;
use records::approval::SignedStatement;
use records::founding::OnlineKeys;
use records::join::use_message;
use records::label::Label;
use records::record::{Cause, Event};
use records::suspension::SuspensionCause;

/// Whether what is signed in a record verifies: by the city's keys, by the key of the certificate
/// that stands beside it and is the city's own, or by the key that asks for its next one under one
/// of the digests that may authorize it. What a passkey said is no question of this.
pub(crate) fn holds(event: &Event, keys: &OnlineKeys, contexts: &[[u8; 32]]) -> bool {
    let by = |key: &Bytes, label: Label, statement: &Bytes, signature: &Bytes| {
        let key = PublicKey::read(&key.0);
        key.is_ok_and(|key| label.verify(&key, &statement.0, &signature.0))
    };
    let (registry, status) = (&keys.registry, &keys.status);
    match event {
        Event::Letter { statement, signature } => by(registry, Label::Letter, statement, signature),
        Event::Voided { statement, signature } => by(registry, Label::Void, statement, signature),
        Event::Withdrawn { statement, signature } => {
            by(registry, Label::Withdrawn, statement, signature)
        }
        Event::MachineAccount { statement, signature, .. } => {
            by(registry, Label::MachineAccount, statement, signature)
        }
        Event::MachineEnrolled { statement, signature, .. } => {
            by(registry, Label::MachineEnrolled, statement, signature)
        }
        Event::Order { order, signature, .. } => by(registry, Label::Order, order, signature),
        Event::Approval { approval, .. } => is_signed(&approval.signed_statement(), keys),
        Event::Declined { decline, .. } => is_signed(&decline.signed_statement(), keys),
        Event::Revoked { cause, statement, signature, .. } => match cause {
            Cause::Loss { .. } => by(status, Label::Receipt, statement, signature),
            Cause::Lapsed { statement: lapse, signature: of_lapse } => {
                by(registry, Label::Revocation, statement, signature)
                    && by(registry, Label::Lapse, lapse, of_lapse)
            }
            _ => by(registry, Label::Revocation, statement, signature),
        },
        Event::Suspended { cause, .. } => match cause {
            SuspensionCause::Letter { notice, signature, .. } => {
                by(status, Label::Suspended, notice, signature)
            }
            SuspensionCause::Signed { suspension, notice, signature } => {
                by(status, Label::Suspended, notice, signature)
                    && is_signed(&suspension.signed_statement(), keys)
            }
            SuspensionCause::Portal { notice, signature } => {
                by(registry, Label::Suspended, notice, signature)
            }
        },
        Event::Used { challenge, request, asked_by, signature, .. } => {
            contexts.iter().any(|context| {
                let message = use_message(context, &challenge.0, &request.0);
                by(asked_by, Label::Use, &Bytes(message), signature)
            })
        }
        _ => true,
    }
}

/// Whether the issuing key certified whoever signed, and their key made the signature.
fn is_signed(said: &SignedStatement<'_>, keys: &OnlineKeys) -> bool {
    let Ok(certificate) = Certificate::read(&said.certificate.0) else { return false };
    let issuing = PublicKey::read(&keys.issuing.0);
    let is_ours = issuing.is_ok_and(|issuing| certificate.is_signed_by(&issuing));
    let by_key = || said.label.verify(certificate.key(), &said.message(), &said.signature.0);
    is_ours && (said.method != "certificate" || by_key())
}
