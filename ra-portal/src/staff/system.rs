//! `GET /systems/SYSTEM`: what a system may get, how far that is used, which certificates it has
//! and when each is renewed, as the CA says; what its client was refused, as this portal knows; and
//! what to type.

use super::certificate::{self, ReaderCertificate};
use super::owner::{OwnerWords, cure, state};
use crate::notes::{
    KeptTrouble, KnownOfSystem, READ_WAIT, known, of_certificate, of_system, within,
};
use crate::pages::{Frame, FromPath, FromQuery, Language, page, problem, show};
use crate::refusal::passed_on;
use crate::state::PortalState;
use acme::clients::{AcmeProgram, ProgramSetup};
use acme::renewal::window;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::AsOfficer;
use ca_api::systems::{SystemFacts, SystemHeld, SystemQuery};
use records::Code;
use records::time::{read, seconds};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;

/// What stands in a command where the portal knows nothing.
const SECRET: &str = "EAB_HMAC";
const MAIL: &str = "MAIL";

struct HeldItem {
    serial: String,
    names: Vec<String>,
    from: String,
    until: String,
    by: &'static str,
    /// When its client had best come, first and last.
    renewal: Option<(String, String)>,
    /// Whether that is over.
    overdue: bool,
    suspended: bool,
}

struct TroubleItem {
    last: String,
    times: u64,
    act: String,
    code: String,
    said: String,
    cure: String,
    claimed: bool,
}

/// A number of those that the order bounds.
struct Spent {
    title: &'static str,
    used: u32,
    most: u32,
}

#[derive(Template)]
#[template(path = "staff/system.html")]
struct SystemPage {
    f: Frame,
    w: &'static OwnerWords,
    system: String,
    name: String,
    unit: String,
    /// The unit's own page.
    unit_page: String,
    /// Person id and name.
    leader: (String, String),
    state: String,
    good: bool,
    until: String,
    names: Vec<String>,
    addresses: Vec<String>,
    wildcards: bool,
    challenges: bool,
    profile: String,
    spent: Vec<Spent>,
    newest: String,
    seen: String,
    certificates: Vec<HeldItem>,
    /// Whether this portal knows now what its clients were refused.
    is_known: bool,
    troubles: Vec<TroubleItem>,
    /// Programs, and what is typed for each.
    setups: Vec<(&'static str, String)>,
    /// Address of the page with more certificates.
    next: Option<String>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    after: String,
}

/// `GET /systems/{system}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(system): FromPath<String>,
    FromQuery(PageQuery { after }): FromQuery<PageQuery>,
) -> Response {
    let wanted = SystemQuery { system, after };
    let message = AsOfficer { certificate: shown.certificate, message: wanted };
    let answer = passed_on(portal.issuer.system(&message).await);
    let facts = match portal.recorded_brake("system", &shown.person, answer).await {
        Ok(facts) => facts,
        Err(Refused(told)) => {
            return match told.known() {
                Some(Code::NotFound | Code::Malformed) => problem::page(&f, &told, "/systems"),
                _ => certificate::not_seen(&f, &portal, &told),
            };
        }
    };
    let own = facts.certificates.iter().map(|one| of_certificate(&one.serial));
    let subjects = own.chain([of_system(&facts.line.system)]).collect();
    let known = within(READ_WAIT, known(&portal.store, subjects)).await;
    let (directory, now) = (portal.acme_directory.as_deref(), Clock::system().seconds());
    page(StatusCode::OK, &filled(f, facts, known.as_ref(), (directory, now)))
}

