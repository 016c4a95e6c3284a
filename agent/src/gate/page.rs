//! What people read when the gate says no: why, in plain words and both languages, who can help,
//! and a reference number. Machines get the same as JSON. Nothing technical leaks.

use super::response_body::ResponseBody;
use super::state::Gate;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use policy::{Answer, LentRole};
use records::{Code, Problem};
use service::problem::{CODE, REFERENCE};

/// Field of a refusal with the setting whose limit was reached.
const LIMIT: &str = "yinxin-limit";

/// A fresh reference number.
pub(super) fn reference() -> String {
    crate::random::<10>().map(records::letter::reference).unwrap_or_default()
}

/// The answer to a refusal: with what the rules said, if they were asked, and a role that was lent
/// and does not count now, if it would be another answer with that.
pub(super) fn refusal(
    gate: &Gate,
    code: Code,
    reference: &str,
    html: bool,
    answer: Option<(&Answer, Option<&LentRole>)>,
) -> Response<ResponseBody> {
    let problem = Problem::new(code, reference.to_owned());
    let (kind, body) = if html {
        ("text/html; charset=utf-8", page(gate, code, &problem, answer))
    } else {
        ("application/json", serde_json::to_string(&problem).unwrap_or_default())
    };
    let length = body.len();
    let mut response = Response::new(ResponseBody::Own(Full::new(Bytes::from(body))));
    *response.status_mut() = status(code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    // For whoever gets no body: an answer to HEAD has none.
    headers.insert(CODE, HeaderValue::from_static(code.name()));
    for (name, value) in [(REFERENCE, reference), (LIMIT, &limit(gate, code).unwrap_or_default())] {
        if let Some(value) = HeaderValue::from_str(value).ok().filter(|value| !value.is_empty()) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    if matches!(code, Code::TooBusy | Code::TooManyTries) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    }
    response
}

fn status(code: Code) -> StatusCode {
    match code {
        // A gate does not say which pages an application has.
        Code::RouteUnknown => StatusCode::FORBIDDEN,
        Code::PersonChanged | Code::NotYourRoute => StatusCode::FORBIDDEN,
        other => service::problem::status(other),
    }
}

/// The settings of the gate that a refusal follows from, with their values.
fn limit(gate: &Gate, code: Code) -> Option<String> {
    let limits = &gate.limits;
    Some(match code {
        Code::TooLarge => format!("body_bytes={}", limits.body_bytes),
        Code::TargetTooLong => format!("target_bytes={}", limits.target_bytes),
        Code::HeadTooLarge => format!("head_bytes={}", limits.head_bytes),
        Code::FieldsTooMany => format!("fields={}", limits.fields),
        Code::RequestLate => format!(
            "head_seconds={}, body_idle_seconds={}",
            limits.head_seconds, limits.body_idle_seconds
        ),
        Code::UpstreamLate => format!("answer_seconds={}", limits.answer_seconds),
        Code::TooManyTries => {
            let (set, now) = (limits.requests_of_one_a_minute, gate.a_minute());
            let share = if now < set { format!(", share={now}") } else { String::new() };
            format!("requests_of_one_a_minute={set}{share}")
        }
        Code::AnswerTooLarge => format!(
            "answer_head_bytes={}, answer_fields={}",
            limits.answer_head_bytes, limits.answer_fields
        ),
        _ => return None,
    })
}

/// What helps, by code: Chinese, English.
fn help(gate: &Gate, code: Code) -> (String, String) {
    let portal = escape(&gate.portal);
    match code {
        Code::CertificateRequired
        | Code::CertificateExpired
        | Code::CertificateRevoked
        | Code::CertificateSuspended
        | Code::CertificateForeign
        | Code::CertificateUnlogged
        | Code::CertificateUnproven => help_with_certificate(&portal, code),
        Code::ApplicationSuspended => (
            "本应用的访问已按两名管理员批准的办件暂停，不是您的证书有问题；恢复时间请询问应用负责人。".into(),
            "Access to this application was suspended by an order that two administrators \
             approved; your certificate is not at fault. Ask the application's owner when it is \
             open again."
                .into(),
        ),
        Code::StatusStale => (
            "网关未能及时收到吊销列表或人员数据，责任在系统一方，请联系系统管理员。".into(),
            "The gate did not receive the lists of this city in time. This is the system's fault; \
             call the system administrator."
                .into(),
        ),
        Code::AuditFull | Code::AuditFailed => (
            "无法留下审计记录，因此不能放行，请联系系统管理员。".into(),
            "Nothing passes that cannot be recorded; call the system administrator.".into(),
        ),
        Code::NotServed | Code::PersonChanged => (
            "您不在本应用的服务范围内，或您的单位已变动，请联系登记员。".into(),
            "You are not among the people this application serves, or your unit changed; ask your \
             registration officer."
                .into(),
        ),
        _ => (String::new(), String::new()),
    }
}

/// The same where it is about the certificate that was shown, or that none was.
fn help_with_certificate(portal: &str, code: Code) -> (String, String) {
    match code {
        Code::CertificateRequired => (
            format!(
                "请插入或安装您的数字证书后重试。还没有证书的，请持密码信封到 {portal} 或用 yinxin enroll --letter LETTER 领取。"
            ),
            format!(
                "Insert or install your certificate and try again. Without one, use your \
                 enrolment letter at {portal} or with yinxin enroll --letter LETTER."
            ),
        ),
        Code::CertificateExpired => (
            format!(
                "您的证书已过有效期。过期不久的，可在 {portal}/renew 用证书文件续期；不能续期的，\
                 请向本单位登记员索取新的密码信封。"
            ),
            format!(
                "Your certificate is out of date. Shortly after its end it may still be renewed \
                 with its file at {portal}/renew; otherwise ask your registration officer for a \
                 new enrolment letter."
            ),
        ),
        Code::CertificateRevoked => (
            "您的证书已被吊销。如非本人挂失，请立即联系登记员。".into(),
            "Your certificate was revoked. If you did not report it lost, call your registration \
             officer now."
                .into(),
        ),
        Code::CertificateSuspended => (
            "您的证书已冻结，不是吊销：可由两名审批人员核实后解除冻结，请联系本单位登记员；\
             您自己不能解除，逾期无人解除即吊销。"
                .into(),
            "Your certificate is suspended, not revoked: two officers release it after they have \
             checked; ask your registration officer. You cannot release it yourself, and if nobody \
             does in time it is revoked."
                .into(),
        ),
        Code::CertificateForeign => (
            "所出示的证书不是本市签发的。请在浏览器中改选本市证书后重试。".into(),
            "The certificate that was shown is not one of this city. Choose another one in your \
             browser."
                .into(),
        ),
        Code::CertificateUnlogged => (
            "本市没有签发过这张证书的记录。请改选本市签发的证书，并立即告知登记员或系统管理员。".into(),
            "This city has no record of having issued the certificate. Choose another one, and \
             tell your registration officer or the system administrator now."
                .into(),
        ),
        Code::CertificateUnproven => (
            "网关暂时无法向本市的日志查证，责任在系统一方：请稍后重试；仍不行的，请联系系统管理员。".into(),
            "The gate cannot ask this city's log at the moment. This is the system's fault: try \
             again shortly, then call the system administrator."
                .into(),
        ),
        _ => (String::new(), String::new()),
    }
}

fn page(
    gate: &Gate,
    code: Code,
    problem: &Problem,
    answer: Option<(&Answer, Option<&LentRole>)>,
) -> String {
    let mut rows = Vec::new();
    let world = gate.world.load();
    let rules = world.rules.as_ref().and_then(|rules| rules.application.as_ref());
    if let Some(rules) = rules {
        rows.push(row("应用系统 / application", &rules.zh, &rules.en));
    }
    if let (Some((answer, lapsed)), Some(rules)) = (answer, rules) {
        if let Some(rule) = rules.rule(&answer.rule) {
            rows.push(row("依据 / rule", &rule.zh, &rule.en));
        }
        if !answer.resource.is_empty() {
            rows.push(row("涉及 / about", &answer.resource, ""));
        }
        if let Some((zh, en)) = lapsed.map(told) {
            rows.push(row("代理 / acting for somebody", &zh, &en));
        }
        rows.push(row("谁可以授权 / who can grant it", &rules.grants_zh, &rules.grants_en));
    }
    let (zh, en) = help(gate, code);
    if !zh.is_empty() {
        // Already escaped where it holds something from outside.
        rows.push(format!("<dt>怎么办 / what to do</dt><dd>{zh}<br>{en}</dd>"));
    }
    if let Some(limit) = limit(gate, code) {
        rows.push(row("限度 / limit", &limit, ""));
    }
    rows.push(row("编号 / reference", &problem.reference, &problem.code));
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>body{{font:18px/1.6 sans-serif;max-width:40em;margin:3em auto;padding:0 1em;\
         color:#222;background:#fff}}h1{{font-size:1.4em}}dt{{color:#666;margin-top:1em}}\
         dd{{margin:0}}</style></head><body><main><h1>{zh}</h1><p lang=\"en\">{en}</p>\
         <dl>{rows}</dl></main></body></html>",
        title = escape(&problem.zh),
        zh = escape(&problem.zh),
        en = escape(&problem.en),
        rows = rows.concat()
    )
}

/// What is told of a role that was lent and does not count now: Chinese, English.
fn told(lent: &LentRole) -> (String, String) {
    let LentRole { role, scope, absent, .. } = lent;
    let [from, until] = [lent.from, lent.until].map(records::time::seconds);
    (
        format!(
            "规则允许在代理期限内的人。您代理 {absent} 的角色 {role}（{scope}），\
             期限自 {from} 至 {until}，现在不在其内。"
        ),
        format!(
            "The rules permit it to whoever acts for somebody. You act for {absent} as {role} \
             ({scope}) from {from} until {until}, and not now."
        ),
    )
}

fn row(name: &str, first: &str, second: &str) -> String {
    let second = if second.is_empty() { String::new() } else { format!("<br>{}", escape(second)) };
    format!("<dt>{name}</dt><dd>{}{second}</dd>", escape(first))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Whoever acts for somebody reads whose role it is, and when it counts.
    #[test]
    fn whoever_acted_for_somebody_reads_until_when() {
        let (role, scope) = ("unit-handler".to_owned(), "office".to_owned());
        let (from, until) = (1_800_000_000, 1_800_003_600);
        let (zh, en) = told(&LentRole { role, scope, absent: "ABSENT".into(), from, until });
        for said in ["ABSENT", "unit-handler", "office", "2027-01-15T08:00:00Z", "T09:00:00Z"] {
            assert!(zh.contains(said) && en.contains(said), "{said}: {zh} {en}");
        }
    }

    /// Owners of applications find every code that the gate refuses with, with its status, on
    /// their page, and no other.
    #[test]
    fn every_refusal_is_on_the_page_of_the_gate() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(own.join("../docs/gate.md")).unwrap();
        let mut sources = String::new();
        let mut folders =
            ["src/gate", "src/world", "src/spool"].map(|name| own.join(name)).to_vec();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => sources.push_str(&std::fs::read_to_string(path).unwrap()),
                }
            }
        }
        let row = |code: &Code| format!("| `{}` | {} | ", code.name(), status(*code).as_u16());
        let used = |code: &&Code| {
            let name = format!("Code::{code:?}");
            sources.match_indices(&name).any(|(at, _)| {
                let next = sources.get(at + name.len()..).and_then(|rest| rest.chars().next());
                next.is_none_or(|next| !next.is_alphanumeric())
            })
        };
        for code in Code::ALL {
            let named = page.contains(&row(code));
            assert_eq!(named, used(&code), "{}", row(code));
        }
    }
}
