//! What all pages of a desk share.

use super::held_key::HeldKey;
use super::session::Session;
use super::shown_last::ShownLast;
use crate::clock::now;
use crate::exit::Failure;
use crate::files::{self, Own, SigningIdentity};
use crate::revoke::RevocationWish;
use crate::suspend::SignableSuspension;
use page::Language;
use pki::Certificate;
use records::trust::Trust;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use system::language::SpokenLanguage;
use tokio::sync::Notify;

/// The desk of one officer.
pub(super) struct Bench {
    /// Where certificate and key are.
    own: Own,
    /// Whom the officer believes.
    pub(super) trust: Trust,
    /// The own certificate, which is shown while the key is closed.
    pub(super) certificate: Certificate,
    /// File of the passphrase, where the officer has one.
    pub(super) passphrase_file: Option<PathBuf>,
    /// The one host that is served, with its port.
    pub(super) host: String,
    pub(super) session: Session,
    pub(super) key: HeldKey,
    /// Wakes whoever waits for the end.
    pub(super) closed: Notify,
    /// The last bundle that was exported, until the next one.
    pub(super) evidence: ShownLast<Vec<u8>>,
    /// The wish that was shown last, until it is signed.
    pub(super) asked: ShownLast<RevocationWish>,
    /// The suspension that was shown last, likewise.
    pub(super) suspends: ShownLast<SignableSuspension>,
    /// The last receipt, until the next one.
    pub(super) receipt: ShownLast<Vec<u8>>,
    is_english: AtomicBool,
}

impl Bench {
    /// A desk with a closed key.
    pub(super) fn new(
        own: Own,
        trust: Trust,
        host: String,
        session: Session,
    ) -> Result<Self, Failure> {
        let (_, key) = own.paths()?;
        std::fs::metadata(&key).map_err(|error| crate::exit::file_failure(&key, &error))?;
        let certificate = files::leaf(&own.chain()?)?.clone();
        Ok(Self {
            passphrase_file: own.passphrase_file()?,
            own,
            trust,
            certificate,
            host,
            session,
            key: HeldKey::default(),
            closed: Notify::new(),
            evidence: ShownLast::default(),
            asked: ShownLast::default(),
            suspends: ShownLast::default(),
            receipt: ShownLast::default(),
            is_english: AtomicBool::new(SpokenLanguage::here() == SpokenLanguage::English),
        })
    }

    /// The origin of its own pages.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Opens certificate and key.
    pub(super) fn opened(&self, passphrase: &str) -> Result<SigningIdentity, Failure> {
        self.own.open_with(passphrase)
    }

    /// The key, to sign with now. It was open when the request came; whoever ended the desk since,
    /// while a portal kept its answer back, signs nothing any more.
    pub(super) fn to_sign(&self) -> Result<Arc<SigningIdentity>, Failure> {
        self.key.get(now()).ok_or_else(|| {
            Failure::usage(
                "密钥已经关闭，未签署。",
                "the key was closed meanwhile; nothing was signed",
            )
        })
    }

    /// The staff host, as the officer.
    pub(super) fn portal(&self, opened: &SigningIdentity) -> Result<portal_api::Staff, Failure> {
        let identity = Some(opened.identity()?);
        Ok(portal_api::Staff(files::client(&self.trust.portal_staff, &self.trust, identity)?))
    }

    /// The language that was chosen last.
    pub(super) fn language(&self) -> Language {
        match self.is_english.load(Ordering::Relaxed) {
            true => Language::English,
            false => Language::Chinese,
        }
    }

    /// Chooses the language of the desk's pages.
    pub(super) fn choose(&self, language: Language) {
        self.is_english.store(language == Language::English, Ordering::Relaxed);
    }
}
