//! `yinxin renew`: a new key and a new certificate, asked for with the key of the old one. The new
//! files stand beside the old ones, which count on for some days; run again, it goes on where it
//! was.

use crate::clock::now;
use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::enroll::awaiting;
use crate::exit::Failure;
use crate::files::{self, Own, SigningIdentity};
use crate::output::Output;
use crate::request::{algorithm, one_of, open_or_make};
use crate::{collected, contexts, prompt};
use pki::{Certificate, Signer};
use portal_api::Public;
use portal_api::plain::{self, BilingualText, Fact, FactValue};
use records::enrolment::{CollectedCertificate, Stage};
use records::join::use_message;
use records::label::Label;
use records::order::ReviewReason;
use records::renewal::{AskRenewal, RenewCertificate, RenewalTerms};
use records::{Bytes, Code, Problem};
use std::path::{Path, PathBuf};
use std::time::Duration;
use system::speech::Command;

/// How often a waiting client asks.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// A certificate that is on its way is waited for at least so long, in seconds.
const WAIT_MIN: u64 = 10;

/// Arguments of `yinxin renew`.
#[derive(clap::Args)]
#[command(
    after_help = "例 / example: yinxin renew --cert my.pem --key my.key --trust trust.json\n\
    The old certificate and its key count on for 7 days. / 旧证书再用 7 天后失效。\n\
                        Run it again to see where it stands. / 再次运行：查看进度，领取证书。"
)]
pub struct Arguments {
    #[command(flatten)]
    own: Own,
    /// Where the new key goes; beside the old one otherwise. 新密钥文件
    #[arg(long)]
    new_key: Option<PathBuf>,
    /// Where the new certificate goes (PEM); beside the old one otherwise. 新证书文件
    #[arg(long)]
    out: Option<PathBuf>,
    /// p256, p384, ed25519, rsa2048, rsa3072 or rsa4096. 算法
    #[arg(long, default_value = "p256")]
    algorithm: String,
    /// File whose first line is the new key's passphrase. 新密钥的口令文件
    #[arg(long)]
    new_passphrase_file: Option<PathBuf>,
    /// Wait this many seconds for approvals. 等待秒数
    #[arg(long, default_value_t = 0, value_parser = crate::clock::wait())]
    wait: u64,
}

/// Where the new files go, and what opens the new key.
struct Place {
    key: PathBuf,
    cert: PathBuf,
    passphrase_file: Option<PathBuf>,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    let old = opened.leaf()?;
    let place = place(arguments, old)?;
    if let Some(path) = &arguments.new_passphrase_file {
        // What others can open is refused before anybody is asked anything.
        prompt::from_file(path)?;
    }
    let portal = Public(files::client(&trust.portal_public, &trust, None)?);
    let ask = AskRenewal { certificate: old.der().into() };
    let terms = portal.renewal_terms(&ask).await?;
    if let Some(Stage::Rejected { reason }) = &terms.stage {
        let answer = serde_json::json!({ "stage": "rejected", "reason": reason });
        output.hearsay(&[Fact::new(("驳回理由", "why it was rejected"), reason)], answer);
        return Err(Failure::usage(
            "续期申请已被驳回，请向登记员索取新密码信封。",
            "the renewal was rejected; ask your registration officer for another letter",
        ));
    }
    if terms.stage.is_none() && records::time::read(&terms.opens).is_some_and(|at| now() < at) {
        // No key is made in vain.
        let opens =
            Fact::new(("可续期时间", "it can be renewed from"), FactValue::time(&terms.opens));
        output.hearsay(&[opens], serde_json::json!({ "opens": terms.opens }));
        return Err(Failure::from(Problem::new(Code::RenewalEarly, String::new())));
    }
    if terms.stage.is_none() {
        collected::check_vacant(&place.cert)?;
    }
    let message = signed((output, arguments), &place, &opened, &terms)?;
    let Some(collected) = asked(output, arguments, &portal, &message).await? else {
        return Ok(());
    };
    let person = old.subject().person().unwrap_or_default();
    let leaf =
        collected::proven(&trust, person, &collected).map_err(|error| Failure::sent(&error))?;
    keep(output, arguments, (&place, old), (&leaf, &collected))
}

