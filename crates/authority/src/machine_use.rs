//! What the account of a system asks for: a certificate within its standing authorization, or the
//! end of one. Everything follows from what the account's key signed; the word of the protocol
//! front is only that it saw a challenge answered.

use crate::authority::Authority;
use crate::cmp::{AskedCertificate, RequestForm};
use crate::id::{Serial, Sha256Value, digest_of};
use crate::machine::{jws_code, read_account};
use crate::state::{OpenIntent, SystemCertificate, SystemState};
use crate::system::week_of;
use jose::{FlatJws, KeyOf};
use pki::host::covers;
use pki::request::{WANTED_NAMES_MAX, WantedError};
use pki::{Certificate, PublicKey};
use records::bytes::Bytes;
use records::code::Code;
use records::order::subject_of_system;
use records::record::{Event, Record};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

mod former_key;

const DAY_SECONDS: u64 = 86_400;

/// A request for a certificate that an account's key signed.
#[derive(Clone, Debug)]
pub struct MachineWish {
    /// Id of the account.
    pub account: Sha256Value,
    /// System id.
    pub system: Arc<str>,
    /// What names this use: SHA-256 of the account and of the address that was signed. Who asks
    /// again for the same address gets the same certificate, and nobody another one.
    pub under: Sha256Value,
    /// The PKCS#10.
    pub request: Bytes,
}

/// A request for a certificate that its authorization covers; only authority makes it.
///
/// ```compile_fail,E0639
/// let (system, unit, profile, key, names) = todo!();
/// let forged = authority::CoveredUse { system, unit, profile, key, names };
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CoveredUse {
    /// System id.
    pub system: Arc<str>,
    /// The owner's unit.
    pub unit: String,
    /// Profile id.
    pub profile: String,
    /// The key to be certified.
    pub key: PublicKey,
    /// The names, the first of which is the common name.
    pub names: Vec<String>,
}

/// A use as its record has it, beside what was asked for.
pub(crate) struct BegunUse {
    pub(crate) under: Sha256Value,
    pub(crate) request_sha256: Sha256Value,
    pub(crate) serial: Serial,
    pub(crate) tbs_sha256: Sha256Value,
    pub(crate) account: Option<Sha256Value>,
}

impl BegunUse {
    pub(crate) fn read(
        under: Sha256Value,
        request: &Bytes,
        (serial, tbs_sha256): (&str, &Bytes),
    ) -> Result<Self, Code> {
        Ok(Self {
            under,
            request_sha256: Sha256::digest(&request.0).into(),
            serial: Serial::read(serial).ok_or(Code::Malformed)?,
            tbs_sha256: digest_of(tbs_sha256)?,
            account: None,
        })
    }
}

/// What a client sends to have its order finished (RFC 8555 7.4).
#[derive(Deserialize)]
struct FinalizePayload {
    csr: Bytes,
}

/// What a client sends to have a certificate revoked (RFC 8555 7.6).
#[derive(Deserialize)]
struct RevokePayload {
    certificate: Bytes,
    #[serde(default)]
    reason: Option<u8>,
}

/// Which reasons a system gives, by their number (RFC 5280 5.3.1). Without one it is the end of its
/// use.
pub(crate) fn revocation_reason(number: Option<u8>) -> Result<&'static str, Code> {
    match number {
        None | Some(0 | 5) => Ok("cessationOfOperation"),
        Some(1) => Ok("keyCompromise"),
        Some(3) => Ok("affiliationChanged"),
        Some(4) => Ok("superseded"),
        Some(_) => Err(Code::RevocationReason),
    }
}

/// The code of a request whose names are not taken.
pub(crate) fn wanted_code(error: &WantedError) -> Code {
    match error {
        WantedError::Extension(_) | WantedError::Kind => Code::RequestExceeds,
        _ => Code::RequestMalformed,
    }
}

