//! What is checked before the turn, beside everything else: parsing and signatures that need no
//! state. The proofs say what was checked and by what; they are judged against authority when they
//! are decided.

mod cmp;
mod machine;

pub use cmp::VerifiedCmp;
pub(crate) use cmp::{check_cmp_request, cmp_secret};
pub(crate) use machine::ShowsSecret;
pub use machine::VerifiedMachine;

use crate::error::{request_code, weakness_code};
use authority::{Authority, LetterState, RenewalClaim, Serial, Sha256Value, Signatures};
use pki::number::{CitizenNumber, Day};
use pki::possession::Possession;
use pki::weak_key;
use pki::{Certificate, CertificationRequest, PublicKey};
use records::approval::SignedStatement;
use records::decline::{DeclineStatement, DeclineSubmission};
use records::draft::{DraftStatement, Drafting, DraftingMany};
use records::drafted::DraftContent;
use records::enrolment::RequestSubmission;
use records::number::{AskedNumbers, NUMBERS_MAX, NumberKey};
use records::renewal::RenewCertificate;
use records::wish::{WishStatement, WishSubmission};
use records::withdrawal::Withdrawal;
use records::{Approval, Code};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A submission whose request is well-formed and whose key proved possession.
///
/// ```compile_fail,E0451
/// let (message, request, reference, about) = todo!();
/// let forged = ca_issuer::verify::VerifiedSubmission { message, request, reference, about };
/// ```
pub struct VerifiedSubmission {
    message: RequestSubmission,
    request: CertificationRequest,
    reference: String,
    about: String,
}

/// Whose turn it is of all who show no key of the letter that they name.
const STRANGERS: &str = "/submit";

impl VerifiedSubmission {
    /// Reads the request, checks its own signature and judges its key.
    pub fn verify(
        message: RequestSubmission,
        reference: String,
        signatures: &Signatures,
    ) -> Result<Self, Code> {
        let remembered = |claimed: &Possession<'_>| signatures.possesses(claimed);
        let request = CertificationRequest::read_with(&message.request.0, remembered);
        let request = request.map_err(request_code)?;
        if !request.subject().is_empty() {
            return Err(Code::RequestMalformed);
        }
        weak_key::judge(request.key()).map_err(weakness_code)?;
        Ok(Self { message, request, reference, about: STRANGERS.to_owned() })
    }

    /// The same in the turn of its letter, if it shows the key of that: a reference is known to
    /// others, and who knows no more takes none of the places of whose letter it is.
    #[must_use]
    pub fn in_turn(self, authority: &Authority) -> Self {
        let shown = Sha256::digest(&self.message.key.0);
        let letter = authority.letter(&self.reference);
        let opens =
            |letter: &LetterState| bool::from(shown.as_slice().ct_eq(&letter.lookup_sha256));
        match letter.is_some_and(opens) {
            true => Self { about: self.reference.clone(), ..self },
            false => self,
        }
    }

    /// Whose turn it is.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The message as the applicant sent it, which was verified.
    pub fn message(&self) -> &RequestSubmission {
        &self.message
    }

    /// The PKCS#10 request in it, whose signature was verified (RFC 2986).
    pub fn request(&self) -> &CertificationRequest {
        &self.request
    }

    /// Reference of the letter, as it is spelled.
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

/// A renewal that the key of a certificate of ours signed, for a new key that proved possession.
///
/// ```compile_fail,E0451
/// let (message, certificate, serial, key) = todo!();
/// let forged = ca_issuer::verify::VerifiedRenewal { message, certificate, serial, key };
/// ```
pub struct VerifiedRenewal {
    message: RenewCertificate,
    certificate: Arc<Certificate>,
    serial: Serial,
    key: PublicKey,
}

impl VerifiedRenewal {
    /// Reads certificate and request, and checks the three signatures: of the issuing key, of the
    /// old key, of the new one.
    pub fn verify(message: RenewCertificate, authority: &Authority) -> Result<Self, Code> {
        let signatures = authority.signatures();
        let certificate = signatures.certificate(&message.certificate.0);
        let ours = certificate.filter(|certificate| authority.is_issued_by_us(certificate));
        let certificate = ours.ok_or(Code::CertificateForeign)?;
        let serial = Serial::of(certificate.serial()).ok_or(Code::CertificateForeign)?;
        let claim = RenewalClaim {
            certificate: &certificate.sha256().into(),
            challenge: &message.challenge,
            request: &message.request,
            asked_by: &certificate.key().spki().into(),
            signature: &message.signature,
        };
        let (_, key) = signatures.renewal(&claim)?;
        weak_key::judge(&key).map_err(weakness_code)?;
        Ok(Self { message, certificate, serial, key })
    }

    /// The message as the holder sent it, which was verified.
    pub fn message(&self) -> &RenewCertificate {
        &self.message
    }

    /// The certificate that is renewed, with whose key the holder signed.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The serial number of the certificate that is renewed.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// The new certificate is for this key, which its owner proved to hold.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// An approval whose signature was checked under the certificate that it shows, unless a passkey
/// gave it, whose key only authority knows.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedApproval { approval: todo!() };
/// ```
pub struct VerifiedApproval {
    approval: Approval,
}

impl VerifiedApproval {
    /// Checks the signature; what was verified is remembered for when the approval is judged.
    pub fn verify(approval: Approval, signatures: &Signatures) -> Result<Self, Code> {
        signed(&approval.signed_statement(), signatures)?;
        Ok(Self { approval })
    }

