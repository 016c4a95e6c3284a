//! `GET /orders/ORDER`: one order, evidence left, decision right. What is shown was checked against
//! the CA's signature here; an officer's own `yinxin` checks it again, which a captured portal
//! cannot.

use super::certificate::{self, Shown};
use super::consequence::{self, ConsequenceView};
use super::facts::{Line, lines};
use crate::pages::{Frame, FromPath, Language, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, Wanted};
use portal_api::plain;
use records::Code;
use records::export::{Look, OpenedOrder, OrderProgress};
use records::letter::read_reference;
use records::order::{Body, title};
use records::passkey::approval_challenge;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;

words! {
    ReviewWords {
        back "← 返回待办" "← Back to the list";
        evidence "内容和依据" "Content and evidence";
        decision "决定" "Decision";
        order "办件编号" "Order";
        until "截止" "Until";
        digest "摘要" "Digest";
        differs "有变化" "differs";
        checks "自动核对" "Automatic checks";
        signed "签发机构的签名已核对。" "The CA's signature has been checked.";
        signed_by "来源：登记密钥的证书，由根证书认证" "Source: the registry key's certificate, under the root";
        opened "敏感内容与承诺一致。" "What is sensitive is what was committed to.";
        opened_by "来源：随办件披露，逐项核对" "Source: disclosed beside the order, each checked";
        register "人员、单位和模板与登记一致。" "Person, unit and profile are those of the register.";
        register_by "来源：审计日志，制作时核对，执行时再核对" "Source: the log; checked when it was made, and again when it is carried out";
        held "公钥由申请人持有，并与其密码信封绑定。" "The applicant holds the key and tied it to their letter.";
        held_by "来源：申请的签名和校验值，签发机构收到时核对" "Source: signature and tie of the request, checked by the CA on receipt";
        compared "已与上一张证书比较，变化已标出。" "Compared with the last certificate; what differs is marked.";
        first "没有上一张证书可比较。" "There is no last certificate to compare with.";
        compared_by "来源：日志中的上一张证书" "Source: the last certificate in the log";
        approvals "审批" "Approvals";
        look "请留意" "Take a look";
        rows "批量中的事项" "What the batch is about";
        sample "须查看" "to be opened";
        sample_lead "标有“须查看”的事项由本批次的摘要抽取，须逐项查看后才能批准。" "Those that are marked were drawn by the batch's digest; each has to be opened before the batch can be approved.";
        seen "我已查看：" "I have opened it:";
        about "对象" "About";
        given "您已批准，还需其他人审批。" "You have approved it. Others have to as well.";
        full "浏览器中的审批已满，还需有人用证书密钥批准。" "No more approvals from a browser count here. Somebody has to approve by certificate key.";
        outside "请在您的电脑上用自己的密钥批准：运行 yinxin desk，或者" "Approve it with your own key on your own computer: run yinxin desk, or";
        by_passkey "用通行密钥批准" "Approve with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥批准：运行 yinxin desk，或者" "Or approve it with your certificate key on your own computer: run yinxin desk, or";
        refused "没有批准：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not approved: the browser or the security key refused, or it took too long. Try again.";
        decline "退回或驳回" "Send it back or reject it";
        returned "退回，修改后可重新申请" "Send it back; they may apply again";
        rejected "驳回，到此结束" "Reject it; it ends here";
        reason "理由" "Reason";
        reason_hint "申请人会看到" "Whoever applied reads it";
        go_on "下一步：确认" "Next: confirm";
        moved "依据已变化，不能再批准，只能退回或驳回。" "What it rests on changed: it cannot be approved any more, only declined.";
        brake "吊销申请不能退回或驳回；不同意就不要批准，七天后自动失效。" "An order to revoke cannot be declined. If you disagree do not approve it; it ends by itself after seven days.";
        compare "yinxin 会独立核对签名并显示全部内容，其显示的摘要应与上面一致。" "yinxin checks the signature by itself and shows everything; its digest must equal the one above.";
    }
}

/// An order of a batch.
struct Row {
    order: String,
    about: String,
    digest: String,
    /// Whether it has to be opened: then everything of it stands here.
    sample: bool,
    look: Option<String>,
    facts: Vec<Line>,
}

#[derive(Template)]
#[template(path = "staff/review.html")]
struct ReviewPage {
    f: Frame,
    w: &'static ReviewWords,
    kind: String,
    order: String,
    expires: String,
    digest: String,
    facts: Vec<Line>,
    consequence: Option<ConsequenceView>,
    /// What was checked without anybody, with its source.
    checks: Vec<(&'static str, &'static str)>,
    digest_value: String,
    challenge: String,
    /// Credential ids of passkeys that may approve.
    credentials: String,
    standing: OrderProgress,
    /// What needs a look.
    look: Option<String>,
    /// Whether what it rests on became another: it can only be declined.
    moved: bool,
    /// Whether it is a brake: nobody declines that alone.
    revokes: bool,
    /// Orders of a batch.
    rows: Vec<Row>,
}

