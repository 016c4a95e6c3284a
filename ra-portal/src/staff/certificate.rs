//! `GET /certificate`: whether the own certificate works, said by the CA; and if it does not, why
//! not, each cause with its own page.

use super::holdings::{self, HoldingList};
use super::role::role_at;
use crate::pages::problem::KeptForm;
use crate::pages::{Frame, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::{StaffCertificate, judged};
use crate::state::PortalState;
use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use ca_api::{AsOfficer, Officer};
use pki::Certificate;
use portal_api::plain;
use records::mine::PersonHoldings;
use records::{Code, Problem};
use service::Clock;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    CertificateWords {
        title "我的证书" "My certificate";
        works "证书可以使用。" "Your certificate works.";
        name "姓名" "Name";
        unit "单位" "Unit";
        person "人员编号" "Person";
        roles "角色" "Roles";
        valid "有效期" "Valid";
        left "剩余" "Left";
        days "天" "days";
        serial "序列号" "Serial number";
        fingerprint "SHA-256 指纹" "SHA-256 fingerprint";
        acts "办理" "What you can do";
        lost "挂失" "Report it lost";
        lost_what "丢失、被盗或可能被他人使用：立即停用，须由另外两名审批人员解除，否则 15 天后吊销。" "Lost, stolen, or perhaps used by somebody else: it stops at once; two other officers release it, or it is revoked after 15 days.";
        pause "冻结" "Suspend it";
        pause_what "暂时不用：同样立即停用，同样由另外两名审批人员解除。" "Not used for a while: it stops at once as well, and two other officers release it.";
        renew "续期" "Renew it";
        renew_what "到期前 30 天内可以续期，总是换新密钥；刚过期的也可以。旧证书的密钥为新密钥签名。" "In its last 30 days and shortly after its end, always with a new key, for which the old key signs.";
        renew_go "用证书文件续期" "Renew with my certificate file";
        renew_staff "您担任角色，请在保存密钥的电脑上运行：" "You have a role: on the computer that has the key, run:";
        mine "我名下的一切" "Everything in my name";
        mine_what "有您不认识的？请立即联系登记员，并凭密码信封挂失。" "Something you do not know? Call your registration officer now, and report the loss with your letter.";
        what "事项" "What";
        state "状态" "State";
        other "要换用另一张证书，请关闭所有浏览器窗口后重新打开。" "To use another certificate, close all browser windows and open the browser again.";
    }
}

words! {
    NotSeenWords {
        required "未检测到数字证书，无法确认您的身份。" "Your browser showed no certificate, so we do not know who you are.";
        expired "刚过期的证书可以直接续期；否则请向本单位登记员索取新的密码信封。" "A certificate that has just ended can be renewed; otherwise ask your registration officer for a new letter.";
        renew "续期" "Renew it";
        suspended "证书已冻结，须由另外两名审批人员批准解除；15 天内无人解除即吊销。如非本人冻结，请立即联系登记员。" "Your certificate is suspended; two other officers release it, or it is revoked after 15 days. If it was not you, call your registration officer now.";
        revoked "证书挂失、调动或离任后即吊销。如非本人挂失，请立即联系登记员。" "Certificates are revoked when they are reported lost or their holder moves or leaves. If you did not report it, call your registration officer now.";
        foreign "出示的证书不是本市签发的。请关闭所有浏览器窗口，重新打开后选择本市签发的证书。" "The certificate that was shown is not one of this city. Close all browser windows, open the browser again and choose the right one.";
        role "您的证书有效，但您的角色不能使用此功能。如有需要，请联系安全保密管理员。" "Your certificate works, but your role may not use this. If you need it, ask the security administrator.";
        likely "按可能性从大到小" "Most likely first";
        restart "导入后没有重新打开浏览器。" "The browser was not restarted after the import.";
        elsewhere "证书在另一台电脑、另一个用户或另一个浏览器里。" "The certificate is on another computer, with another user or in another browser.";
        cancelled "浏览器询问时点了“取消”：关闭所有窗口再打开，重新选择。" "“Cancel” was chosen when the browser asked: close all windows and open it again.";
        hidden "证书已过期，浏览器不再出示。" "The certificate has expired and the browser no longer offers it.";
        again "再检查一次" "Test again";
        how "导入帮助" "Import help";
    }
}

