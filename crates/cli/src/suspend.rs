//! `yinxin suspend`: takes a certificate away for a while, at once: by its letter, with the
//! holder's own key, or with the key of whoever cares for them. The answer is a signed receipt.

use crate::clock::now;
use crate::consent::{ByLetter, Consent, Consentable, Consented, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files::{OwnKey, SigningIdentity};
use crate::letter::{LetterArguments, LetterCredentials};
use crate::output::Output;
use crate::{files, receipt, serial, typed_text};
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use records::enrolment::SignedReceipt;
use records::export::NotTrusted;
use records::receipt::Receipt;
use records::suspension::{
    SuspendByLetter, Suspension, SuspensionInput, SuspensionNotice, SuspensionStatement,
    SuspensionSubmission,
};
use records::time::SKEW_SECONDS_MAX;
use records::trust::Trust;
use records::{Bytes, Disclosure, json};
use std::path::PathBuf;

/// Why whoever signs suspends, if they do not say.
const REASON: &str = "keyCompromise";
const EVIDENCE: &str = "本人提出 / asked for by the holder";

/// Arguments of `yinxin suspend`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin suspend SERIAL --evidence TEXT\n\
    Without a serial number it is what was issued under your letter. \
    / 不写序列号则凭密码信封冻结。\n\
    It counts at once; two others release it, or it is revoked after 15 days. \
    / 立即生效，须由另外两人解除，15 天未解除即吊销。")]
pub struct Arguments {
    /// Serial number, to sign with your own certificate key. 证书序列号，用本人证书密钥签名
    serial: Option<String>,
    #[command(flatten)]
    letter: LetterArguments,
    /// Why, as RFC 5280 names it. 原因
    #[arg(long, value_parser = plain::REASONS, requires = "serial")]
    reason: Option<String>,
    /// What you looked at, who told you. 依据
    #[arg(long, requires = "serial")]
    evidence: Option<String>,
    #[command(flatten)]
    own: OwnKey,
    /// Where the signed receipt goes. 回执文件
    #[arg(long)]
    out: Option<PathBuf>,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(out) = &arguments.out {
        files::check_vacant(out)?;
    }
    let reason = arguments.reason.as_deref().unwrap_or(REASON);
    let asked = (reason, now());
    let (signed, notice) = match &arguments.serial {
        Some(serial) => by_key(output, arguments, (serial, reason)).await?,
        None => by_letter(output, arguments).await?,
    };
    receipt::tell(output, &about_done(&notice, asked));
    output.said(
        "须由另外两人批准解除；15 天未解除即吊销",
        "two others release it; after 15 days it is revoked",
    );
    output.json(&serde_json::json!(notice));
    if stood_before(&notice, asked) {
        output.json(&serde_json::json!({ "stood_before": true }));
    }
    receipt::keep(output, &signed, arguments.out.as_deref())
}

/// A receipt, and what it says.
pub(crate) type Done = (SignedReceipt, SuspensionNotice);

async fn by_letter(output: Output, arguments: &Arguments) -> Result<Done, Failure> {
    let held = arguments.letter.read_in(arguments.own.context_name())?;
    let suspending = consent(output, (UnderLetter(held), ""), &how(arguments))?;
    let UnderLetter(held) = suspending.into_inner();
    let status = ca_api::Status(files::client(&held.trust.status, &held.trust, None)?);
    let value = held.keys.suspension_value(&held.reference).into();
    let message = SuspendByLetter { reference: held.reference.clone(), value };
    let receipt = status.suspend_by_letter(&message).await?;
    let told = format!("letter:{}", held.reference);
    verified(&held.trust, receipt, |notice| answers(notice, &told, None))
}

async fn by_key(
    output: Output,
    arguments: &Arguments,
    (typed, reason): (&str, &str),
) -> Result<Done, Failure> {
    let trust = arguments.own.believed(arguments.letter.trust())?;
    let opened = arguments.own.open()?;
    let evidence = arguments.evidence.as_deref().unwrap_or(EVIDENCE);
    let said = SignableSuspension::new(&trust, &opened, (typed, reason, evidence))?;
    let serial = said.serial().to_owned();
    let said = consent(output, (said, &opened.name()), &how(arguments))?;
    handed_in(&trust, &opened, (said, &serial)).await
}

/// What a receipt says to whoever asked for this reason at this time.
pub(crate) fn about_done(notice: &SuspensionNotice, asked: (&str, u64)) -> Vec<Fact> {
    let mut facts = plain::about_suspension(notice);
    let before = BilingualText {
        zh: "此证书此前已被冻结，以此前的为准".into(),
        en: "it was suspended before, and stays so as it was".into(),
    };
    facts.extend(stood_before(notice, asked).then(|| Fact::new(("请留意", "take a look"), before)));
    facts
}

/// Whether a receipt is of what stood before it was asked for: for another reason, or since longer
/// ago than clocks may differ by.
fn stood_before(notice: &SuspensionNotice, (reason, unix): (&str, u64)) -> bool {
    notice.reason != reason || notice.unix() + SKEW_SECONDS_MAX < unix
}

/// Signs what was consented to and hands it to the status service; what comes back is its receipt
/// for just this certificate.
pub(crate) async fn handed_in(
    trust: &Trust,
    opened: &SigningIdentity,
    (said, serial): (Consented<SignableSuspension>, &str),
) -> Result<Done, Failure> {
    let message = said.sign(opened)?;
    let status = ca_api::Status(files::client(&trust.status, trust, None)?);
    let receipt = status.suspend(&message).await?;
    let own = opened.leaf()?.subject().person().unwrap_or_default();
    let told = format!("person:{own}");
    let asked = |notice: &SuspensionNotice| answers(notice, &told, Some(serial));
    verified(trust, receipt, asked)
}

fn how(arguments: &Arguments) -> Consent<'static> {
    let question =
        ("冻结立即生效，须由另外两人解除。确认请输入 yes", "only two others release it [yes]:");
    Consent::new(arguments.yes, question, "yes")
}