impl Authority {
    /// Reads a request for a certificate; the account's present key signed it for an address that
    /// ends an order.
    pub fn machine_wish(&self, account: &str, jws: &FlatJws) -> Result<MachineWish, Code> {
        let id = read_account(account).ok_or(Code::AccountUnknown)?;
        let (url, _, payload) = self.said_by_account(&id, jws)?;
        self.wish_said(id, &url, &payload)
    }

    /// What was said for an address, as a request for a certificate.
    fn wish_said(&self, id: Sha256Value, url: &str, payload: &[u8]) -> Result<MachineWish, Code> {
        if !url.ends_with("/finalize") {
            return Err(Code::JwsMalformed);
        }
        let read: FinalizePayload =
            serde_json::from_slice(payload).map_err(|_| Code::JwsMalformed)?;
        let system = self.account(&id).ok_or(Code::AccountUnknown)?.system.clone();
        let under = Sha256::new().chain_update(id).chain_update(url.as_bytes());
        Ok(MachineWish { account: id, system, under: under.finalize().into(), request: read.csr })
    }

    /// The certificate that this use got already, pending records counted; another request under
    /// its address is refused.
    pub fn used_already(&self, wish: &MachineWish) -> Result<Option<Serial>, Code> {
        let Some(serial) = self.promised(&wish.under) else { return Ok(None) };
        let known = self.request_of_serial(&serial);
        let is: Sha256Value = Sha256::digest(&wish.request.0).into();
        if known == Some(is) { Ok(Some(serial)) } else { Err(Code::StateConflict) }
    }

    /// SHA-256 of the request by which a system got a certificate, pending records counted.
    pub(crate) fn request_of_serial(&self, serial: &Serial) -> Option<Sha256Value> {
        let known = self.system_certificates.get(serial).map(|own| own.request_sha256);
        known.or_else(|| self.pending.system_requests.get(serial).copied())
    }

    /// Whether an account may have this certificate at `now` (unix), pending records counted.
    pub fn covers_use(
        &self,
        wish: &MachineWish,
        vouched: &[String],
        now: u64,
    ) -> Result<CoveredUse, Code> {
        let (_, system) = self.check_account(&wish.account, now)?;
        if self.pending.accounts_changing.contains(&wish.account) {
            return Err(Code::NotReady);
        }
        let asked = self.signatures.asked(RequestForm::Pkcs10, &wish.request.0)?;
        let (key, names) = self.covered(system, asked)?;
        if vouched.len() > WANTED_NAMES_MAX {
            return Err(Code::Malformed);
        }
        if system.challenges && !names.iter().all(|name| vouched.contains(name)) {
            return Err(Code::SystemChallenge);
        }
        self.has_room_for_use(&wish.system, now)?;
        Ok(CoveredUse {
            system: wish.system.clone(),
            unit: system.unit.clone(),
            profile: system.profile.clone(),
            key,
            names,
        })
    }

    /// The key and the names of a request, if the order of a system and its profile cover them.
    pub(crate) fn covered(
        &self,
        system: &SystemState,
        asked: AskedCertificate,
    ) -> Result<(PublicKey, Vec<String>), Code> {
        let profile = &self.profile_of(&system.profile)?.profile;
        if !profile.allows(&asked.key) {
            return Err(Code::KeyNotAllowed);
        }
        self.signs_for_nobody(&asked.key)?;
        let names = asked.names?;
        let wildcards = system.wildcards && profile.wildcards();
        for host in &names {
            if !covers(&system.names, wildcards, &system.addresses, host) {
                return Err(Code::SystemNames);
            }
        }
        Ok((asked.key, names.iter().map(ToString::to_string).collect()))
    }

    /// Whether a system has certificates left, of this week and of those that count.
    pub(crate) fn has_room_for_use(&self, id: &str, now: u64) -> Result<(), Code> {
        let system = self.system(id).ok_or(Code::SystemClosed)?;
        if self.used_in_week(id, now) >= system.per_week {
            return Err(Code::SystemQuota);
        }
        match self.living_count(id, now) < system.live {
            true => Ok(()),
            false => Err(Code::SystemLive),
        }
    }