fn place(arguments: &Arguments, old: &Certificate) -> Result<Place, Failure> {
    let (cert, key) = arguments.own.paths()?;
    let beside = |given: &Option<PathBuf>, old_path: &Path, end: &str| {
        given.clone().unwrap_or_else(|| beside(old_path, old.not_after(), end))
    };
    let passphrase_file = match &arguments.new_passphrase_file {
        Some(path) => Some(path.clone()),
        None => arguments.own.passphrase_file()?,
    };
    Ok(Place {
        key: beside(&arguments.new_key, &key, "key"),
        cert: beside(&arguments.out, &cert, "pem"),
        passphrase_file,
    })
}

/// The old file's name with the day on which the old certificate ends, so that the same command
/// again finds what it had begun.
fn beside(old: &Path, not_after: u64, end: &str) -> PathBuf {
    let stem = old.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_default();
    let day: String =
        records::time::seconds(not_after).chars().take(10).filter(|c| *c != '-').collect();
    let dated = |tail: &str| tail.len() == day.len() && tail.bytes().all(|b| b.is_ascii_digit());
    match stem.rsplit_once('-') {
        // Two certificates that end on one day.
        Some((_, tail)) if tail == day => old.with_file_name(format!("{stem}-2.{end}")),
        Some((plain, tail)) if dated(tail) => old.with_file_name(format!("{plain}-{day}.{end}")),
        _ => old.with_file_name(format!("{stem}-{day}.{end}")),
    }
}

/// On which terms, as the portal says.
fn hearsay(terms: &RenewalTerms) -> Vec<Fact> {
    let mut facts = vec![Fact::new(("证书模板", "profile"), terms.profile.clone())];
    if let Some(reason) = &terms.returned {
        let term = ("上次申请已退回", "your last application was sent back");
        facts.push(Fact::new(term, reason));
    }
    let term = ("须经审批", "needs approval");
    facts.extend(terms.review.iter().map(|reason| Fact::new(term, why(*reason))));
    facts
}

fn why(reason: ReviewReason) -> BilingualText {
    let (zh, en) = match reason {
        ReviewReason::Asked => ("证书模板要求", "the profile asks for it"),
        ReviewReason::Expired => ("证书已过期", "your certificate has ended"),
        ReviewReason::Person => ("您的登记信息有变", "your record changed"),
        ReviewReason::Profile => ("证书模板有变", "the profile changed"),
        ReviewReason::Unit => ("您的单位隶属有变", "your unit stands elsewhere"),
    };
    BilingualText { zh: zh.into(), en: en.into() }
}

/// The new key, and what the old one signs for it.
fn signed(
    (output, arguments): (Output, &Arguments),
    place: &Place,
    opened: &SigningIdentity,
    terms: &RenewalTerms,
) -> Result<RenewCertificate, Failure> {
    if !terms.keys.contains(&arguments.algorithm) {
        return Err(one_of("证书模板不允许这种密钥", "this profile takes", &terms.keys));
    }
    let file = place.passphrase_file.as_deref();
    let signer = open_or_make(&place.key, algorithm(&arguments.algorithm)?, file)?;
    let request =
        keys::request(&signer).map_err(|error| Failure::because("无法生成请求", &error))?;
    let old = opened.leaf()?.clone();
    let renewing = Renewing {
        old,
        challenge: terms.challenge.clone(),
        request: request.der().into(),
        hearsay: hearsay(terms),
    };
    // Whoever runs this command asks for a renewal; what is signed names their own two keys.
    consent(output, (renewing, &opened.name()), &Consent::Yes { named: &[] })?.sign(opened)
}

/// What the old key signs for the new one.
struct Renewing {
    old: Certificate,
    challenge: Bytes,
    request: Bytes,
    hearsay: Vec<Fact>,
}

impl Renewing {
    fn message(&self) -> Vec<u8> {
        use_message(&self.old.sha256(), &self.challenge.0, &self.request.0)
    }
}

impl Consentable for Renewing {
    fn what(&self) -> BilingualText {
        BilingualText { zh: "续期".into(), en: "renew your certificate".into() }
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_renewing(&self.old, &self.challenge, &self.request.0)
    }

    fn hearsay(&self) -> Vec<Fact> {
        self.hearsay.clone()
    }

    fn digest(&self) -> Option<[u8; 32]> {
        Some(Label::Use.digest(&self.message()))
    }
}

