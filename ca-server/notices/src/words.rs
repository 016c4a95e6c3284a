//! A notice in words, Chinese first: plain text, with no address in it but the portal's own.

use crate::notice::{self, Facts, Notice, NoticeKind};
use crate::recipient::Recipient;
use ca_host::CaConfig;
use page::Language;
use records::message_code::MessageCode;
use records::revocation::reason;

/// Who writes, and where people go.
#[derive(Clone, Debug)]
pub(crate) struct Letterhead {
    /// The city's name stands above the notice.
    pub(crate) city: String,
    /// Whether it is a sample.
    pub(crate) is_sample: bool,
    /// Address of the public portal.
    pub(crate) portal: String,
    /// Address of the staff's.
    pub(crate) staff: String,
    /// People call this desk for help, if there is one.
    pub(crate) desk: Option<String>,
}

impl Letterhead {
    /// As configuration and trust file say.
    pub(crate) fn of(config: &CaConfig) -> anyhow::Result<Self> {
        let trust = ca_host::trust(config)?;
        Ok(Self {
            portal: config.issuer.portal_web.clone().unwrap_or(trust.portal_public),
            staff: trust.portal_staff,
            desk: config.issuer.desk.clone(),
            city: trust.city,
            is_sample: trust.sample,
        })
    }
}

/// The text of a notice, in both languages and two lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    /// One sentence for a short message, 中文.
    pub(crate) short_zh: String,
    /// The short text in English.
    pub(crate) short_en: String,
}

impl Written {
    /// The same with the code that goes by short message, behind the sentence that says what it is.
    pub(crate) fn with_code(mut self, code: &MessageCode) -> Self {
        let code = code.text();
        self.short_zh.push_str(&format!("短信码：{code}。"));
        self.short_en.push_str(&format!(" Message code: {code}."));
        self
    }
}

/// A time as each language has it.
struct Moment {
    zh: String,
    en: String,
}

impl Moment {
    fn of(utc: &str) -> Self {
        let [zh, en] = Language::BOTH.map(|language| page::show::time(language, utc));
        Self { zh, en }
    }
}

/// A text in Chinese, and the same in English.
type Both = (String, String);

/// The words of a notice to somebody; `unit` is the name of the unit that its facts name.
pub(crate) fn write(
    notice: &Notice,
    recipient: &Recipient,
    unit: &str,
    head: &Letterhead,
) -> Written {
    let (title_zh, title_en) = title(notice.kind);
    let (zh, en) = sentence(notice, unit);
    let sample = if head.is_sample { ("（示例）", " (sample)") } else { ("", "") };
    let name = recipient.name.as_deref().unwrap_or_default();
    let for_staff = matches!(
        notice.kind,
        NoticeKind::Digest
            | NoticeKind::RoleGranted
            | NoticeKind::Lends
            | NoticeKind::Acts
            | NoticeKind::DelegationEnded
            | NoticeKind::Passkey
            | NoticeKind::Returned
            | NoticeKind::Rejected
    );
    let address = if for_staff { &head.staff } else { &head.portal };
    let when = Moment::of(&notice.time);
    let (alarm_zh, alarm_en) = alarm(notice.kind, head);
    let text = format!(
        "{name}：\n\n{zh}\n时间：{}\n{alarm_zh}办理与查询：{address}\n\n\
         本通知由{}证书签发系统自动发出，请勿回复。系统不会索取授权码、口令或证件号码。\n\n\
         --------\n\n\
         {en}\nTime: {}\n{alarm_en}The portal: {address}\n\n\
         Sent by the certification system of {}; please do not answer. Nobody asks you for a code, \
         a passphrase or the number of your identity card.\n",
        when.zh, head.city, when.en, head.city
    );
    let subject = format!("【{}{}】{title_zh} / {title_en}{}", head.city, sample.0, sample.1);
    Written { subject, text, short_zh: zh, short_en: en }
}

fn title(kind: NoticeKind) -> (&'static str, &'static str) {
    match kind {
        NoticeKind::Letter => ("密码信封已备好", "your letter is ready"),
        NoticeKind::LetterCode => ("密码信封的短信码", "the message code of your letter"),
        NoticeKind::Asked => ("有人以您的名义申请证书", "a certificate was asked for in your name"),
        NoticeKind::Issued => ("证书已签发，待领取", "your certificate is ready to collect"),
        NoticeKind::Renewed => ("证书已续期", "your certificate was renewed"),
        NoticeKind::Expiring => ("证书即将到期", "your certificate ends soon"),
        NoticeKind::Revoked => ("证书已吊销", "your certificate was revoked"),
        NoticeKind::Suspended => ("证书已冻结", "your certificate was suspended"),
        NoticeKind::Released => ("证书已解除冻结", "your certificate counts again"),
        NoticeKind::RoleGranted => ("您被授予角色", "you were given a role"),
        NoticeKind::RoleWithdrawn => ("您的角色已撤回", "a role of yours was withdrawn"),
        NoticeKind::Lends => ("您的角色已交他人代理", "somebody acts for you"),
        NoticeKind::Acts => ("您代理他人审批", "you act for somebody"),
        NoticeKind::DelegationEnded => ("代理审批已终止", "a delegation ended"),
        NoticeKind::Passkey => ("通行密钥已认证", "a passkey was certified for you"),
        NoticeKind::RecordAsked => ("有人申请变更您的登记信息", "your record is to be changed"),
        NoticeKind::Returned => ("申请已退回", "a request was sent back"),
        NoticeKind::Rejected => ("申请已驳回", "a request was rejected"),
        NoticeKind::SystemAccount => ("系统新增证书账户", "an account was opened for a system"),
        NoticeKind::SystemIssued => ("系统账户首次签发证书", "a system got its first certificate"),
        NoticeKind::SystemLapsing => {
            ("系统证书即将到期而未更新", "a system's certificate is about to lapse")
        }
        NoticeKind::EmergencyOpened => ("应急授权已生效", "an emergency was opened"),
        NoticeKind::Digest => ("今日待办", "what waits for you today"),
    }
}

