//! `GET /enrolment`: the person's own record, where it stands, what comes next and when. Everything
//! on it is what the CA says now.

use super::letter::{OpenLetter, close};
use crate::pages::{Frame, Language, page, problem, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use pki::Certificate;
use records::Code;
use records::enrolment::{Collect, CollectedCertificate, LetterLookUp, LookUpAnswer, Stage};
use service::problem::Refused;
use std::sync::Arc;

words! {
    EnrolmentWords {
        title "领取证书" "Getting your certificate";
        progress "办理进度" "Progress";
        step_record "核对信息" "Check your record";
        step_make "生成密钥" "Make your key";
        step_wait "等待审批" "Wait for approval";
        step_collect "领取证书" "Collect";
        record "登记信息" "Your record";
        name "姓名" "Name";
        person "人员编号" "Person";
        unit "单位" "Unit";
        validity "有效期" "Validity";
        days "天" "days";
        not_right "信息不对？请不要继续，联系本单位登记员更正。" "Not right? Do not go on; ask your registration officer to correct it.";
        make "生成密钥并提交申请" "Make your key and apply";
        make_what "密钥在您的浏览器里生成，用您设置的口令加密，保存在本机，直到您回来领取证书。请用同一台电脑、同一个浏览器。" "Your key is made in this browser, encrypted with your password, and stays on this computer until you come back to collect. Use the same computer and browser then.";
        returned "上次申请已退回，理由：" "Your last application was sent back, because:";
        rejected "申请已被驳回" "Your application was rejected";
        rejected_what "如有疑问，请联系本单位登记员；如需再次申请，请索取新密码信封。" "Ask your registration officer if you have questions; to apply again you need a new letter.";
        reason "理由" "Reason";
        until "截止" "Until";
        valid_until "有效期至" "Valid until";
        no_code "为了把密钥和您的密码信封绑定，请重新输入授权码：" "To tie the key to your letter, enter its code again:";
        message "短信码" "Message code";
        message_hint "10 个字符，以短信发到您的手机，与密码信封配套使用，不会离开您的浏览器。没有收到，或手机丢失的，请向本单位登记员索取新密码信封。" "10 characters that came to your telephone, for this letter; they do not leave your browser. If none came, or the telephone is lost, ask your registration officer for a new letter.";
        message_wrong "短信码与这封密码信封不符，请核对是否输错了字符；重新制作密码信封后，请用新的短信码。" "This code is not for this letter; look for a mistyped character. Another letter comes with another code.";
        password "设置口令" "Choose a password";
        password_hint "至少 12 个字符。口令不会发送给任何人；忘记后只能重新申请。" "At least 12 characters. It is sent to nobody; if you forget it you have to apply again.";
        password_short "口令至少 12 个字符。" "The password needs at least 12 characters.";
        repeat "再输入一次" "Repeat it";
        repeat_wrong "两次输入的口令不一致。" "The two passwords differ.";
        make_go "信息无误，生成密钥并提交" "This is me: make the key and apply";
        busy "正在处理，请稍候…" "Working, please wait…";
        waiting "等待审批" "Waiting for approval";
        waiting_what "申请已提交。现在可以关闭页面，审批完成后用同一台电脑、同一个浏览器回来领取。" "Your application is with the officers. You may close this page; come back with the same computer and browser to collect.";
        approvals "已审批" "Approvals";
        order "办件编号" "Order";
        promised "承诺办结时限" "Promised within";
        two_days "2 个工作日" "2 working days";
        look_again "刷新进度" "Look again";
        no_key "本浏览器里没有您的密钥。请换回提交申请时使用的电脑和浏览器，或在下面重新申请。" "Your key is not in this browser. Use the computer and browser with which you applied, or apply again below.";
        again "密钥或口令丢了，重新申请" "Key or password lost: apply again";
        again_what "新的申请会取代现在这一份，审批从头开始。" "A new application replaces the present one; approval begins anew.";
        almost "证书正在写入日志" "Your certificate is being written into the log";
        almost_what "审批已通过，几秒钟后即可领取。" "It is approved and can be collected in a few seconds.";
        ready "证书已签发，请领取" "Your certificate is ready";
        serial "序列号" "Serial number";
        no_key_issued "本浏览器里没有这张证书的密钥。请换回提交申请时使用的电脑和浏览器；密钥已丢失的，请挂失后索取新密码信封。" "The key of this certificate is not in this browser. Use the computer and browser with which you applied; if the key is lost, report the loss and ask for a new letter.";
        collect_what "输入您设置的口令，生成证书文件。" "Enter the password that you chose, to make the certificate file.";
        password_again "口令" "Password";
        password_wrong "口令不正确。忘记口令的，请挂失后索取新密码信封。" "This is not the password. If you forgot it, report the loss and ask for a new letter.";
        collect "生成证书文件" "Make the certificate file";
        done "证书文件已生成。" "The certificate file is ready.";
        download "保存证书文件（.p12）" "Save the certificate file (.p12)";
        how_to_import "怎样导入电脑" "How to import it";
        test_now "检查我的证书" "Test my certificate now";
        forget "已导入，删除本机保存的密钥" "Imported: delete the key kept in this browser";
        leave "退出" "Leave";
    }
}

/// Where it stands, with what the page needs for it.
enum Step {
    Make { challenge: String, expires: String, returned: Option<String> },
    Rejected { reason: String },
    Waiting { order: String, approvals: u32, needed: u32, expires: String, challenge: String },
    Almost,
    Collect { chain: String, serial: String, not_after: String },
}

#[derive(Template)]
#[template(path = "public/enrolment.html")]
struct EnrolmentPage {
    f: Frame,
    w: &'static EnrolmentWords,
    reference: String,
    name: String,
    person: String,
    units: String,
    validity_days: u32,
    /// Whether a code that came by short message is needed beside the letter's.
    by_message: bool,
    step: Step,
    staff: String,
}

impl EnrolmentPage {
    fn names(&self) -> [(usize, &'static str); 4] {
        let w = self.w;
        [(1, w.step_record), (2, w.step_make), (3, w.step_wait), (4, w.step_collect)]
    }

    fn at(&self) -> usize {
        match self.step {
            Step::Make { .. } => 2,
            Step::Waiting { .. } | Step::Almost | Step::Rejected { .. } => 3,
            Step::Collect { .. } => 4,
        }
    }
}

/// `GET /enrolment`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    letter: OpenLetter,
) -> Response {
    match read(&portal, &letter, f.language).await {
        Ok((record, step)) => {
            let staff = portal.trust.portal_staff.clone();
            shown(&filled(f, letter.reference, &record, step, staff))
        }
        Err(Refused(told)) => {
            let mut response = problem::page(&f, &told, "/letter");
            if told.known() != Some(Code::Unavailable) {
                close(&mut response);
            }
            response
        }
    }
}

/// The page. One that is a matter of seconds looks again by itself: nothing is typed into it.
fn shown(filled: &EnrolmentPage) -> Response {
    let mut response = page(StatusCode::OK, filled);
    if matches!(filled.step, Step::Almost) {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("5"));
    }
    response
}