/// `GET /orders/{order}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromPath(order): FromPath<String>,
) -> Response {
    let Some(order) = read_reference(&order) else {
        return problem::page(&f, &refused(Code::OrderUnknown).0, "/");
    };
    let officer = shown.certificate.clone();
    let message = AsOfficer { certificate: officer.clone(), message: Wanted { order } };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    let export = match portal.recorded_fetch(&shown.person, answer).await {
        Ok(export) => export,
        Err(Refused(told)) => {
            return match told.known() {
                Some(
                    Code::CertificateRevoked
                    | Code::CertificateSuspended
                    | Code::CertificateExpired,
                ) => certificate::not_seen(&f, &portal, &told),
                _ => problem::page(&f, &told, "/"),
            };
        }
    };
    match (export.open(&portal.trust, Clock::system().seconds()), export.standing.clone()) {
        (Ok(opened), Some(standing)) => {
            let credentials = usable(&portal, officer).await;
            let looks = export.rows.iter().map(|row| row.look).collect();
            let consequence = consequence::told(&portal, &f, &shown, opened.body()).await;
            let filled = filled(f, &opened, looks, (standing, credentials));
            page(StatusCode::OK, &ReviewPage { consequence, ..filled })
        }
        (opened, _) => {
            tracing::error!(error = ?opened.err(), "an order does not verify");
            problem::page(&f, &refused(Code::OrderAltered).0, "/")
        }
    }
}

/// Passkeys with which this officer may approve; without an answer the page offers none.
pub(super) async fn usable(portal: &PortalState, certificate: records::Bytes) -> String {
    let own = portal.issuer.passkeys(&AsOfficer { certificate, message: () }).await;
    let usable = own.unwrap_or_default().into_iter().filter(|passkey| passkey.usable);
    let ids: Vec<String> = usable.map(|passkey| passkey.credential.to_string()).collect();
    ids.join(" ")
}

fn filled(
    f: Frame,
    opened: &OpenedOrder,
    looks: Vec<Option<Look>>,
    (standing, credentials): (OrderProgress, String),
) -> ReviewPage {
    let language = f.language;
    let both = |said: plain::Said| show::harmless(&language.of_both(said.zh, said.en));
    let mut facts = lines(language, plain::facts(opened));
    let rows = rows(language, opened, (&looks, &standing));
    if !rows.is_empty() {
        // They stand below, one by one.
        facts.iter_mut().for_each(|fact| fact.lines.clear());
    }
    let (order, body, digest) = (opened.order(), opened.body(), opened.digest());
    let said = [digest.as_slice(), &opened_of(&rows)].concat();
    let w = ReviewWords::of(language);
    let approvers = standing.approvers.iter().map(|name| show::harmless(name)).collect();
    let standing = OrderProgress { approvers, ..standing };
    ReviewPage {
        w,
        checks: checks(w, body, opened.previous().is_some()),
        kind: both(plain::kind(body)),
        order: order.order.clone(),
        expires: show::time(&order.expires),
        digest: plain::fingerprint(&digest),
        facts,
        consequence: None,
        digest_value: records::Bytes::from(digest).to_string(),
        challenge: records::Bytes::from(approval_challenge(&said)).to_string(),
        // Of a passkey that would count for nothing nobody is asked.
        credentials: if standing.browser && !standing.given { credentials } else { String::new() },
        look: standing.look.map(plain::look).map(|said| language.of_both(said.zh, said.en)),
        moved: opened.has_moved(Some(&standing)),
        standing,
        revokes: opened.is_brake(),
        rows,
        f,
    }
}

/// The orders of a batch; those that have to be opened come first.
fn rows(
    language: Language,
    opened: &OpenedOrder,
    (looks, standing): (&[Option<Look>], &OrderProgress),
) -> Vec<Row> {
    let Body::Batch(batch) = opened.body() else { return Vec::new() };
    let sample: Vec<&records::Bytes> = batch.sample(&opened.digest(), standing.sample);
    let row = |(place, row): (usize, &OpenedOrder)| {
        let look = looks.get(place).copied().flatten().map(plain::look);
        let digest = records::Bytes::from(row.digest());
        let sample = sample.contains(&&digest);
        Row {
            order: row.order().order.clone(),
            about: show::harmless(&title(row.order(), row.disclosures())),
            digest: digest.to_string(),
            sample,
            look: look.map(|said| language.of_both(said.zh, said.en)),
            facts: if sample { lines(language, plain::facts(row)) } else { Vec::new() },
        }
    };
    let mut rows: Vec<Row> = opened.rows().iter().enumerate().map(row).collect();
    rows.sort_by_key(|row| !row.sample);
    rows
}