#[derive(Template)]
#[template(path = "staff/certificate.html")]
struct CertificatePage {
    f: Frame,
    w: &'static CertificateWords,
    /// Address of the public host.
    public: String,
    name: String,
    units: String,
    person: String,
    roles: Vec<String>,
    from: String,
    until: String,
    days: u64,
    days_left: u64,
    serial: String,
    fingerprint: String,
    lists: Vec<HoldingList>,
}

#[derive(Template)]
#[template(path = "staff/not-seen.html")]
struct NotSeenPage<'a> {
    f: &'a Frame,
    w: &'static NotSeenWords,
    problem: &'a Problem,
    what: &'static str,
    causes: Vec<&'static str>,
    /// What helps, the likeliest first: where it leads, and what it is called.
    steps: Vec<(String, &'static str)>,
}

/// The certificate of whoever reads a page: who has none that counts reads why, and what to do.
pub(crate) struct ReaderCertificate(pub(crate) StaffCertificate);

impl FromRequestParts<Arc<PortalState>> for ReaderCertificate {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Response> {
        let Ok(frame) = Frame::from_request_parts(parts, portal).await;
        let told = match judged(parts, portal) {
            Ok(certificate) => return Ok(Self(certificate)),
            Err(code) => portal.recorded("certificate", "", Err::<(), _>(refused(code))).await,
        };
        let told = told.err().map_or_else(|| refused(Code::Unavailable).0, |refusal| refusal.0);
        Err(not_seen(&frame, portal, &told))
    }
}

/// `GET /certificate`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate.clone(), message: () };
    let answer = match portal.issuer.holder(&message).await {
        Ok(holder) => portal.issuer.mine(&message).await.map(|mine| (holder, mine)),
        Err(refusal) => Err(refusal),
    };
    let told = portal.recorded("certificate", &shown.person, passed_on(answer)).await;
    match (told, Certificate::read(&shown.certificate.0)) {
        (Ok((holder, mine)), Ok(certificate)) => {
            let now = Clock::system().seconds();
            let public = portal.trust.portal_public.clone();
            page(StatusCode::OK, &filled((f, public), (&holder, &mine), &certificate, now))
        }
        (Err(Refused(problem)), _) => not_seen(&f, &portal, &problem),
        (Ok(_), Err(_)) => {
            not_seen(&f, &portal, &Problem::new(Code::CertificateForeign, "".into()))
        }
    }
}

fn filled(
    (f, public): (Frame, String),
    (holder, mine): (&Officer, &PersonHoldings),
    certificate: &Certificate,
    now: u64,
) -> CertificatePage {
    const DAY: u64 = 86_400;
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let language = f.language;
    let roles = holder.roles.iter().map(|role| role_at(language, role));
    CertificatePage {
        w: CertificateWords::of(f.language),
        lists: holdings::lists(&f, mine),
        f,
        public,
        name: show::harmless(&holder.name),
        units: show::harmless(&mine.place),
        person: holder.person.clone(),
        roles: roles.collect(),
        from: show::time(language, &records::time::seconds(from)),
        until: show::time(language, &records::time::seconds(until)),
        days: until.saturating_sub(from) / DAY,
        days_left: until.saturating_sub(now) / DAY,
        serial: certificate.serial().to_string(),
        fingerprint: plain::fingerprint(&certificate.sha256()),
    }
}

/// Why a certificate is not seen or does not count; anything else has the page of a problem.
pub(super) fn not_seen(frame: &Frame, portal: &PortalState, told: &Problem) -> Response {
    let explained = told.known().and_then(|code| {
        Some((status(code), explained(frame, told, code, &portal.trust.portal_public)?))
    });
    match explained {
        Some((status, explained)) => page(status, &explained),
        None => problem::page(frame, told, "/"),
    }
}