impl Signable for Renewing {
    type Signed = RenewCertificate;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<RenewCertificate, Failure> {
        let signature = Label::Use.sign(signer, &self.message());
        Ok(RenewCertificate {
            certificate: leaf.der().into(),
            challenge: self.challenge,
            request: self.request,
            label: "cli".into(),
            signature: Bytes(signature.map_err(|error| unsigned(&error))?),
        })
    }
}

/// Asks until the certificate is there; nothing if nobody waits for approvals.
async fn asked(
    output: Output,
    arguments: &Arguments,
    portal: &Public,
    message: &RenewCertificate,
) -> Result<Option<CollectedCertificate>, Failure> {
    let begun = now();
    let mut told = None;
    loop {
        let answer = portal.renew_certificate(message).await?;
        if let Some(collected) = answer.collected {
            return Ok(Some(collected));
        }
        let waits = match &answer.stage {
            Stage::Awaiting { approvals, needed, .. } if approvals < needed => {
                if told != Some(*approvals) && !output.is_json() {
                    output.hearsay(&awaiting(&answer.stage), serde_json::json!(answer.stage));
                    told = Some(*approvals);
                }
                if now() >= begun.saturating_add(arguments.wait) {
                    output.said(
                        "批准后再次运行本命令即可领取",
                        "run this command again to collect it then",
                    );
                    if output.is_json() {
                        output.hearsay(&[], serde_json::json!(answer.stage));
                    }
                    return if arguments.wait == 0 { Ok(None) } else { Err(Failure::not_ready()) };
                }
                arguments.wait
            }
            _ => arguments.wait.max(WAIT_MIN),
        };
        if now() >= begun.saturating_add(waits) {
            return Err(Failure::not_ready());
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Keeps the certificate, acts with it from now on, and says what comes next.
fn keep(
    output: Output,
    arguments: &Arguments,
    (place, old): (&Place, &Certificate),
    (leaf, collected): (&Certificate, &CollectedCertificate),
) -> Result<(), Failure> {
    let file = place.passphrase_file.as_deref();
    collected::check_key(&place.key, leaf, file)?;
    let proof = collected::keep(&place.cert, leaf, collected)?;
    let switched = match arguments.own.in_context()? {
        Some(name) => {
            let file = place.passphrase_file.clone();
            contexts::renewed(&name, (&place.cert, &place.key, file))?;
            Some(name)
        }
        None => None,
    };
    let until = records::time::seconds(leaf.not_after());
    output.fact(("新证书", "new certificate"), place.cert.display());
    output.fact(("新密钥", "new key"), place.key.display());
    output.fact(("序列号", "serial"), leaf.serial());
    output.time(("有效期至", "until"), &until);
    output.fact(("日志证明已核对，序号", "proven by the log, entry"), collected.evidence.index);
    if let Some(name) = &switched {
        output.fact(("身份已改用新证书", "commands use it from now on, as"), name);
    }
    output.said(
        "旧证书 7 天后自动失效；在此之前请将新证书导入浏览器",
        "the old one is superseded in 7 days; bring the new one into your browser before",
    );
    let p12 = place.cert.with_extension("p12");
    let [cert, key, p12] = [&place.cert, &place.key, &p12].map(|path| path.display().to_string());
    let command = "yinxin cert export --p12 {} --cert {} --key {}";
    output.next(&Command::new(command, &[&p12, &cert, &key]));
    output.json(&serde_json::json!({
        "stage": "issued", "certificate": place.cert, "key": place.key, "proof": proof,
        "serial": leaf.serial().to_string(), "renews": old.serial().to_string(),
        "not_after": until, "index": collected.evidence.index, "context": switched,
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_files_are_named_by_the_day_on_which_the_old_ones_end() {
        let end = records::time::read("2027-11-30T08:00:00Z").unwrap();
        let named = |old: &str, ending| beside(Path::new(old), end, ending).display().to_string();
        assert_eq!(named("/home/me/my.pem", "pem"), "/home/me/my-20271130.pem");
        assert_eq!(named("my-20261130.key", "key"), "my-20271130.key");
        assert_eq!(named("李丹.p12", "key"), "李丹-20271130.key");
        assert_eq!(named("a-b.key", "key"), "a-b-20271130.key");
        assert_eq!(named("my-20271130.key", "key"), "my-20271130-2.key", "never the same file");
    }
}
