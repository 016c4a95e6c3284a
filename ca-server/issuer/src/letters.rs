//! Enrolment letters: made and delivered by the CA host, opened by their look-up key.

use super::seal::Belongs;
use super::session::Session;
use super::{Issuer, IssuerError};
use authority::LetterState;
use ca_host::letter_print::{self, letter_event};
use ca_host::random;
use ca_store::{ledger, rows};
use pki::CertificateProfile;
use pki::profile::Holder;
use records::Code;
use records::letter::{
    EnrolmentCode, LETTER_SECONDS, Letter, LetterKeys, TRIES_MAX, read_reference,
};
use sha2::{Digest, Sha256};
use store::{execute, row};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A letter whose look-up key was shown.
pub(super) struct OpenedLetter {
    /// Reference.
    pub(super) reference: String,
    /// As the log knows it.
    pub(super) state: LetterState,
    /// Sealed bind keys.
    bind_page: Vec<u8>,
    bind_cli: Vec<u8>,
}

impl Issuer {
    /// Makes a letter for a person and writes it where only the operator reads it; gives its path.
    pub(super) async fn make_letter(
        &self,
        session: &mut Session<'_>,
        person: &str,
        profile: &str,
    ) -> Result<String, IssuerError> {
        let name = self.addressee(session, person, profile).await?;
        let profile_in_force = self.profile(session, profile)?;
        let label = if profile_in_force.holder() == Holder::Staff { "cli" } else { "page" };
        let code = EnrolmentCode::new(random::bytes()?);
        let reference = random::id()?;
        let expires = session.now() + LETTER_SECONDS;
        let letter = Letter {
            v: 1,
            reference: reference.clone(),
            code: code.text(),
            name,
            person: person.to_owned(),
            profile: profile.to_owned(),
            label: label.to_owned(),
            expires: records::time::seconds(expires),
            trust: self.trust.clone(),
        };
        self.insert_letter(session, &letter, &code, expires).await?;
        let path = format!("issuer/letters/{reference}.json");
        letter_print::write(&letter, &self.config.path(&path))?;
        Ok(path)
    }

    /// The person's name, if a letter under this profile may be made for them.
    async fn addressee(
        &self,
        session: &mut Session<'_>,
        person: &str,
        profile: &str,
    ) -> Result<String, IssuerError> {
        let holder = self.profile(session, profile)?.holder();
        let authority = session.following.authority()?;
        let state = authority.person(person).ok_or(Code::PersonUnknown)?;
        if state.left {
            return Err(Code::PersonLeft.into());
        }
        let staff_role = state.roles.iter().any(|(role, _)| {
            authority.role_rules().role.get(role).is_some_and(|rule| rule.profile == profile)
        });
        match holder {
            Holder::Person => {}
            Holder::Staff if staff_role => {}
            Holder::Staff => return Err(Code::StateConflict.into()),
            Holder::Service | Holder::Authority | Holder::Signer => {
                return Err(Code::UnknownProfile.into());
            }
        }
        let disclosed = rows::disclosures(&mut session.tx, person, state).await?;
        let disclosed = disclosed.ok_or(Code::UnsignedAuthority)?;
        let name = records::commitment::open(&state.name, "/name", &disclosed)
            .ok()
            .and_then(|value| value.as_str())
            .ok_or(Code::UnsignedAuthority)?;
        Ok(name.to_owned())
    }

    async fn insert_letter(
        &self,
        session: &mut Session<'_>,
        letter: &Letter,
        code: &EnrolmentCode,
        expires: u64,
    ) -> Result<(), IssuerError> {
        let founding = self.founding();
        let keys = LetterKeys::derive(&founding, &letter.reference, code);
        let lookup = Sha256::digest(keys.lookup()).to_vec();
        let loss = Sha256::digest(keys.loss_value(&letter.reference)).to_vec();
        let seal = |purpose: &str, key: &[u8; 32]| {
            self.seal.seal(
                key,
                &belongs(&founding, purpose, &letter.reference, &letter.person, &letter.profile),
            )
        };
        let bind_cli = seal("bind-cli", keys.bind_key("cli").ok_or(Code::Malformed)?)?;
        let bind_page = match letter.label.as_str() {
            "page" => seal("bind-page", keys.bind_key("page").ok_or(Code::Malformed)?)?,
            _ => Vec::new(),
        };
        execute!(
            &mut session.tx,
            "insert into letter (reference, person_id, profile_id, label, lookup_sha256, \
             loss_sha256, bind_page, bind_cli, expires, tries) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
            &letter.reference,
            &letter.person,
            &letter.profile,
            &letter.label,
            &lookup,
            &loss,
            bind_page,
            bind_cli,
            i64::try_from(expires).unwrap_or(i64::MAX)
        )?;
        let event = letter_event(letter, &lookup, &loss, &self.registry)?;
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        Ok(())
    }

