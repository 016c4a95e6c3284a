//! `yinxin enroll`: opens the person's own record, makes a key and a request, says what happens
//! next and when; run again, it collects the certificate and checks its proof before it believes
//! it.

use crate::clock::now;
use crate::consent::{self, ByLetter, Consent, Consentable, consent};
use crate::exit::Failure;
use crate::letter::{LetterArguments, LetterCredentials};
use crate::output::Output;
use crate::request::{algorithm, one_of, open_or_make};
use crate::{collected, files, prompt};
use portal_api::plain::{self, BilingualText, Fact};
use records::enrolment::{
    Collect, CollectedCertificate, LetterLookUp, LookUpAnswer, RequestSubmission, Stage,
};
use records::letter::bind;
use records::message_code::MessageCode;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// How often a waiting client asks.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Arguments of `yinxin enroll`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin enroll --letter LETTER --key my.key --out my.pem\n\
    The code in your letter stays on this machine. / 授权码不会离开本机。\n\
                        Run it again to see where it stands. / 再次运行：查看进度，领取证书。")]
pub struct Arguments {
    #[command(flatten)]
    letter: LetterArguments,
    /// File whose first line is the code that came by short message, where one did; asked for
    /// otherwise. 短信码文件
    #[arg(long)]
    message_code_file: Option<PathBuf>,
    /// Your key: made if it is not there, opened if it is. 密钥文件
    #[arg(long, default_value = "my.key")]
    key: PathBuf,
    /// Where the certificate goes, with its chain (PEM). 证书文件
    #[arg(long, default_value = "my.pem")]
    out: PathBuf,
    /// p256, p384, ed25519, rsa2048, rsa3072 or rsa4096. 算法
    #[arg(long, default_value = "p256")]
    algorithm: String,
    /// File whose first line is the key's passphrase; asked for otherwise. 口令文件
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
    /// Do not ask whether the record is yours. 不再确认
    #[arg(long)]
    yes: bool,
    /// Wait this many seconds for the certificate. 等待秒数
    #[arg(long, default_value_t = 0, value_parser = crate::clock::wait())]
    wait: u64,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let held = arguments.letter.read()?;
    // What others can open is refused before anybody is asked anything.
    let message = arguments.message_code_file.as_deref().map(prompt::from_file).transpose()?;
    let client = files::client(&held.trust.portal_public, &held.trust, None)?;
    let portal = portal_api::Public(client);
    let look_up = LetterLookUp {
        reference: held.reference.clone(),
        key: held.keys.lookup().as_slice().into(),
    };
    let record = portal.look_up(&look_up).await?;
    let own = OwnRecord { held: &held, record: &record };
    let stage = match &record.stage {
        Stage::Letter { returned, .. } => {
            if let Some(reason) = returned {
                let term = ("上次申请已退回", "your last application was sent back");
                let answer = serde_json::json!({ "stage": "letter", "returned": reason });
                output.hearsay(&[Fact::new(term, reason)], answer);
            }
            collected::check_vacant(&arguments.out)?;
            let question = ("以上信息是您本人的吗？输入 yes", "Is this you? [yes]:");
            consent(output, (own, ""), &Consent::new(arguments.yes, question, "yes"))?.into_inner();
            submit((arguments, message), &held, &portal, &record).await?
        }
        Stage::Rejected { reason } => {
            let answer = serde_json::json!({ "stage": "rejected", "reason": reason });
            output.hearsay(&[Fact::new(("驳回理由", "why it was rejected"), reason)], answer);
            return Err(Failure::usage(
                "申请已被驳回，请向登记员索取新密码信封。",
                "the application was rejected; ask your registration officer for another letter",
            ));
        }
        other => {
            consent::show(output, &own, "");
            other.clone()
        }
    };
    let approved = match &stage {
        Stage::Awaiting { .. } => {
            await_approval(output, arguments, &portal, &look_up, stage).await?
        }
        _ => true,
    };
    if !approved {
        return Ok(());
    }
    let collect = Collect { reference: held.reference.clone(), key: look_up.key.clone() };
    let collected = collect_when_ready(arguments, &portal, &collect).await?;
    keep(output, arguments, &held, &record, &collected)
}

/// For whom a letter is, as the portal passes on: whoever holds it says whether that is them.
struct OwnRecord<'a> {
    held: &'a LetterCredentials,
    record: &'a LookUpAnswer,
}

impl Consentable for OwnRecord<'_> {
    fn what(&self) -> BilingualText {
        let sample = if self.held.trust.sample { ("（示例）", " (sample)") } else { ("", "") };
        let city = &self.held.trust.city;
        BilingualText {
            zh: format!("申领证书：{city}{}", sample.0),
            en: format!("ask for a certificate: {city}{}", sample.1),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_letter(&self.held.reference, &self.held.trust.founding)
    }

    fn hearsay(&self) -> Vec<Fact> {
        plain::about_own_record(self.record)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        None
    }
}

impl ByLetter for OwnRecord<'_> {}