/// Why something was refused: on the page of a certificate that no longer counts, or on that of a
/// problem, from which `back` leads on.
pub(super) fn refused_page(
    frame: &Frame,
    portal: &PortalState,
    told: &Problem,
    back: &str,
) -> Response {
    match told.known() {
        Some(Code::CertificateRevoked | Code::CertificateSuspended | Code::CertificateExpired) => {
            not_seen(frame, portal, told)
        }
        _ => problem::page(frame, told, back),
    }
}

/// The same with what was typed, which whoever may go on sends again from there.
pub(super) fn refused_keeping(
    frame: &Frame,
    portal: &PortalState,
    told: &Problem,
    (back, kept): (&str, Option<KeptForm>),
) -> Response {
    match (kept, told.known()) {
        (_, Some(code)) if own_fault(code) => not_seen(frame, portal, told),
        (Some(kept), _) => problem::keeping(frame, told, back, kept),
        (None, _) => problem::page(frame, told, back),
    }
}

/// Whether a refusal is of the certificate that was shown, or of what its holder may do: nothing is
/// sent again by it.
pub(super) fn own_fault(code: Code) -> bool {
    matches!(
        code,
        Code::NotYourRoute
            | Code::CertificateRequired
            | Code::CertificateExpired
            | Code::CertificateRevoked
            | Code::CertificateSuspended
            | Code::CertificateForeign
    )
}

fn explained<'a>(
    f: &'a Frame,
    problem: &'a Problem,
    code: Code,
    public: &str,
) -> Option<NotSeenPage<'a>> {
    let w = NotSeenWords::of(f.language);
    let at = |path: &str, called| (format!("{public}{path}"), called);
    let here = |called| ("/certificate".to_owned(), called);
    let (renew, letter) = (at("/renew", w.renew), at("/letter", f.w.letter));
    let (what, steps) = match code {
        Code::CertificateRequired => (w.required, vec![here(w.again), at("/import", w.how), renew]),
        Code::CertificateExpired => (w.expired, vec![renew, letter]),
        Code::CertificateRevoked => (w.revoked, vec![letter]),
        Code::CertificateSuspended => (w.suspended, vec![here(w.again)]),
        Code::CertificateForeign => (w.foreign, vec![here(w.again), at("/import", w.how)]),
        Code::NotYourRoute => (w.role, vec![here(f.w.own_certificate)]),
        _ => return None,
    };
    let likely = vec![w.restart, w.elsewhere, w.cancelled, w.hidden];
    let causes = if code == Code::CertificateRequired { likely } else { Vec::new() };
    Some(NotSeenPage { f, w, problem, what, causes, steps })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let problem = |code| Problem::new(code, "5GPJWBSG64S36D1N".into());
    let f = Frame::sample(language, "/certificate");
    let causes = [
        ("certificate-required", Code::CertificateRequired),
        ("certificate-expired", Code::CertificateExpired),
        ("certificate-revoked", Code::CertificateRevoked),
        ("certificate-suspended", Code::CertificateSuspended),
        ("certificate-foreign", Code::CertificateForeign),
        ("not-your-role", Code::NotYourRoute),
    ];
    let render = |(name, code)| {
        let problem = problem(code);
        let page = explained(&f, &problem, code, "https://portal.example").unwrap();
        (name, page.render().unwrap())
    };
    let mut samples: Vec<_> = causes.into_iter().map(render).collect();
    // Its own units are ids; the page names those that the register has.
    let pem = include_bytes!("../../../tests/golden/officer.pem");
    let blocks = pki::pem::read(pem, pki::pem::Kind::Certificate).unwrap();
    let certificate = Certificate::read(&blocks[0]).unwrap();
    let holder = Officer {
        person: "0123456789ABCDEF".into(),
        name: "王小明".into(),
        roles: vec![super::role::sample()],
        staff: false,
        approves: false,
        profiles: Vec::new(),
        applications: Vec::new(),
    };
    let now = certificate.not_before() + 86_400;
    let works = filled(
        (f.clone(), "https://portal.example".into()),
        (&holder, &holdings::sample_of_mine()),
        &certificate,
        now,
    );
    samples.push(("certificate", works.render().unwrap()));
    let official = CertificatePage { roles: Vec::new(), ..works };
    samples.push(("certificate-of-an-official", official.render().unwrap()));
    samples
}
