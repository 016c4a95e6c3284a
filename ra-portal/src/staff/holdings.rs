//! What exists in somebody's own name, sort by sort, as the page of their certificate lists it:
//! certificates, letters, orders that wait, systems in their charge, notices.

use crate::pages::{Frame, show, words};
use portal_api::plain;
use records::mine::PersonHoldings;

words! {
    HoldingWords {
        certificates "证书" "Certificates";
        letters "密码信封" "Letters";
        orders "等待审批的办件" "Orders that wait for approvals";
        systems "主管的系统（账户 / 有效证书）" "Systems in your charge (accounts / certificates)";
        notices "通知记录（签发机构所记）" "Notices to you, as the CA recorded them";
        until "有效期至" "Good until";
        time "时间" "Time";
    }
}

/// What of one sort exists in the reader's name.
pub(super) struct HoldingList {
    pub(super) title: &'static str,
    /// What stands above the second column: until when something is good, or when it was.
    pub(super) when: &'static str,
    pub(super) lines: Vec<HoldingItem>,
    /// Whether each has a page of its own, that of a system.
    pub(super) linked: bool,
}

/// One of them.
pub(super) struct HoldingItem {
    /// A number or a name.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) when: String,
    pub(super) state: String,
}

/// What exists in the reader's name, sort by sort; a sort of which there is nothing is left out.
pub(super) fn lists(f: &Frame, mine: &PersonHoldings) -> Vec<HoldingList> {
    let language = f.language;
    let w = HoldingWords::of(language);
    let said = |said: plain::BilingualText| language.of_both(said.zh, said.en);
    let certificates = mine.certificates.iter().map(|one| {
        let why = Some(&one.reason).filter(|why| !why.is_empty());
        let why = why.map_or_else(String::new, |why| format!(" · {}", said(plain::reason(why))));
        HoldingItem {
            name: one.serial.clone(),
            kind: f.called(&one.profile),
            when: show::time(language, &one.not_after),
            state: format!("{}{why}", said(plain::own_state(&one.state))),
        }
    });
    let letters = mine.letters.iter().map(|one| HoldingItem {
        name: one.reference.clone(),
        kind: f.called(&one.profile),
        when: show::time(language, &one.expires),
        state: said(plain::own_state(&one.state)),
    });
    let orders = mine.orders.iter().map(|one| HoldingItem {
        name: one.order.clone(),
        kind: said(plain::kind_of(&one.kind, &one.action)),
        when: show::time(language, &one.expires),
        state: format!("{} / {}", one.approvals.0, one.approvals.1),
    });
    let systems = mine.systems.iter().map(|one| HoldingItem {
        name: show::harmless(&one.name),
        kind: one.system.clone(),
        when: show::time(language, &one.until),
        state: {
            let state = said(plain::own_state(&one.state));
            format!("{state} · {} / {}", one.accounts, one.certificates)
        },
    });
    let notices = mine.notices.iter().map(|one| HoldingItem {
        name: said(plain::notice(&one.kind)),
        kind: show::harmless(&said(plain::channel(&one.channel))),
        when: show::time(language, &one.time),
        state: said(plain::own_state(&one.state)),
    });
    let list = |title, when, lines| HoldingList { title, when, lines, linked: title == w.systems };
    let lists = vec![
        list(w.certificates, w.until, certificates.collect()),
        list(w.letters, w.until, letters.collect()),
        list(w.orders, w.until, orders.collect()),
        list(w.systems, w.until, systems.collect()),
        list(w.notices, w.time, notices.collect::<Vec<_>>()),
    ];
    lists.into_iter().filter(|list| !list.lines.is_empty()).collect()
}

/// Something of each sort, with texts that would rather be something else.
#[cfg(test)]
pub(super) fn sample_of_mine() -> PersonHoldings {
    use records::mine::{OwnCertificate, OwnLetter, OwnNotice, OwnOrder};
    let official = crate::pages::sample_names().profiles.swap_remove(0);
    let certificate = |serial: &str, state: &str, reason: &str| OwnCertificate {
        serial: serial.into(),
        profile: official.clone(),
        not_after: "2027-11-24T08:00:00Z".into(),
        state: state.into(),
        reason: reason.into(),
        since: String::new(),
    };
    let notice = |kind: &str, state: &str| OwnNotice {
        time: "2026-11-24T08:00:00Z".into(),
        kind: kind.into(),
        channel: "mail".into(),
        state: state.into(),
    };
    PersonHoldings {
        person: "0123456789ABCDEF".into(),
        place: "商州区 › 区政府办公室 (sz-office)".into(),
        certificates: vec![
            certificate(&"01".repeat(18), "valid", ""),
            certificate(&"02".repeat(18), "revoked", "keyCompromise"),
        ],
        letters: vec![OwnLetter {
            reference: "5GPJWBSG64S36D1N".into(),
            profile: records::DisplayName::of_id("<b>\u{202e}official"),
            expires: "2026-12-01T08:00:00Z".into(),
            state: "used".into(),
        }],
        orders: vec![OwnOrder {
            order: "5GPJWBSG64S36D1N".into(),
            kind: "role".into(),
            action: "grant".into(),
            expires: "2026-12-01T08:00:00Z".into(),
            approvals: (1, 2),
        }],
        roles: Vec::new(),
        systems: vec![records::mine::OwnSystem {
            system: "site".into(),
            name: "<b>\u{202e}门户网站".into(),
            state: "in-force".into(),
            until: "2027-11-24T08:00:00Z".into(),
            accounts: 1,
            certificates: 2,
        }],
        notices: vec![notice("issued", "sent"), notice("asked", "failed")],
    }
}