fn sentence(notice: &Notice, unit: &str) -> Both {
    let facts = &notice.facts;
    let tail = facts.serial_tail.as_deref().unwrap_or("?");
    let until = Moment::of(facts.until.as_deref().unwrap_or_default());
    let own = (format!("您的证书（序列号尾号 {tail}）"), format!("Your certificate (…{tail})"));
    let about = |zh: &str, en: &str| (format!("{}{zh}", own.0), format!("{} {en}", own.1));
    match notice.kind {
        NoticeKind::Letter => (
            format!("您的密码信封已备好，请到登记处领取，{} 前有效。", until.zh),
            format!("Your letter is ready at the desk. It is good until {}.", until.en),
        ),
        NoticeKind::LetterCode => {
            let end = notice::tail(facts.letter.as_deref().unwrap_or("?"));
            (
                format!(
                    "申领证书时，除密码信封（编号尾号 {end}）上的授权码外，\
                     还须输入本短信码，勿告诉任何人。"
                ),
                format!("Your letter (…{end}) needs this code too; tell it to nobody."),
            )
        }
        NoticeKind::Asked if facts.serial_tail.is_some() => {
            about("有人申请续期。", "is to be renewed: somebody asked for that.")
        }
        NoticeKind::Asked => (
            "有人以您的名义申请数字证书。".into(),
            "Somebody asked for a certificate in your name.".into(),
        ),
        NoticeKind::Issued => about(
            &format!("已签发，可以领取，有效期至 {}。", until.zh),
            &format!("was issued and can be collected. It is good until {}.", until.en),
        ),
        NoticeKind::Renewed => about(
            &format!("是续期后的新证书，有效期至 {}；原证书 7 天后自动失效。", until.zh),
            &format!("is the renewed one, good until {}. The old one ends in 7 days.", until.en),
        ),
        NoticeKind::Expiring => {
            let days = facts.days.unwrap_or_default();
            about(
                &format!("将在 {days} 天内到期（{}），请及时续期。", until.zh),
                &format!("ends within {days} days ({}). Please renew it in time.", until.en),
            )
        }
        NoticeKind::Revoked => {
            let name = facts.reason.as_deref().unwrap_or_default();
            let (zh, en) = reason(name).unwrap_or((name, name));
            about(&format!("已吊销：{zh}。"), &format!("was revoked: {en}."))
        }
        NoticeKind::Suspended => about(
            "已冻结，暂时不能使用；15 天内未解除的，将被吊销。",
            "was suspended and does not count; it is revoked unless it is released in 15 days.",
        ),
        NoticeKind::Released => about("已解除冻结，可以使用。", "was released and counts again."),
        NoticeKind::RoleGranted | NoticeKind::RoleWithdrawn => role_sentence(notice, unit),
        NoticeKind::Lends | NoticeKind::Acts | NoticeKind::DelegationEnded => {
            delegation_sentence(notice, (unit, &until))
        }
        NoticeKind::Passkey | NoticeKind::RecordAsked => own_sentence(notice.kind),
        NoticeKind::Returned | NoticeKind::Rejected => declined_sentence(notice),
        NoticeKind::SystemAccount | NoticeKind::SystemIssued | NoticeKind::SystemLapsing => {
            system_sentence(notice, (unit, tail, &until))
        }
        NoticeKind::EmergencyOpened => emergency_sentence(notice, &until),
        NoticeKind::Digest => digest_sentence(facts),
    }
}

fn emergency_sentence(notice: &Notice, until: &Moment) -> Both {
    let order = notice.facts.order.as_deref().unwrap_or("?");
    (
        format!(
            "应急授权（办件 {order}）已生效，至 {}；您或您单位的人员在内，事后须核查结案。",
            until.zh
        ),
        format!(
            "An emergency was opened by order {order}, until {}, for you or for people of \
             your unit; its case is looked at afterwards.",
            until.en
        ),
    )
}

