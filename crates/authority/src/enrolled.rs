//! What a system asks for by EST, SCEP or CMP: a certificate within its standing authorization. The
//! registry key signs how the issuer knew it: by its password, challenge or secret, by what the key
//! of a certificate signed, or by a certificate that a portal says it was shown in a handshake.

use crate::authority::Authority;
use crate::cmp::{CmpUse, RequestForm};
use crate::device::read_renewal;
use crate::id::{Serial, Sha256Value};
use crate::machine_use::{BegunUse, CoveredUse};
use crate::state::SystemState;
use crate::system::week_of;
use pki::{Certificate, PublicKey};
use records::bytes::Bytes;
use records::code::Code;
use records::est::EnrolledStatement;
use records::label::Label;
use records::record::{Event, Record};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A portal's word alone is enough for one in so many certificates of a week, and for one at least.
const WORD_SHARE: u32 = 4;
/// Certificates that count at once of one request, where a portal says who showed what it renews.
const SAME_REQUEST_MAX: usize = 4;

/// A secret of a system's order that one use takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnceSecret {
    /// The password of EST.
    Password,
    /// The challenge of SCEP.
    Challenge,
}

/// A request for a certificate that the issuer knows to be a system's.
#[derive(Clone, Debug)]
pub struct EnrolWish {
    /// System id.
    pub system: Arc<str>,
    /// What names this use: SHA-256 over the label, the system's order, the certificate that was
    /// shown and the request, which is the same however its signature is spelled. Who asks again
    /// with the same gets the same certificate.
    pub under: Sha256Value,
    /// The request, whose key signed it.
    pub request: Bytes,
    /// How the request is written.
    form: RequestForm,
    /// The certificate that asks: that of a handshake, or whose key signed the message.
    shown: Option<Arc<Certificate>>,
    /// Whether the key of that signed for it, and not a portal says so.
    is_signed: bool,
    /// Whether what asks is renewed, so that its names are those of the request.
    renews: bool,
    /// What of the system's order it takes.
    takes: Option<OnceSecret>,
    /// Whether it came in a message of CMP, whose transaction has one request.
    is_message: bool,
}

impl EnrolWish {
    /// Whether it rests on a portal's word alone: a new key signed the request, and who says that
    /// the old one asked for that is the portal.
    fn is_by_word(&self, key: &PublicKey) -> bool {
        let other = |shown: &Arc<Certificate>| shown.key().spki() != key.spki();
        !self.is_signed && self.shown.as_ref().is_some_and(other)
    }
}

impl Authority {
    /// The system whose certificate this is, and the certificate; whether it counts is another
    /// question.
    pub fn system_of_certificate(&self, der: &[u8]) -> Result<(Arc<str>, Arc<Certificate>), Code> {
        let certificate = self.signatures.certificate(der);
        let ours = certificate.filter(|certificate| self.is_issued_by_us(certificate));
        let certificate = ours.ok_or(Code::CertificateForeign)?;
        let serial = Serial::of(certificate.serial()).ok_or(Code::CertificateForeign)?;
        let own = self.system_certificates.get(&serial).ok_or(Code::CertificateForeign)?;
        Ok((own.system.clone(), certificate))
    }

    /// Reads what is said about a request: of a system under its order that is in force, renewing
    /// what it has itself.
    pub fn enrol_wish(&self, said: &EnrolledStatement) -> Result<EnrolWish, Code> {
        let order = self.system(&said.system).map(|system| &system.order);
        let is_own = said.v == 1 && said.founding.0 == self.fixed.digest;
        if !is_own || order != Some(&said.order) {
            return Err(Code::UnsignedAuthority);
        }
        let shown = said.certificate.as_ref().map(|der| self.system_of_certificate(&der.0));
        let shown = match shown.transpose()? {
            Some((system, _)) if *system != *said.system => return Err(Code::CertificateForeign),
            shown => shown.map(|(_, certificate)| certificate),
        };
        if let Some(message) = &said.message {
            return self.wish_of_message(said, message, shown);
        }
        let request = self.signatures.request(&said.request.0).ok_or(Code::RequestMalformed)?;
        if let Some(signed) = &said.signed {
            let asked = read_renewal(signed)?;
            if Some(&asked.certificate) != said.certificate.as_ref()
                || asked.request != said.request
            {
                return Err(Code::RenewalSignature);
            }
        }
        let takes = match (said.password, said.challenge) {
            (false, false) => None,
            (true, false) => Some(OnceSecret::Password),
            (false, true) => Some(OnceSecret::Challenge),
            (true, true) => return Err(Code::Malformed),
        };
        if takes.is_some() && shown.is_some() {
            return Err(Code::Malformed);
        }
        let under = Sha256::new()
            .chain_update(Label::MachineEnrolled.text())
            .chain_update(&said.order.0)
            .chain_update(shown.as_ref().map_or([0; 32], |shown| shown.sha256()))
            .chain_update(request.once_signed_sha256());
        Ok(EnrolWish {
            system: said.system.as_str().into(),
            under: under.finalize().into(),
            request: said.request.clone(),
            form: RequestForm::Pkcs10,
            renews: shown.is_some(),
            shown,
            is_signed: said.signed.is_some(),
            takes,
            is_message: false,
        })
    }