fn filled(
    f: Frame,
    facts: SystemFacts,
    known: Option<&KnownOfSystem>,
    (directory, now): (Option<&str>, u64),
) -> SystemPage {
    let (w, language) = (OwnerWords::of(f.language), f.language);
    let spent = |title, (used, most)| Spent { title, used, most };
    let setups = directory.map(|directory| setups(directory, &facts)).unwrap_or_default();
    let (system, more) = (facts.line.system, show::escaped(&facts.more));
    let next = (!more.is_empty()).then(|| format!("/systems/{system}?after={more}"));
    let harmless = |list: &[String]| list.iter().map(|text| show::harmless(text)).collect();
    let unit = facts.line.unit;
    let seen = known.and_then(|known| known.seen);
    let troubles = known.into_iter().flat_map(|known| &known.troubles);
    SystemPage {
        w,
        name: show::harmless(&facts.line.name),
        unit: show::harmless(&unit.name),
        unit_page: format!("/organisation?unit={}", show::escaped(&unit.unit)),
        leader: (facts.line.leader.0, show::harmless(&facts.line.leader.1)),
        state: state(f.language, &facts.line.state),
        good: facts.line.state == "in-force",
        until: show::time(language, &facts.line.until),
        names: harmless(&facts.names),
        addresses: harmless(&facts.addresses),
        wildcards: facts.wildcards,
        challenges: facts.challenges,
        profile: f.profile(&facts.profile),
        spent: vec![
            spent(w.week, facts.week),
            spent(w.live, facts.live),
            spent(w.accounts, facts.accounts),
        ],
        newest: shown_time(language, &facts.newest),
        seen: seen.map(|at| show::time(language, &seconds(at))).unwrap_or_default(),
        certificates: facts
            .certificates
            .into_iter()
            .map(|one| held(w, one, (language, now)))
            .collect(),
        is_known: known.is_some(),
        troubles: troubles.map(|one| trouble(&f, one)).collect(),
        setups,
        next,
        system,
        f,
    }
}

fn shown_time(language: Language, time: &str) -> String {
    if time.is_empty() { String::new() } else { show::time(language, time) }
}

fn held(w: &'static OwnerWords, one: SystemHeld, (language, now): (Language, u64)) -> HeldItem {
    let life = read(&one.from).zip(read(&one.until));
    let window = life.map(|life| window(life, false, now));
    HeldItem {
        names: one.names.iter().map(|name| show::harmless(name)).collect(),
        from: shown_time(language, &one.from),
        until: show::time(language, &one.until),
        by: if one.by_account { w.by_account } else { w.by_other },
        renewal: window
            .map(|(a, b)| (show::time(language, &seconds(a)), show::time(language, &seconds(b)))),
        overdue: window.is_some_and(|(_, last)| now > last),
        suspended: !one.suspended.is_empty(),
        serial: one.serial,
    }
}

fn trouble(f: &Frame, one: &KeptTrouble) -> TroubleItem {
    let (zh, en) = one.words.clone();
    TroubleItem {
        last: show::time(f.language, &seconds(one.between.1)),
        times: one.times,
        act: show::harmless(&one.act),
        code: show::harmless(&one.code),
        said: show::harmless(&f.language.of_both(zh, en)),
        cure: cure(f.language, &one.code),
        claimed: !one.is_proven,
    }
}

/// What is typed for each program. The secret is none of this portal's: its place has its name.
fn setups(directory: &str, facts: &SystemFacts) -> Vec<(&'static str, String)> {
    let mut names = facts.names.iter().chain(&facts.addresses);
    let exact = names.find(|name| !name.starts_with("*."));
    let below = facts.names.first().and_then(|name| name.strip_prefix("*."));
    let below = below.map(|name| format!("www.{name}"));
    let name = exact.or(below.as_ref()).map(String::as_str).unwrap_or_default();
    let setup = ProgramSetup { directory, kid: &facts.kid, hmac: SECRET, name, mail: MAIL };
    AcmeProgram::ALL.map(|program| (program.name(), program.text(&setup))).to_vec()
}