    pub(crate) fn add_machine_use(&mut self, record: &Record, now: u64) -> Result<(), Code> {
        let Event::MachineUse { account, jws, vouched, serial, tbs_sha256 } = &record.event else {
            return Err(Code::Malformed);
        };
        let wish = self.machine_wish(account, jws)?;
        if self.promised.contains_key(&wish.under) {
            return Err(Code::StateConflict);
        }
        let begun = BegunUse::read(wish.under, &wish.request, (serial, tbs_sha256))?;
        let begun = BegunUse { account: Some(wish.account), ..begun };
        self.is_new(&begun.serial)?;
        let covered = self.covers_use(&wish, vouched, now)?;
        self.begin_use(&covered, &begun, now)
    }

    /// A use that was judged begins to count.
    pub(crate) fn begin_use(
        &mut self,
        covered: &CoveredUse,
        begun: &BegunUse,
        now: u64,
    ) -> Result<(), Code> {
        let serial = begun.serial;
        let days = self.profile_of(&covered.profile)?.profile.validity_days();
        let state = self.systems.get_mut(&*covered.system).ok_or(Code::SystemClosed)?;
        let state = Arc::make_mut(state);
        // A record's own time is a claim; no certificate of it was asked for after its last second.
        let until = state.until.saturating_add(u64::from(days + 1) * DAY_SECONDS);
        let ends = now.saturating_add(u64::from(days) * DAY_SECONDS).min(until);
        if week_of(now) > state.week {
            (state.week, state.used, state.by_word) = (week_of(now), 0, 0);
        }
        state.used = state.used.saturating_add(1);
        let key_sha256 = covered.key.sha256();
        let own = SystemCertificate {
            system: covered.system.clone(),
            account: begun.account,
            request_sha256: begun.request_sha256,
            names_sha256: digest_of_names(&covered.names),
            asked: now,
            ends,
            until,
            is_issued: false,
        };
        self.system_certificates.insert(serial, Arc::new(own));
        self.begins_living(&covered.system, (ends, serial), now);
        self.promised.insert(begun.under, serial);
        let tbs_sha256 = begun.tbs_sha256;
        let intended = OpenIntent { under: begun.under, tbs_sha256, key_sha256 };
        self.intents.insert(serial, Arc::new(intended));
        self.add_machine(serial, subject_of_system(&covered.system), key_sha256);
        Ok(())
    }

    /// A use that is on its way counts.
    pub(crate) fn notice_machine_use(&mut self, account: &str, jws: &FlatJws, serial: &str) {
        let Ok(wish) = self.machine_wish(account, jws) else { return };
        let Some(serial) = Serial::read(serial) else { return };
        // Once more, under another id, it uses nothing up.
        if self.promised(&wish.under).is_some() {
            return;
        }
        self.notice_begun(&wish.system, (wish.under, RequestForm::Pkcs10, &wish.request), serial);
    }

    /// The same, however it was asked for.
    pub(crate) fn notice_begun(
        &mut self,
        system: &Arc<str>,
        (under, form, request): (Sha256Value, RequestForm, &Bytes),
        serial: Serial,
    ) {
        let digest: Sha256Value = Sha256::digest(&request.0).into();
        self.pending.promised.insert(under, serial);
        self.pending.system_requests.insert(serial, digest);
        if let Ok(asked) = self.signatures.asked(form, &request.0) {
            let subject = subject_of_system(system);
            self.pending.keys.insert(asked.key.sha256(), subject.as_str().into());
        }
        *self.pending.system_uses.entry(system.clone()).or_insert(0) += 1;
    }

    /// Every certificate of a system, from its use on.
    pub fn system_certificates(&self) -> impl Iterator<Item = (&Serial, &SystemCertificate)> {
        self.system_certificates.iter().map(|(serial, own)| (serial, &**own))
    }