    /// Opens a letter by its look-up key. A wrong key counts as a try of the reference; five close it.
    pub(super) async fn open_letter(
        &self,
        session: &mut Session<'_>,
        reference: &str,
        key: &[u8],
    ) -> Result<OpenedLetter, IssuerError> {
        let reference = read_reference(reference).ok_or(Code::WrongCode)?;
        let state = session.authority()?.letter(&reference).cloned().ok_or(Code::WrongCode)?;
        let found = row!(
            &mut session.tx,
            (i64, Vec<u8>, Vec<u8>),
            "select tries, bind_page, bind_cli from letter where reference = $1",
            &reference
        )?;
        let (tries, bind_page, bind_cli) = found.ok_or(Code::UnsignedAuthority)?;
        if tries >= TRIES_MAX {
            return Err(Code::TooManyTries.into());
        }
        let shown = Sha256::digest(key);
        if !bool::from(shown.as_slice().ct_eq(&state.lookup_sha256)) {
            self.count_try(session, &reference).await?;
            return Err(Code::WrongCode.into());
        }
        if session.authority()?.is_lost(&reference) {
            return Err(Code::LetterLost.into());
        }
        Ok(OpenedLetter { reference, state, bind_page, bind_cli })
    }

    /// Counts a wrong try; it stays counted although the call is refused.
    pub(super) async fn count_try(
        &self,
        session: &mut Session<'_>,
        reference: &str,
    ) -> Result<(), IssuerError> {
        execute!(
            &mut session.tx,
            "update letter set tries = tries + 1 where reference = $1",
            reference
        )?;
        Ok(session.mark().await?)
    }

    /// The bind key of a label, if its row really belongs to this letter.
    pub(super) fn bind_key(
        &self,
        letter: &OpenedLetter,
        label: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Code> {
        let (purpose, sealed) = match label {
            "page" => ("bind-page", &letter.bind_page),
            "cli" => ("bind-cli", &letter.bind_cli),
            _ => return Err(Code::Malformed),
        };
        let founding = self.founding();
        let LetterState { person, profile, .. } = &letter.state;
        let belongs = belongs(&founding, purpose, &letter.reference, person, profile);
        self.seal.open(sealed, &belongs).ok_or(Code::UnsignedAuthority)
    }

    /// The letter that an order was made under, for the check before the intent.
    pub(super) async fn letter_of_order(
        &self,
        session: &mut Session<'_>,
        reference: &str,
    ) -> Result<OpenedLetter, IssuerError> {
        let state = session.authority()?.letter(reference).cloned();
        let state = state.ok_or(Code::UnsignedAuthority)?;
        let found = row!(
            &mut session.tx,
            (Vec<u8>, Vec<u8>),
            "select bind_page, bind_cli from letter where reference = $1",
            reference
        )?;
        let (bind_page, bind_cli) = found.ok_or(Code::UnsignedAuthority)?;
        Ok(OpenedLetter { reference: reference.to_owned(), state, bind_page, bind_cli })
    }

    /// A profile in force, read from what the log says.
    pub(super) fn profile(
        &self,
        session: &Session<'_>,
        id: &str,
    ) -> Result<CertificateProfile, IssuerError> {
        let state = session.authority()?.profile(id).ok_or(Code::UnknownProfile)?;
        Ok(CertificateProfile::read(&state.content).map_err(|_| Code::UnknownProfile)?)
    }
}

fn belongs<'a>(
    founding: &'a [u8; 32],
    purpose: &'a str,
    reference: &'a str,
    person: &'a str,
    profile: &'a str,
) -> Belongs<'a> {
    Belongs { founding, purpose, reference, person, profile }
}