async fn submit(
    (arguments, message): (&Arguments, Option<Zeroizing<String>>),
    held: &LetterCredentials,
    portal: &portal_api::Public,
    record: &LookUpAnswer,
) -> Result<Stage, Failure> {
    if !record.keys.contains(&arguments.algorithm) {
        return Err(one_of("证书模板不允许这种密钥", "this profile takes", &record.keys));
    }
    let mut keys = held.keys.clone();
    if record.by_message {
        keys = keys.with_message(&message_code(message, held)?);
    }
    let file = arguments.passphrase_file.as_deref();
    let signer = open_or_make(&arguments.key, algorithm(&arguments.algorithm)?, file)?;
    let request =
        keys::request(&signer).map_err(|error| Failure::because("无法生成请求", &error))?;
    let key = keys.bind_key("cli");
    let key =
        key.ok_or_else(|| Failure::usage("密码信封不正确。", "the letter has no bind key"))?;
    let message = RequestSubmission {
        reference: held.reference.clone(),
        key: held.keys.lookup().as_slice().into(),
        challenge: record.challenge.clone(),
        request: request.der().into(),
        label: "cli".into(),
        bind: bind(key, &record.challenge.0, request.der()).into(),
    };
    Ok(portal.submit(&message).await?)
}

/// What came by short message beside the letter; it stays here as the letter's code does.
fn message_code(
    message: Option<Zeroizing<String>>,
    held: &LetterCredentials,
) -> Result<MessageCode, Failure> {
    let text = match message {
        Some(text) => text,
        None => prompt::hidden(("短信码", "message code"), "--message-code-file")?,
    };
    MessageCode::read(&held.reference, &text).map_err(|error| {
        let zh = "短信码与这封密码信封不符，请核对每个字符。";
        Failure::usage(zh, error.to_string())
    })
}

/// Says what happens next; false when the command ends here, because nobody waits.
async fn await_approval(
    output: Output,
    arguments: &Arguments,
    portal: &portal_api::Public,
    look_up: &LetterLookUp,
    mut stage: Stage,
) -> Result<bool, Failure> {
    let until = now().saturating_add(arguments.wait);
    let mut told = None;
    while let Stage::Awaiting { approvals, needed, .. } = &stage {
        if told != Some(*approvals) && !output.is_json() {
            output.hearsay(&awaiting(&stage), serde_json::json!(stage));
            told = Some(*approvals);
        }
        if approvals >= needed {
            // Nobody is waited for any more: the CA makes it now.
            return Ok(true);
        }
        if now() >= until {
            output
                .said("批准后再次运行本命令即可领取", "run this command again to collect it then");
            if output.is_json() {
                output.hearsay(&[], serde_json::json!(stage));
            }
            return if arguments.wait == 0 { Ok(false) } else { Err(Failure::not_ready()) };
        }
        tokio::time::sleep(ASK_AGAIN).await;
        stage = portal.look_up(look_up).await?.stage;
    }
    if let Stage::Letter { .. } | Stage::Rejected { .. } = stage {
        return Err(Failure::usage(
            "申请未获批准或已失效，请重新申请。",
            "the application is over; apply again",
        )
        .next("再次运行同一命令 / the same command again"));
    }
    Ok(true)
}

/// How far an application is, as a portal says.
pub(crate) fn awaiting(stage: &Stage) -> Vec<Fact> {
    let Stage::Awaiting { order, approvals, needed, expires } = stage else { return Vec::new() };
    vec![
        Fact::new(("已提交，办件", "submitted, order"), order),
        Fact::new(("审批", "approvals"), format!("{approvals} / {needed}")),
        Fact::new(("须在此前完成", "to be given before"), plain::FactValue::time(expires)),
    ]
}

async fn collect_when_ready(
    arguments: &Arguments,
    portal: &portal_api::Public,
    collect: &Collect,
) -> Result<CollectedCertificate, Failure> {
    let until = now().saturating_add(arguments.wait.max(5));
    loop {
        match portal.collect(collect).await {
            Ok(collected) => return Ok(collected),
            Err(portal_api::PortalRefusal::Refused(problem))
                if problem.known() == Some(records::Code::NotReady) && now() < until => {}
            Err(refusal) => return Err(refusal.into()),
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Believes the certificate only with its proof, and keeps it.
fn keep(
    output: Output,
    arguments: &Arguments,
    held: &LetterCredentials,
    record: &LookUpAnswer,
    collected: &CollectedCertificate,
) -> Result<(), Failure> {
    let leaf = collected::proven(&held.trust, &record.person, collected);
    let leaf = leaf.map_err(|error| Failure::sent(&error))?;
    collected::check_key(&arguments.key, &leaf, arguments.passphrase_file.as_deref())?;
    let proof = collected::keep(&arguments.out, &leaf, collected)?;
    let until = records::time::seconds(leaf.not_after());
    output.fact(("证书已领取", "certificate"), arguments.out.display());
    output.fact(("序列号", "serial"), leaf.serial());
    output.time(("有效期至", "until"), &until);
    output.fact(("日志证明已核对，序号", "proven by the log, entry"), collected.evidence.index);
    output.said("密码信封请妥善保管，可用于挂失", "keep the letter: with it you can report a loss");
    output.json(&serde_json::json!({
        "stage": "issued", "certificate": arguments.out, "proof": proof,
        "serial": leaf.serial().to_string(), "not_after": until, "index": collected.evidence.index,
    }));
    Ok(())
}
