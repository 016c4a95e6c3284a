//! What a person's page shows of them: roles, certificates, letters, requests, and what happened in
//! the order of time. All of it is the CA's answer; nothing is decided from it.

use super::role::role_at;
use crate::pages::{Frame, Language, show, words};
use ca_api::CertificateLine;
use ca_api::handler::DraftLine;
use ca_api::organisation::{DelegationLine, Dossier, HeldLine};
use portal_api::plain::{self, BilingualText};
use records::suspension::HOLD;

words! {
    /// Words of the page.
    DossierWords {
        facts "现有信息" "On record";
        person "人员编号" "Person";
        unit "单位" "Unit";
        mail "邮箱" "Mail";
        none "无" "none";
        version "记录版本" "Version of the record";
        state "状态" "State";
        in_office "在职" "In office";
        left "已离任" "Left office";
        roles "角色" "Roles";
        delegations "代理审批" "Acting for others";
        acts "代" "for";
        over "不在代理期限内" "does not count now";
        applications "可进入的应用系统" "Applications that know them";
        certificates "证书" "Certificates";
        no_certificates "还没有证书。" "No certificate yet.";
        serial "序列号" "Serial number";
        profile "证书模板" "Profile";
        until "有效期至" "Valid until";
        in_force "有效" "in force";
        expired "已过期" "expired";
        revoked "已吊销" "revoked";
        suspended "已冻结" "suspended";
        letters "密码信封" "Letters";
        no_letters "没有密码信封。" "No letter.";
        reference "编号" "Reference";
        requests "办件" "Requests";
        no_requests "没有办件。" "No request.";
        request "事项" "Request";
        made "时间" "Made";
        approvals "审批" "Approvals";
        timeline "事件说明" "What happened";
        issued "签发证书" "certificate issued";
        lettered "制作密码信封" "letter made";
        history "在日志中查看（审计员）" "What the log says (auditors)";
        next "更早的办件" "Earlier requests";
    }
}

/// A certificate in the list.
pub(super) struct CertificateItem {
    pub(super) serial: String,
    pub(super) profile: String,
    pub(super) until: String,
    pub(super) state: String,
    pub(super) good: bool,
}

/// A letter or a request.
pub(super) struct Request {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) made: String,
    pub(super) state: String,
    pub(super) approvals: Option<(u32, u32)>,
    pub(super) reason: String,
    /// Whether the order can be read at its own page.
    pub(super) open: bool,
}

/// Everything that is shown.
pub(super) struct DossierView {
    pub(super) w: &'static DossierWords,
    pub(super) person: String,
    pub(super) unit: String,
    /// The unit's own page.
    pub(super) unit_page: String,
    pub(super) mail: String,
    pub(super) version: u32,
    pub(super) left: bool,
    pub(super) roles: Vec<String>,
    pub(super) delegations: Vec<String>,
    pub(super) applications: String,
    pub(super) certificates: Vec<CertificateItem>,
    pub(super) letters: Vec<Request>,
    pub(super) requests: Vec<Request>,
    /// Time and what happened, newest first.
    pub(super) timeline: Vec<(String, String)>,
    /// Address of the page with earlier requests.
    pub(super) next: Option<String>,
    /// Whether this is the first page.
    pub(super) first: bool,
}

impl DossierView {
    /// The view of a page; `after` is empty on the first.
    pub(super) fn of(f: &Frame, dossier: Dossier, after: &str, now: &str) -> Self {
        let language = f.language;
        let w = DossierWords::of(language);
        let person = dossier.line.person.clone();
        let more = show::escaped(&dossier.more);
        let timeline = timeline(f, w, &dossier);
        let held = |one: HeldLine| held(f, w, (one.line, now));
        let request = |line: DraftLine| request(language, line);
        let applications: Vec<String> =
            dossier.applications.iter().map(|id| f.application(id)).collect();
        Self {
            w,
            unit: show::harmless(&dossier.place),
            unit_page: format!("/organisation?unit={}", show::escaped(&dossier.line.unit)),
            mail: show::harmless(&dossier.mail),
            version: dossier.version,
            left: dossier.left,
            roles: dossier.roles.iter().map(|role| role_at(language, role)).collect(),
            delegations: dossier
                .delegations
                .iter()
                .map(|one| delegated(language, w, one))
                .collect(),
            applications: applications.join(", "),
            certificates: dossier.certificates.into_iter().map(held).collect(),
            letters: dossier.letters.into_iter().map(request).collect(),
            requests: dossier.requests.into_iter().map(request).collect(),
            timeline,
            next: (!more.is_empty()).then(|| format!("/people/{person}?after={more}")),
            first: after.is_empty(),
            person,
        }
    }
}

/// Who acts for whom, as what, from when until when.
fn delegated(language: Language, w: &DossierWords, one: &DelegationLine) -> String {
    let role = role_at(language, &one.role);
    let (from, until) = (show::time(language, &one.from), show::time(language, &one.until));
    let over = if one.counts { String::new() } else { format!(" · {}", w.over) };
    let (deputy, absent) = (&one.deputy.1, &one.absent.1);
    show::harmless(&format!("{deputy} {} {absent} · {role} · {from} – {until}{over}", w.acts))
}