/// What an approval of the batch says that was opened: in the order of the batch.
fn opened_of(rows: &[Row]) -> Vec<u8> {
    let sample = rows.iter().filter(|row| row.sample);
    sample.filter_map(|row| records::Bytes::read(&row.digest)).flat_map(|row| row.0).collect()
}

fn checks(
    w: &'static ReviewWords,
    body: &Body,
    has_previous: bool,
) -> Vec<(&'static str, &'static str)> {
    let mut checks =
        vec![(w.signed, w.signed_by), (w.opened, w.opened_by), (w.register, w.register_by)];
    if matches!(body, Body::Issue(_)) {
        checks.push((w.held, w.held_by));
        checks.push((if has_previous { w.compared } else { w.first }, w.compared_by));
    }
    checks
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let render = |kind: (&str, &str),
                  credentials: &str,
                  (given, browser): (bool, bool),
                  (revokes, moved)| {
        let w = ReviewWords::of(language);
        let approvers = if given || !browser { vec!["李核验".into()] } else { Vec::new() };
        let look = if moved { Look::Moved } else { Look::Differs };
        let said = plain::look(look);
        let page = ReviewPage {
            checks: vec![(w.signed, w.signed_by), (w.compared, w.compared_by)],
            kind: language.of_both(kind.0.into(), kind.1.into()),
            consequence: given.then(|| consequence::sample(language, true)),
            credentials: credentials.into(),
            standing: OrderProgress { approvers, given, browser, ..sample_progress(0) },
            look: (!given).then(|| language.of_both(said.zh, said.en)),
            moved,
            revokes,
            ..sample(language)
        };
        page.render().unwrap()
    };
    let issue = ("签发证书", "issue a certificate");
    let revoke = ("吊销证书", "revoke certificates");
    vec![
        ("review", render(issue, "AAAA", (false, true), (false, false))),
        ("review-batch", batch_sample(language)),
        ("review-given", render(issue, "", (true, false), (false, false))),
        ("review-moved", render(issue, "AAAA", (false, true), (false, true))),
        ("review-revoke", render(revoke, "", (false, false), (true, false))),
    ]
}

#[cfg(test)]
const HOSTILE: &str = "<script>alert(1)</script> \u{202e}\u{200b}";

#[cfg(test)]
fn sample_line(language: crate::pages::Language, term: (&str, &str), value: &str) -> Line {
    Line {
        term: language.of_both(term.0.into(), term.1.into()),
        value: show::harmless(value),
        differs: value.contains('→'),
        lines: Vec::new(),
    }
}

#[cfg(test)]
fn sample_facts(language: crate::pages::Language) -> Vec<Line> {
    let line = |term, value| sample_line(language, term, value);
    vec![
        line(("证书持有人", "for whom"), "王小明 (0123456789ABCDEF)"),
        line(("核验依据", "evidence"), HOSTILE),
        line(("公钥", "public key"), "p256 0707 → p256 0808"),
    ]
}

#[cfg(test)]
fn sample_progress(sample: u16) -> OrderProgress {
    OrderProgress {
        approvers: Vec::new(),
        needed: 2,
        given: false,
        browser: true,
        sample,
        look: None,
    }
}

#[cfg(test)]
fn sample(language: crate::pages::Language) -> ReviewPage {
    let w = ReviewWords::of(language);
    ReviewPage {
        f: Frame::sample(language, "/orders/5GPJWBSG64S36D1N"),
        w,
        checks: vec![(w.signed, w.signed_by)],
        kind: language.of_both("批量：签发证书".into(), "batch: issue a certificate".into()),
        order: "5GPJWBSG64S36D1N".into(),
        expires: "2026-12-01 16:00 (UTC+8)".into(),
        digest: plain::fingerprint(&[7; 32]),
        facts: sample_facts(language),
        consequence: None,
        digest_value: "AAAA".into(),
        challenge: "AAAA".into(),
        credentials: "AAAA".into(),
        standing: sample_progress(0),
        look: None,
        moved: false,
        revokes: false,
        rows: Vec::new(),
    }
}

#[cfg(test)]
fn batch_sample(language: crate::pages::Language) -> String {
    let row = |about: &str, sample| Row {
        order: "5GPJWBSG64S36D1Q".into(),
        about: show::harmless(about),
        digest: format!("AAA{}", u8::from(sample)),
        sample,
        look: None,
        facts: if sample { sample_facts(language) } else { Vec::new() },
    };
    let page = ReviewPage {
        facts: vec![sample_line(language, ("共", "how many"), "2")],
        standing: sample_progress(1),
        rows: vec![row("王小明 · 区政府办公室", true), row(HOSTILE, false)],
        ..sample(language)
    };
    page.render().unwrap()
}