fn filled(
    f: Frame,
    reference: String,
    record: &LookUpAnswer,
    step: Step,
    staff: String,
) -> EnrolmentPage {
    EnrolmentPage {
        w: EnrolmentWords::of(f.language),
        f,
        reference,
        name: show::harmless(&show::masked_name(&record.name)),
        person: show::masked_id(&record.person),
        units: show::harmless(&record.units.join(" › ")),
        validity_days: record.validity_days,
        by_message: record.by_message,
        step,
        staff,
    }
}

async fn read(
    portal: &PortalState,
    letter: &OpenLetter,
    language: Language,
) -> Result<(LookUpAnswer, Step), Refused> {
    let message = LetterLookUp { reference: letter.reference.clone(), key: letter.key.clone() };
    let answer = passed_on(portal.issuer.look_up(&message).await);
    let record = portal.recorded("look-up", "", answer).await?;
    let challenge = record.challenge.to_string();
    let step = match &record.stage {
        Stage::Letter { expires, returned } => Step::Make {
            challenge,
            expires: show::time(language, expires),
            returned: returned.as_deref().map(show::harmless),
        },
        Stage::Rejected { reason } => Step::Rejected { reason: show::harmless(reason) },
        Stage::Awaiting { order, approvals, needed, expires } => Step::Waiting {
            order: order.clone(),
            approvals: *approvals,
            needed: *needed,
            expires: show::time(language, expires),
            challenge,
        },
        Stage::Issued { .. } => collect(portal, letter, language).await?,
    };
    Ok((record, step))
}