    /// The approval as its officer signed it.
    pub fn approval(&self) -> &Approval {
        &self.approval
    }
}

/// Checks a statement's signature; a passkey's is judged by authority, which alone knows its key.
fn signed(said: &SignedStatement<'_>, signatures: &Signatures) -> Result<(), Code> {
    match said.assertion.is_some() || signatures.signer(said).is_some() {
        true => Ok(()),
        false => Err(Code::ApprovalSignature),
    }
}

/// A decline whose signature was checked like an approval's and whose reason opens what was signed.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedDecline { declining: todo!(), statement: todo!() };
/// ```
pub struct VerifiedDecline {
    declining: DeclineSubmission,
    statement: DeclineStatement,
}

impl VerifiedDecline {
    /// Checks the signature, reads the statement and opens the reason.
    pub fn verify(declining: DeclineSubmission, signatures: &Signatures) -> Result<Self, Code> {
        signed(&declining.decline.signed_statement(), signatures)?;
        declining.reason()?;
        let statement = declining.decline.read()?;
        Ok(Self { declining, statement })
    }

    /// The decline with its reason.
    pub fn declining(&self) -> &DeclineSubmission {
        &self.declining
    }

    /// The statement that the officer signed.
    pub fn statement(&self) -> &DeclineStatement {
        &self.statement
    }
}

/// A wish to revoke whose signature was checked like an approval's and whose evidence opens what
/// was signed.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedWish { wishing: todo!(), statement: todo!() };
/// ```
pub struct VerifiedWish {
    wishing: WishSubmission,
    statement: WishStatement,
}

impl VerifiedWish {
    /// Checks the signature, reads the statement and opens the evidence.
    pub fn verify(wishing: WishSubmission, signatures: &Signatures) -> Result<Self, Code> {
        signed(&wishing.wish.signed_statement(), signatures)?;
        wishing.evidence()?;
        let statement = wishing.wish.read()?;
        Ok(Self { wishing, statement })
    }

    /// The wish with its evidence.
    pub fn wishing(&self) -> &WishSubmission {
        &self.wishing
    }

    /// The statement that the officer signed.
    pub fn statement(&self) -> &WishStatement {
        &self.statement
    }
}

/// A draft whose signature was checked like an approval's.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedDraft { drafting: todo!(), statement: todo!() };
/// ```
pub struct VerifiedDraft {
    drafting: Drafting,
    statement: DraftStatement,
}

impl VerifiedDraft {
    /// Checks the signature and reads the statement.
    pub fn verify(drafting: Drafting, signatures: &Signatures) -> Result<Self, Code> {
        signed(&drafting.draft.signed_statement(), signatures)?;
        let statement = drafting.draft.read()?;
        Ok(Self { drafting, statement })
    }

    /// The draft with what opens its commitments.
    pub fn drafting(&self) -> &Drafting {
        &self.drafting
    }

    /// The statement that the handler signed.
    pub fn statement(&self) -> &DraftStatement {
        &self.statement
    }

    /// Whether it only takes away: that a person leaves, or a delegation ends.
    pub fn takes_away(&self) -> bool {
        DraftContent::of(&self.statement).is_ok_and(|drafted| drafted.takes_away())
    }
}

/// A draft of many whose signature was checked like an approval's.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedMany { drafting: todo!(), statement: todo!() };
/// ```
pub struct VerifiedMany {
    drafting: DraftingMany,
    statement: DraftStatement,
    bytes: usize,
    takes_away: bool,
}

impl VerifiedMany {
    /// Checks the signature and reads the statement.
    pub fn verify(drafting: DraftingMany, signatures: &Signatures) -> Result<Self, Code> {
        signed(&drafting.draft.signed_statement(), signatures)?;
        let statement = drafting.draft.read()?;
        let bytes = serde_json::to_vec(&drafting).map_err(|_| Code::Malformed)?.len();
        let takes_away = drafting.takes_away();
        Ok(Self { drafting, statement, bytes, takes_away })
    }

    /// Whether all of it only takes away.
    pub(crate) fn takes_away(&self) -> bool {
        self.takes_away
    }

    /// How many bytes it is as a message.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The draft with bodies and what opens their commitments.
    pub fn drafting(&self) -> &DraftingMany {
        &self.drafting
    }

    /// The statement that the handler signed, over the tree of many bodies.
    pub fn statement(&self) -> &DraftStatement {
        &self.statement
    }
}

/// National numbers that are some, as the digests by which the city knows them.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedNumbers { digests: todo!() };
/// ```
pub struct VerifiedNumbers {
    digests: Vec<Sha256Value>,
}

impl VerifiedNumbers {
    /// Reads each, and forgets it for its digest; nobody is born after `today`.
    pub fn read(asked: &AskedNumbers, key: &NumberKey, today: Day) -> Result<Self, Code> {
        if !(1..=NUMBERS_MAX).contains(&asked.numbers.len()) {
            return Err(Code::Malformed);
        }
        let digest = |text: &String| {
            let number = CitizenNumber::read(text, today).map_err(|_| Code::Malformed)?;
            Ok(key.digest(&number))
        };
        let digests = asked.numbers.iter().map(digest).collect::<Result<_, Code>>()?;
        Ok(Self { digests })
    }

    /// The digests, in the order in which they were asked about.
    pub fn digests(&self) -> &[Sha256Value] {
        &self.digests
    }
}

/// A withdrawal whose signature was checked like an approval's.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedWithdrawal { withdrawal: todo!() };
/// ```
pub struct VerifiedWithdrawal {
    withdrawal: Withdrawal,
}

impl VerifiedWithdrawal {
    /// Checks the signature and the form; an error is the code that the caller is told.
    pub fn verify(withdrawal: Withdrawal, signatures: &Signatures) -> Result<Self, Code> {
        signed(&withdrawal.signed_statement(), signatures)?;
        Ok(Self { withdrawal })
    }

    /// The withdrawal as its drafter signed it.
    pub fn withdrawal(&self) -> &Withdrawal {
        &self.withdrawal
    }
}