    /// A certificate of a system, from its use on.
    pub fn system_certificate(&self, serial: &str) -> Option<&SystemCertificate> {
        self.system_certificates.get(&Serial::read(serial)?).map(|own| &**own)
    }

    /// Whether a certificate of a system is on its way or was issued, pending records counted.
    pub fn is_of_system(&self, serial: &str) -> bool {
        Serial::read(serial).is_some_and(|serial| {
            self.system_certificates.contains_key(&serial)
                || self.pending.system_requests.contains_key(&serial)
        })
    }

    /// What a system wants to be revoked, and why: an open account of it signed that, or the key of
    /// the certificate.
    pub fn machine_revocation(
        &self,
        account: Option<&str>,
        jws: &FlatJws,
    ) -> Result<(Serial, &'static str), Code> {
        let Some(account) = account else { return self.named_for_revocation(None, jws) };
        let id = read_account(account).ok_or(Code::AccountUnknown)?;
        let (_, _, payload) = self.said_by_account(&id, jws)?;
        let state = self.account(&id).filter(|state| state.open).ok_or(Code::AccountClosed)?;
        self.named_for_revocation(Some((&state.system, payload)), jws)
    }

    /// The same of one that the registry key signed since it was so then. Whoever brings the record
    /// behind the end of the account, or behind another key of it, takes nothing back.
    pub(crate) fn judged_machine_revocation(
        &self,
        account: Option<&str>,
        jws: &FlatJws,
    ) -> Result<(Serial, &'static str), Code> {
        let Some(account) = account else { return self.named_for_revocation(None, jws) };
        let id = read_account(account).ok_or(Code::AccountUnknown)?;
        self.named_for_revocation(Some(self.said_once(&id, jws)?), jws)
    }

    /// The certificate that is named, of the system whose account said so, or whose own key did.
    fn named_for_revocation(
        &self,
        by: Option<(&Arc<str>, Vec<u8>)>,
        jws: &FlatJws,
    ) -> Result<(Serial, &'static str), Code> {
        let (by, payload) = match by {
            Some((system, payload)) => (Some(system), payload),
            None => (None, jws.payload().map_err(jws_code)?),
        };
        let said: RevokePayload =
            serde_json::from_slice(&payload).map_err(|_| Code::JwsMalformed)?;
        let certificate = self.signatures.certificate(&said.certificate.0);
        let ours = certificate.filter(|certificate| self.is_issued_by_us(certificate));
        let certificate = ours.ok_or(Code::CertificateForeign)?;
        let serial = Serial::of(certificate.serial()).ok_or(Code::CertificateForeign)?;
        let own = self.system_certificates.get(&serial).ok_or(Code::CertificateForeign)?;
        match by {
            Some(system) if *system != own.system => return Err(Code::CertificateForeign),
            Some(_) => {}
            None => self.signed_by_own_key(jws, &certificate)?,
        }
        Ok((serial, revocation_reason(said.reason)?))
    }

    /// The certificate that is named to be revoked, whoever signed it.
    pub(crate) fn named_by_jws(&self, jws: &FlatJws) -> Option<Serial> {
        let said: RevokePayload = serde_json::from_slice(&jws.payload().ok()?).ok()?;
        let certificate = self.signatures.certificate(&said.certificate.0)?;
        Serial::of(certificate.serial())
    }

    /// The certificate's own key signed it, and stands in it.
    fn signed_by_own_key(&self, jws: &FlatJws, certificate: &Certificate) -> Result<(), Code> {
        let header = jws.header().map_err(jws_code)?;
        let KeyOf::Jwk(key) = header.key else { return Err(Code::JwsMalformed) };
        if key.public_key().spki() != certificate.key().spki() {
            return Err(Code::JwsSignature);
        }
        self.signatures.jws(jws, &key).map(drop)
    }
}

/// What certificates of the same names have in common, in whatever order they were asked for.
fn digest_of_names(names: &[String]) -> Sha256Value {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    Sha256::digest(names.join("\n")).into()
}