    /// The same of a message of CMP: what it says besides belongs to another protocol.
    fn wish_of_message(
        &self,
        said: &EnrolledStatement,
        message: &Bytes,
        shown: Option<Arc<Certificate>>,
    ) -> Result<EnrolWish, Code> {
        if said.challenge || said.password || said.signed.is_some() {
            return Err(Code::Malformed);
        }
        let parts = (message.0.as_slice(), said.request.0.as_slice());
        let CmpUse { under, form, renews } = self.cmp_use(&said.system, parts, shown.as_deref())?;
        Ok(EnrolWish {
            system: said.system.as_str().into(),
            under,
            request: said.request.clone(),
            form,
            is_signed: shown.is_some(),
            shown,
            renews,
            takes: None,
            is_message: true,
        })
    }

    /// The certificate that this request got already, while that is not over, pending records
    /// counted. One that was revoked is not made again for the same request.
    pub fn enrolled_already(&self, wish: &EnrolWish, now: u64) -> Result<Option<Serial>, Code> {
        if wish.is_message {
            return self.promised_once(wish);
        }
        let promised = self.promised(&wish.under).filter(|serial| self.is_in_time(serial, now));
        match promised {
            Some(serial) if self.is_ended_entry(&serial) => Err(Code::CertificateRevoked),
            promised => Ok(promised),
        }
    }

    /// The same of a message: its transaction has one request and one certificate, for good.
    fn promised_once(&self, wish: &EnrolWish) -> Result<Option<Serial>, Code> {
        let Some(serial) = self.promised(&wish.under) else { return Ok(None) };
        if self.request_of_serial(&serial) != Some(Sha256::digest(&wish.request.0).into()) {
            return Err(Code::TransactionUsed);
        }
        match self.is_ended_entry(&serial) {
            true => Err(Code::CertificateRevoked),
            false => Ok(Some(serial)),
        }
    }

    /// Whether a certificate of a system has not ended by itself; one that waits for the tree has
    /// not.
    fn is_in_time(&self, serial: &Serial, now: u64) -> bool {
        self.system_certificates.get(serial).is_none_or(|own| now < own.ends)
    }

    /// Whether a system may have this certificate at `now` (unix), pending records counted. EST
    /// and SCEP look at no names: where the order asks for that, nothing is had by them.
    pub fn covers_enrolment(&self, wish: &EnrolWish, now: u64) -> Result<CoveredUse, Code> {
        let system = self.check_system(&wish.system, now)?;
        if system.challenges {
            return Err(Code::SystemChallenge);
        }
        if let Some(shown) = &wish.shown {
            self.counts_now(shown, now)?;
        }
        if let Some(secret) = wish.takes {
            self.may_take(secret, system, wish)?;
        }
        let asked = self.signatures.asked(wish.form, &wish.request.0)?;
        let (key, names) = self.covered(system, asked)?;
        let renewed = wish.shown.as_ref().filter(|_| wish.renews);
        if renewed.is_some_and(|renewed| !has_names(renewed, &names)) {
            return Err(Code::SystemRenewal);
        }
        self.has_room_for_use(&wish.system, now)?;
        if wish.is_by_word(&key) {
            self.has_room_for_word(&wish.system, now)?;
        }
        Ok(CoveredUse {
            system: wish.system.clone(),
            unit: system.unit.clone(),
            profile: system.profile.clone(),
            key,
            names,
        })
    }

    /// Whether a request that a portal brings with what it renews has as many certificates that
    /// count as one may have, pending records counted. Its signature shows that a key is held, and
    /// not when it was made: whoever kept it would have it renew one certificate after the other.
    pub fn is_asked_again(&self, wish: &EnrolWish, key: &PublicKey, now: u64) -> bool {
        if wish.is_signed || wish.shown.is_none() {
            return false;
        }
        let digest: Sha256Value = Sha256::digest(&wish.request.0).into();
        // One request has one key, which few certificates have.
        let known = self.certified(key.sha256()).copied();
        let known =
            known.filter(|serial| self.is_in_time(serial, now) && !self.is_ended_entry(serial));
        let pending = self.pending.system_requests.keys().copied();
        let pending = pending.filter(|serial| !self.system_certificates.contains_key(serial));
        let own =
            known.chain(pending).filter(|serial| self.request_of_serial(serial) == Some(digest));
        own.take(SAME_REQUEST_MAX).count() == SAME_REQUEST_MAX
    }

    /// Whether a certificate that was shown counts at `now`.
    pub fn counts_now(&self, shown: &Certificate, now: u64) -> Result<(), Code> {
        if self.is_revoked(&shown.serial().to_string()) {
            return Err(Code::CertificateRevoked);
        }
        match (shown.not_before()..=shown.not_after()).contains(&now) {
            true => Ok(()),
            false => Err(Code::CertificateExpired),
        }
    }