async fn collect(
    portal: &PortalState,
    letter: &OpenLetter,
    language: Language,
) -> Result<Step, Refused> {
    let message = Collect { reference: letter.reference.clone(), key: letter.key.clone() };
    let answer = passed_on(portal.issuer.collect(&message).await);
    match portal.recorded("collect", "", answer).await {
        Ok(collected) => Ok(collectable(&collected, language)),
        Err(Refused(told)) if told.known() == Some(Code::NotReady) => Ok(Step::Almost),
        Err(refusal) => Err(refusal),
    }
}

/// The chain as the page's script reads it; the root stays out, browsers have their own.
fn collectable(collected: &CollectedCertificate, language: Language) -> Step {
    let chain: Vec<String> = collected.chain.iter().map(ToString::to_string).collect();
    let leaf = collected.chain.first().and_then(|der| Certificate::read(&der.0).ok());
    let (serial, not_after) = leaf.map_or_else(Default::default, |leaf| {
        (leaf.serial().to_string(), show::time(language, &records::time::seconds(leaf.not_after())))
    });
    Step::Collect { chain: chain.join(" "), serial, not_after }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let render = |(name, page): (_, EnrolmentPage)| (name, page.render().unwrap());
    sample_pages(language).into_iter().map(render).collect()
}

#[cfg(test)]
fn sample_pages(language: crate::pages::Language) -> Vec<(&'static str, EnrolmentPage)> {
    let record = LookUpAnswer {
        name: "王小明".into(),
        person: "0123456789ABCDEF".into(),
        units: vec!["商洛市".into(), "商州区".into(), "区政府办公室".into()],
        profile: crate::pages::sample_names().profiles.swap_remove(0),
        keys: vec!["p256".into()],
        label: "page".into(),
        by_message: false,
        validity_days: 365,
        challenge: records::Bytes(vec![7; 16]),
        stage: Stage::Letter { expires: "2026-12-01T08:00:00Z".into(), returned: None },
    };
    let expires = show::time(language, "2026-12-01T08:00:00Z");
    let steps = [
        ("make", Step::Make { challenge: "AAAA".into(), expires: expires.clone(), returned: None }),
        (
            "make-message",
            Step::Make { challenge: "AAAA".into(), expires: expires.clone(), returned: None },
        ),
        (
            "returned",
            Step::Make {
                challenge: "AAAA".into(),
                expires: expires.clone(),
                returned: Some(show::harmless("登记的单位不对<b>\u{202e}")),
            },
        ),
        ("rejected", Step::Rejected { reason: "不是本单位人员".into() }),
        (
            "waiting",
            Step::Waiting {
                order: "5GPJWBSG64S36D1N".into(),
                approvals: 1,
                needed: 2,
                expires: expires.clone(),
                challenge: "AAAA".into(),
            },
        ),
        ("almost", Step::Almost),
        (
            "collect",
            Step::Collect { chain: "AAAA AAAA".into(), serial: "0101".into(), not_after: expires },
        ),
    ];
    let of = |(name, step)| {
        let f = Frame::sample(language, "/enrolment");
        let staff = "https://staff.example".into();
        let record = LookUpAnswer { by_message: name == "make-message", ..record.clone() };
        (name, filled(f, "0123456789ABCDEF".into(), &record, step, staff))
    };
    steps.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody has to ask again for what is done in seconds, and nothing that is typed is lost.
    #[test]
    fn what_is_done_in_seconds_is_seen_by_itself() {
        for (name, page) in sample_pages(Language::Chinese) {
            let again = shown(&page).headers().contains_key(header::REFRESH);
            assert_eq!(again, name == "almost", "{name}");
        }
    }
}