fn role_sentence(notice: &Notice, unit: &str) -> Both {
    let (zh, en) = notice.facts.role.map_or(("", ""), |role| (role.zh(), role.en()));
    match notice.kind {
        NoticeKind::RoleGranted => (
            format!("您被授予角色“{zh}”，范围：{unit}。"),
            format!("You are {en} of {unit} from now on."),
        ),
        _ => (
            format!("您的角色“{zh}”已撤回，范围：{unit}。"),
            format!("You are {en} of {unit} no longer."),
        ),
    }
}

fn own_sentence(kind: NoticeKind) -> Both {
    let (zh, en) = match kind {
        NoticeKind::Passkey => (
            "为您的证书认证了一把通行密钥，可以用它在工作台页面上审批。",
            "A passkey was certified beside your certificate: it approves on the staff pages.",
        ),
        _ => (
            "有人申请变更您的登记信息（姓名、单位或邮箱），批准后生效；有误的，请联系登记员。",
            "Your record is to be changed (name, unit or mail address), once that is approved; \
             tell your registration officer if it is wrong.",
        ),
    };
    (zh.into(), en.into())
}

fn delegation_sentence(notice: &Notice, (unit, until): (&str, &Moment)) -> Both {
    let (zh, en) = notice.facts.role.map_or(("", ""), |role| (role.zh(), role.en()));
    match notice.kind {
        NoticeKind::Lends => (
            format!("您的角色“{zh}”（范围：{unit}）由他人代理审批，至 {}。", until.zh),
            format!("Somebody acts for you as {en} of {unit} until {}.", until.en),
        ),
        NoticeKind::Acts => (
            format!("您代理他人的角色“{zh}”（范围：{unit}）审批，至 {}。", until.zh),
            format!("You act for somebody as {en} of {unit} until {}.", until.en),
        ),
        _ => (
            format!("与您有关的一项代理审批已提前终止：角色“{zh}”，范围：{unit}。"),
            format!("A delegation of yours ended before its time: {en} of {unit}."),
        ),
    }
}

fn declined_sentence(notice: &Notice) -> Both {
    let order = notice.facts.order.as_deref().unwrap_or_default();
    match notice.kind {
        NoticeKind::Returned => (
            format!("办件 {order} 已被退回，可以更正后重新申请；原因请在门户查看。"),
            format!("Order {order} was sent back and can be asked for again; the portal says why."),
        ),
        _ => (
            format!("办件 {order} 已被驳回；原因请在门户查看。"),
            format!("Order {order} was rejected; the portal says why."),
        ),
    }
}

/// Of a system, by its name; told to who is in charge of it and to its technical contact.
fn system_sentence(notice: &Notice, (system, tail, until): (&str, &str, &Moment)) -> Both {
    match notice.kind {
        NoticeKind::SystemAccount => (
            format!(
                "系统“{system}”新开了一个证书账户，可以自动申请证书；\
                 如果不是本系统的操作，请立即联系登记处关闭该系统。"
            ),
            format!(
                "An account was opened that asks for certificates of {system}; if nobody of yours \
                 did that, have the system closed at once."
            ),
        ),
        NoticeKind::SystemIssued => (
            format!(
                "系统“{system}”的证书账户首次取得证书（序列号尾号 {tail}），有效期至 {}。",
                until.zh
            ),
            format!(
                "An account of {system} got its first certificate (…{tail}), until {}.",
                until.en
            ),
        ),
        _ => {
            let days = notice.facts.days.unwrap_or_default();
            (
                format!(
                    "系统“{system}”的证书（序列号尾号 {tail}）将在 {days} 天内到期（{}），\
                     其客户端尚未更新；请检查，不再使用的不必处理。",
                    until.zh
                ),
                format!(
                    "A certificate of {system} (…{tail}) ends within {days} days ({}) and its \
                     client did not come; look at that, unless it is not used any more.",
                    until.en
                ),
            )
        }
    }
}

fn digest_sentence(facts: &Facts) -> Both {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if let Some(count) = facts.to_decide {
        zh.push(format!("{count} 件办件等待您审批"));
        en.push(format!("{count} orders wait for your approval"));
    }
    if let Some(count) = facts.drafted {
        zh.push(format!("您起草的 {count} 件办件正在等待审批"));
        en.push(format!("{count} orders that you drafted wait for officers"));
    }
    (format!("{}。", zh.join("；")), format!("{}.", en.join("; ")))
}

/// What people do if it was not they.
fn alarm(kind: NoticeKind, head: &Letterhead) -> Both {
    let alarms = matches!(
        kind,
        NoticeKind::Asked
            | NoticeKind::Letter
            | NoticeKind::LetterCode
            | NoticeKind::Issued
            | NoticeKind::Renewed
            | NoticeKind::Revoked
            | NoticeKind::Suspended
            | NoticeKind::Released
            | NoticeKind::Passkey
    );
    if !alarms {
        return (String::new(), String::new());
    }
    let desk = head.desk.as_deref().unwrap_or_default();
    let (call_zh, call_en) = match desk {
        "" => (String::new(), String::new()),
        desk => (format!("，并联系 {desk}"), format!(", and call {desk}")),
    };
    (
        format!("如果不是您本人办理，请立即凭密码信封挂失或冻结{call_zh}。\n"),
        format!("If that was not you, report the loss with your letter at once{call_en}.\n"),
    )
}