    /// Whether a secret of a system's order is still to be had: for one request, and again for that
    /// one if its certificate was given up. In a sample city for any number of them.
    fn may_take(
        &self,
        secret: OnceSecret,
        system: &SystemState,
        wish: &EnrolWish,
    ) -> Result<(), Code> {
        let (taken, pending) = match secret {
            OnceSecret::Password => (&system.enrolled, &self.pending.system_enrolled),
            OnceSecret::Challenge => (&system.challenged, &self.pending.system_challenged),
        };
        let is_free = match taken.as_ref().or(pending.get(&wish.system)) {
            Some(taken) => *taken == wish.under && self.promised(&wish.under).is_none(),
            None => true,
        };
        match is_free || self.fixed.founding.city.sample {
            true => Ok(()),
            false => Err(Code::CodeUsed),
        }
    }

    /// Whether a portal's word is enough for one more of this week.
    fn has_room_for_word(&self, id: &str, now: u64) -> Result<(), Code> {
        let system = self.system(id).ok_or(Code::SystemClosed)?;
        let pending = self.pending.system_by_word.get(id).copied().unwrap_or_default();
        let used = if week_of(now) > system.week { 0 } else { system.by_word };
        let most = (system.per_week / WORD_SHARE).max(1);
        match used.saturating_add(pending) < most {
            true => Ok(()),
            false => Err(Code::SystemQuota),
        }
    }

    pub(crate) fn add_enrolled(&mut self, record: &Record, now: u64) -> Result<(), Code> {
        let Event::MachineEnrolled { statement, signature, serial, tbs_sha256 } = &record.event
        else {
            return Err(Code::Malformed);
        };
        if !self.is_signed_enrolment(statement, signature) {
            return Err(Code::UnsignedAuthority);
        }
        let said = EnrolledStatement::read(&statement.0).ok_or(Code::Malformed)?;
        let wish = self.enrol_wish(&said)?;
        let before = self.promised.get(&wish.under);
        if before.is_some_and(|serial| wish.is_message || self.is_in_time(serial, now)) {
            return Err(Code::StateConflict);
        }
        let begun = BegunUse::read(wish.under, &wish.request, (serial, tbs_sha256))?;
        self.is_new(&begun.serial)?;
        let covered = self.covers_enrolment(&wish, now)?;
        self.begin_use(&covered, &begun, now)?;
        if wish.is_by_word(&covered.key)
            && let Some(state) = self.systems.get_mut(&*wish.system)
        {
            let state = Arc::make_mut(state);
            state.by_word = state.by_word.saturating_add(1);
        }
        if let Some(secret) = wish.takes
            && let Some(state) = self.systems.get_mut(&*wish.system)
        {
            let state = Arc::make_mut(state);
            match secret {
                OnceSecret::Password => state.enrolled = Some(wish.under),
                OnceSecret::Challenge => state.challenged = Some(wish.under),
            }
        }
        Ok(())
    }

    fn is_signed_enrolment(&self, statement: &Bytes, signature: &Bytes) -> bool {
        let registry = &self.fixed.registry;
        self.signatures.verify(Label::MachineEnrolled, registry, &statement.0, &signature.0)
    }

    /// A use that is on its way counts.
    pub(crate) fn notice_enrolled(
        &mut self,
        (statement, signature): (&Bytes, &Bytes),
        (serial, now): (&str, u64),
    ) {
        let is_signed = self.is_signed_enrolment(statement, signature);
        if !is_signed {
            return;
        }
        let Some(said) = EnrolledStatement::read(&statement.0) else { return };
        let Ok(wish) = self.enrol_wish(&said) else { return };
        let Some(serial) = Serial::read(serial) else { return };
        // Once more, under another id, it uses nothing up.
        let before = self.promised(&wish.under);
        if before.is_some_and(|known| wish.is_message || self.is_in_time(&known, now)) {
            return;
        }
        let asked = self.signatures.asked(wish.form, &wish.request.0);
        if asked.is_ok_and(|asked| wish.is_by_word(&asked.key)) {
            *self.pending.system_by_word.entry(wish.system.clone()).or_insert(0) += 1;
        }
        if let Some(secret) = wish.takes {
            let taken = match secret {
                OnceSecret::Password => &mut self.pending.system_enrolled,
                OnceSecret::Challenge => &mut self.pending.system_challenged,
            };
            taken.insert(wish.system.clone(), wish.under);
        }
        self.notice_begun(&wish.system, (wish.under, wish.form, &wish.request), serial);
    }
}

/// Whether a certificate has these names and no others (RFC 7030 4.2.2).
fn has_names(shown: &Certificate, names: &[String]) -> bool {
    let mut has: Vec<String> = shown.hosts().iter().map(ToString::to_string).collect();
    let mut wanted = names.to_vec();
    has.sort();
    wanted.sort();
    has == wanted
}