#[cfg(test)]
pub(super) fn sample_facts(whole: bool) -> SystemFacts {
    let held = |serial: &str, names: &[&str]| SystemHeld {
        serial: serial.repeat(18),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        from: if names.is_empty() { String::new() } else { "2026-09-24T08:00:00Z".into() },
        until: "2026-12-23T08:00:00Z".into(),
        by_account: serial != "03",
        suspended: if serial == "03" { "2026-11-24T08:00:00Z".into() } else { String::new() },
    };
    let line = super::owner::sample_line("site", if whole { "门户网站" } else { "<b>\u{202e}" });
    SystemFacts {
        line,
        names: vec!["*.acme.test".into(), "acme.test".into()],
        wildcards: whole,
        addresses: if whole { vec!["10.0.0.1".into()] } else { Vec::new() },
        profile: "server".into(),
        challenges: whole,
        kid: "site.00112233aabbccdd".into(),
        week: (3, if whole { 10 } else { 3 }),
        live: (2, 5),
        accounts: (1, 4),
        newest: if whole { "2026-11-24T08:00:00Z".into() } else { String::new() },
        certificates: match whole {
            true => vec![
                held("01", &["www.acme.test", "10.0.0.1"]),
                held("02", &[]),
                held("03", &["mail.acme.test"]),
            ],
            false => Vec::new(),
        },
        more: if whole { "03".repeat(18) } else { String::new() },
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    const NOW: u64 = 1_795_507_200;
    let trouble = |act: &str, code: &str, is_proven| KeptTrouble {
        act: act.into(),
        code: code.into(),
        words: ("此标识不在常设授权之内 <b>\u{202e}".into(), "Outside <b>\u{202e}".into()),
        between: (NOW - 90_000, NOW - 600),
        times: 12,
        is_proven,
    };
    let troubles = vec![
        trouble("new-order", "rejectedIdentifier", true),
        trouble("simpleenroll", "system-secret", false),
        trouble("finalize", "badCSR", true),
    ];
    let known = KnownOfSystem { seen: Some(NOW - 600), troubles };
    let f = || Frame::sample(language, "/systems/site");
    let directory = Some("https://acme.example/acme/directory");
    let whole = filled(f(), sample_facts(true), Some(&known), (directory, NOW));
    let unused = KnownOfSystem::default();
    let nothing = filled(f(), sample_facts(false), Some(&unused), (None, NOW));
    vec![("system", whole.render().unwrap()), ("system-unused", nothing.render().unwrap())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands name a host that the order covers, and no secret: the portal has none.
    #[test]
    fn commands_are_filled_in_but_for_the_secret() {
        let mut facts = sample_facts(true);
        for (program, text) in setups("https://acme.example/acme/directory", &facts) {
            assert!(text.contains("site.00112233aabbccdd") && text.contains(SECRET), "{program}");
            assert!(text.contains("acme.test"), "{program}: {text}");
        }
        facts.names = vec!["*.acme.test".into()];
        facts.addresses.clear();
        let (_, text) = setups("https://acme.example/acme/directory", &facts).swap_remove(0);
        assert!(text.contains("-d www.acme.test "), "a name below the wildcard: {text}");
    }

    /// Without what this portal kept the page has the certificates all the same, and takes nothing
    /// for an empty answer.
    #[test]
    fn a_system_is_shown_without_what_the_portal_kept() {
        let shown = |known: Option<&KnownOfSystem>| {
            let f = Frame::sample(crate::pages::Language::English, "/systems/site");
            filled(f, sample_facts(true), known, (None, 1_795_507_200)).render().unwrap()
        };
        let w = OwnerWords::of(crate::pages::Language::English);
        let (away, nothing) = (shown(None), shown(Some(&KnownOfSystem::default())));
        assert!(away.contains(w.unread) && !away.contains(w.no_troubles), "{away}");
        assert!(!nothing.contains(w.unread) && nothing.contains(w.no_troubles));
        assert!(away.contains(&"01".repeat(18)), "what is to be revoked");
    }

    /// Whoever did not come within its window is told so, before the end.
    #[test]
    fn a_client_that_did_not_come_is_told() {
        let one = || SystemHeld {
            serial: "01".into(),
            names: vec!["a.test".into()],
            from: seconds(1_795_507_200),
            until: seconds(1_795_507_200 + 90 * 86_400),
            by_account: true,
            suspended: String::new(),
        };
        let (w, language) = (OwnerWords::of(Language::English), Language::English);
        let day = |days: u64| held(w, one(), (language, 1_795_507_200 + days * 86_400));
        assert!(!day(61).overdue && !day(74).overdue && day(76).overdue);
        let (first, last) = day(0).renewal.unwrap();
        assert_eq!(first, show::time(language, &seconds(1_795_507_200 + 60 * 86_400)));
        assert_eq!(last, show::time(language, &seconds(1_795_507_200 + 75 * 86_400)));
    }
}