fn held(f: &Frame, w: &DossierWords, (line, now): (CertificateLine, &str)) -> CertificateItem {
    let language = f.language;
    let (state, good) = match &line.revoked {
        Some((_, reason)) if reason == HOLD => (w.suspended.to_owned(), false),
        Some((at, reason)) => {
            let why = said(f.language, plain::reason(reason));
            (format!("{} · {} · {why}", w.revoked, show::time(language, at)), false)
        }
        None if *line.not_after < *now => (w.expired.to_owned(), false),
        None => (w.in_force.to_owned(), true),
    };
    let until = show::time(language, &line.not_after);
    CertificateItem { serial: line.serial, profile: f.profile(&line.profile), until, state, good }
}

fn request(language: Language, line: DraftLine) -> Request {
    let open = line.state == "open";
    Request {
        kind: said(language, plain::kind_of(&line.kind, &line.action)),
        made: show::time(language, &line.made),
        state: said(language, plain::state_of(&line.kind, &line.state)),
        approvals: (open && line.kind != "letter").then_some(line.approvals),
        reason: show::harmless(&line.reason),
        open: open && line.kind != "letter",
        name: line.name,
    }
}

fn timeline(f: &Frame, w: &DossierWords, dossier: &Dossier) -> Vec<(String, String)> {
    let language = f.language;
    let mut events: Vec<(String, String)> = Vec::new();
    for HeldLine { line, issued } in &dossier.certificates {
        if !issued.is_empty() {
            let what = format!("{} · {} · {}", w.issued, f.profile(&line.profile), line.serial);
            events.push((issued.clone(), what));
        }
        if let Some((at, reason)) = &line.revoked {
            let what = if reason == HOLD { w.suspended } else { w.revoked };
            let why = match reason == HOLD {
                true => String::new(),
                false => format!(" · {}", said(language, plain::reason(reason))),
            };
            events.push((at.clone(), format!("{what}{why} · {}", line.serial)));
        }
    }
    for letter in &dossier.letters {
        events.push((letter.made.clone(), format!("{} · {}", w.lettered, letter.name)));
    }
    for line in &dossier.requests {
        let kind = said(language, plain::kind_of(&line.kind, &line.action));
        let state = said(language, plain::draft_state(&line.state));
        events.push((line.made.clone(), format!("{kind} · {state}")));
    }
    events.sort_by(|a, b| b.cmp(a));
    events
        .into_iter()
        .map(|(at, what)| (show::time(language, &at), show::harmless(&what)))
        .collect()
}

fn said(language: Language, said: BilingualText) -> String {
    show::harmless(&language.of_both(said.zh, said.en))
}

#[cfg(test)]
pub(super) fn sample(name: &str, letter: bool) -> Dossier {
    let line = super::people::sample_line(name, letter);
    let certificate = |serial: &str, revoked: Option<(&str, &str)>| HeldLine {
        line: CertificateLine {
            serial: serial.into(),
            person: line.person.clone(),
            name: name.into(),
            system: None,
            unit: line.unit.clone(),
            place: "商州区 › 政府办公室".into(),
            profile: "official".into(),
            not_after: "2027-11-24T08:00:00Z".into(),
            revoked: revoked.map(|(at, reason)| (at.to_owned(), reason.to_owned())),
        },
        issued: "2026-11-24T08:00:00Z".into(),
    };
    let request = |kind: &str, action: &str, state: &str, approvals| DraftLine {
        name: "5GPJWBSG64S36D1N".into(),
        kind: kind.into(),
        action: action.into(),
        about: super::people::sample_about_of(kind, name),
        made: "2026-11-25T08:00:00Z".into(),
        state: state.into(),
        approvals,
        reason: if state == "returned" { "材料不全 <b>\u{202e}".into() } else { String::new() },
        digest: records::Bytes::default(),
    };
    let role = super::role::sample();
    let delegation = DelegationLine {
        deputy: (line.person.clone(), name.into()),
        absent: ("0123456789ABCDEG".into(), "陈登记".into()),
        role: ca_api::organisation::RoleLine {
            role: "registration-officer".into(),
            ..role.clone()
        },
        from: "2026-11-24T16:00:00Z".into(),
        until: "2026-12-01T15:59:59Z".into(),
        counts: true,
    };
    let over = DelegationLine { counts: false, ..delegation.clone() };
    let lends = delegation.role.clone();
    let some = |list: Vec<HeldLine>| if letter { list } else { Vec::new() };
    Dossier {
        place: "商州区 › 政府办公室".into(),
        mail: if letter { "wang@shangluo.example".into() } else { String::new() },
        version: 2,
        left: !letter,
        roles: if letter { vec![role] } else { Vec::new() },
        delegations: if letter { vec![delegation, over] } else { Vec::new() },
        applications: if letter { vec!["exchange".into()] } else { Vec::new() },
        certificates: some(vec![
            certificate(&"01".repeat(18), None),
            certificate(&"02".repeat(18), Some(("2026-11-25T08:00:00Z", HOLD))),
            certificate(&"03".repeat(18), Some(("2026-11-25T09:00:00Z", "keyCompromise"))),
        ]),
        letters: if letter { vec![request("letter", "", "open", (0, 0))] } else { Vec::new() },
        requests: match letter {
            true => vec![
                request("person", "move", "open", (1, 2)),
                request("issue", "", "returned", (0, 0)),
            ],
            false => Vec::new(),
        },
        more: if letter { "1795507200.5GPJWBSG64S36D1N".into() } else { String::new() },
        drafts: letter,
        lends: if letter { vec![lends] } else { Vec::new() },
        line,
    }
}