/// Everything under a letter, which its holder suspends.
struct UnderLetter(LetterCredentials);

impl Consentable for UnderLetter {
    fn what(&self) -> BilingualText {
        BilingualText {
            zh: "冻结密码信封项下的证书".into(),
            en: "suspend what came from a letter".into(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = plain::about_letter_act(&self.0.reference, &self.0.trust.founding);
        facts.push(plain::about_reason(REASON));
        facts
    }

    fn digest(&self) -> Option<[u8; 32]> {
        None
    }
}

impl ByLetter for UnderLetter {}

/// A suspension as it is to be signed.
pub(crate) struct SignableSuspension {
    statement: SuspensionStatement,
    evidence: Disclosure,
}

impl SignableSuspension {
    /// The suspension of a serial number, for a reason and with evidence as somebody typed them.
    pub(crate) fn new(
        trust: &Trust,
        opened: &SigningIdentity,
        (typed, reason, evidence): (&str, &str, &str),
    ) -> Result<Self, Failure> {
        let serial = &serial::read(typed)?;
        let evidence = &typed_text::evidence(evidence)?;
        let drawn = (system::random::bytes()?, system::random::bytes()?);
        let (certificate, said) =
            (opened.leaf()?.sha256(), SuspensionInput { serial, reason, evidence });
        let stated = SuspensionStatement::new(&trust.founding, certificate, said, drawn, now());
        let (statement, evidence) = stated.map_err(|error| unsigned(&error))?;
        Ok(Self { statement, evidence })
    }

    /// The certificate that is suspended has this serial number.
    pub(crate) fn serial(&self) -> &str {
        &self.statement.serial
    }

    /// For this reason, and asked for at this time.
    pub(crate) fn asked(&self) -> (String, u64) {
        (self.statement.reason.clone(), self.statement.unix())
    }
}

impl Consentable for SignableSuspension {
    fn what(&self) -> BilingualText {
        BilingualText { zh: "冻结证书".into(), en: "suspend a certificate".into() }
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_suspending(&self.statement, &self.evidence)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Suspension::challenge(&bytes))
    }
}

impl Signable for SignableSuspension {
    type Signed = SuspensionSubmission;

    fn sign(
        self,
        leaf: &Certificate,
        signer: &dyn Signer,
    ) -> Result<SuspensionSubmission, Failure> {
        let bytes = Bytes(json::write(&self.statement).map_err(|error| unsigned(&error))?);
        let suspension = Suspension::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))?;
        Ok(SuspensionSubmission { suspension, evidence: self.evidence })
    }
}

/// Whether a notice is about what was asked: as it was told, and of just this certificate, or of
/// some under a letter.
fn answers(notice: &SuspensionNotice, told: &str, serial: Option<&str>) -> bool {
    let whole = match serial {
        Some(serial) => notice.serials == [serial],
        None => !notice.serials.is_empty(),
    };
    notice.told == told && whole
}

/// The receipt, if the status key signed it for this city, and for what was asked.
fn verified(
    trust: &Trust,
    signed: SignedReceipt,
    is_asked: impl Fn(&SuspensionNotice) -> bool,
) -> Result<Done, Failure> {
    match Receipt::open(&signed, trust, now()).map_err(|error| Failure::sent(&error))? {
        Receipt::Suspension(notice) if is_asked(&notice) => Ok((signed, notice)),
        _ => Err(Failure::sent(&NotTrusted::Purpose)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_for_what_was_asked() {
        let notice = |told: &str, serials: &[&str]| SuspensionNotice {
            v: 1,
            founding: Bytes::default(),
            told: told.into(),
            person: "0123456789ABCDEF".into(),
            serials: serials.iter().map(|serial| (*serial).to_owned()).collect(),
            reason: REASON.into(),
            nonce: [4; 16].into(),
            statement: None,
            time: "2026-11-24T08:00:00Z".into(),
        };
        let (me, letter) = ("person:0123456789ABCDEF", "letter:5GPJWBSG64S36D1N");
        assert!(answers(&notice(me, &["0101"]), me, Some("0101")));
        assert!(answers(&notice(letter, &["0101", "0202"]), letter, None));
        for (told, serials) in
            [(letter, &["0101"][..]), (me, &["0202"]), (me, &[]), (me, &["0101", "02"])]
        {
            assert!(!answers(&notice(told, serials), me, Some("0101")), "{told} {serials:?}");
        }
        // What stood before is told, of whichever clock.
        let told = |asked| about_done(&notice(me, &["0101"]), asked).len();
        let (one, taken) = (notice(me, &["0101"]), notice(me, &["0101"]).unix());
        for (asked, before) in [
            ((REASON, taken), false),
            ((REASON, taken - 60), false),
            ((REASON, taken + SKEW_SECONDS_MAX), false),
            ((REASON, taken + SKEW_SECONDS_MAX + 1), true),
            (("superseded", taken), true),
        ] {
            assert_eq!(stood_before(&one, asked), before, "{asked:?}");
            assert_eq!(told(asked) > plain::about_suspension(&one).len(), before, "{asked:?}");
        }
        assert!(!answers(&notice(me, &["0101"]), letter, None));
        assert!(!answers(&notice(letter, &[]), letter, None));
    }
}
