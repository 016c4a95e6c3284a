//! The shipped rules, and what bundles are refused for.

#![expect(clippy::unwrap_used, reason = "tests")]

mod delegations;

use policy::{
    AccessRequest, Bundle, CanonicalPath, Circumstances, Denial, People, RuleChangeKind,
    RulesReplay,
};
use std::collections::BTreeMap;

fn shipped() -> BTreeMap<String, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/access");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = format!("access/{}", path.file_name().unwrap().to_string_lossy());
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The same with the addresses of an office.
fn with_an_office() -> BTreeMap<String, String> {
    let mut files = shipped();
    files.insert(
        "access/networks.toml".into(),
        "[[network]]\nname = \"office\"\nzh = \"办公网\"\nen = \"office\"\nranges = [\"10.0.0.0/8\"]\n"
            .into(),
    );
    files
}

fn people() -> People {
    let unit = |id: &str, parent: Option<&str>| (id.to_owned(), parent.map(str::to_owned));
    let units = [unit("city", None), unit("office", Some("city")), unit("finance", Some("city"))];
    let person = |id: &str, unit: &str, roles: &[(&str, &str)]| {
        let roles: Vec<(String, String)> =
            roles.iter().map(|(role, scope)| ((*role).into(), (*scope).into())).collect();
        (id.to_owned(), unit.to_owned(), roles)
    };
    let people = [
        person("WANG", "office", &[("unit-handler", "office")]),
        person("ZHANG", "finance", &[]),
        person("CHEN", "city", &[("unit-handler", "city")]),
    ];
    People::new(units, people)
}

fn decide(bundle: &Bundle, person: &str, method: &str, path: &str) -> policy::Answer {
    let path = CanonicalPath::read(path).unwrap();
    let under = Circumstances::default();
    let asked = AccessRequest { person, method, path: &path, now: 1_795_363_200 + 36_000, under };
    let application = bundle.application("exchange").unwrap();
    let answer = application.decide(&people(), &asked);
    assert_eq!(answer, application.decide_whole(&people(), &asked), "slice and whole differ");
    answer
}

#[test]
fn a_person_reads_their_own_unit_and_not_another() {
    let bundle = Bundle::read(1, shipped()).unwrap();
    assert!(bundle.examples() >= 12);
    let own = decide(&bundle, "ZHANG", "GET", "/documents/finance/2026-001");
    assert_eq!((own.outcome, own.rule.as_str()), (Ok(()), "own-unit"));
    assert_eq!(own.resource, "exchange/finance/2026-001");
    let other = decide(&bundle, "WANG", "GET", "/documents/finance/2026-001");
    assert_eq!((other.outcome, other.rule.as_str()), (Err(Denial::Rule), ""));
    assert_eq!(decide(&bundle, "NOBODY", "GET", "/").outcome, Err(Denial::Unknown));
    assert_eq!(decide(&bundle, "WANG", "GET", "/admin").outcome, Err(Denial::Route));
    let below = decide(&bundle, "CHEN", "POST", "/documents/finance");
    assert_eq!((below.outcome, below.rule.as_str()), (Ok(()), "handler-sends"));
    // Cedar's own syntax in an id stays an id.
    let odd = decide(&bundle, "WANG", "GET", "/documents/finance%22%20or%20true/1");
    assert_eq!(odd.outcome, Err(Denial::Rule));
}

/// Within a period an answer is the same, whenever it is asked for: the shipped rules read the
/// hour.
#[test]
fn an_answer_holds_for_its_period() {
    let (bundle, people) = (Bundle::read(1, shipped()).unwrap(), people());
    let application = bundle.application("exchange").unwrap();
    let paths = ["/documents/finance", "/documents/finance/2026-001"];
    let paths = paths.map(|path| CanonicalPath::read(path).unwrap());
    let mut known = BTreeMap::new();
    for now in (1_795_363_200..1_795_363_200 + 2 * 86_400).step_by(1_200) {
        let answers = paths.each_ref().map(|path| {
            application.decide(
                &people,
                &AccessRequest {
                    person: "ZHANG",
                    method: "GET",
                    path,
                    now,
                    under: Circumstances::default(),
                },
            )
        });
        let first = known.entry(application.period(now)).or_insert_with(|| answers.clone());
        assert_eq!(*first, answers, "{now}");
    }
    assert_eq!(known.len(), 48);
    let outcomes: Vec<_> = known.values().map(|answers| answers[1].outcome).collect();
    assert!(outcomes.contains(&Ok(())), "by day");
}

#[test]
fn a_rule_that_cannot_be_evaluated_denies() {
    let mut files = shipped();
    let cedar = files.get_mut("access/exchange.cedar").unwrap();
    cedar.push_str(
        "@id(\"overflows\") @zh(\"溢出\") @en(\"overflows\")\n\
         forbid (principal, action == Action::\"list\", resource)\n\
         when { 9223372036854775807 + context.hour > 0 };\n",
    );
    let bundle = Bundle::read(2, files).unwrap();
    let answer = decide(&bundle, "ZHANG", "GET", "/documents/finance");
    assert_eq!((answer.outcome, answer.rule.as_str()), (Err(Denial::Error), "overflows"));
}

#[test]
fn a_bundle_that_is_not_right_is_refused_whole() {
    let change = |name: &str, from: &str, to: &str| {
        let mut files = shipped();
        let file = files.get_mut(&format!("access/{name}")).unwrap();
        assert!(file.contains(from), "{from}");
        *file = file.replacen(from, to, 1);
        Bundle::read(2, files).unwrap_err().to_string()
    };
    let misspelt = change("exchange.cedar", "resource.unit", "resource.unti");
    assert!(misspelt.contains("unti"), "{misspelt}");
    assert!(change("exchange.cedar", "@en(", "@english(").contains("@en"));
    assert!(change("exchange.cedar", "handler-sends", "own-unit").contains("two rules"));
    assert!(change("exchange.toml", "\"read\"", "\"raed\"").contains("raed"));
    assert!(
        change("exchange.toml", "{unit}/{document}\"\nunit", "{nobody}\"\nunit")
            .contains("capture")
    );
    assert!(change("exchange.toml", "application =", "aplication =").contains("aplication"));
    let wrong = change("exchange.examples.toml", "wants = \"deny\"", "wants = \"allow\"");
    assert!(wrong.contains("another unit's document"), "{wrong}");
    // Each error names its line, and what mends it.
    let line = |name: &str, from: &str, to: &str| {
        let mut files = shipped();
        let file = files.get_mut(&format!("access/{name}")).unwrap();
        let at = file.find(from).unwrap();
        let line = file[..at].lines().count();
        *file = file.replacen(from, to, 1);
        let error = Bundle::read(2, files).unwrap_err();
        assert!(error.cure.is_some(), "{error}");
        (error.line, line)
    };
    let (told, is) = line("exchange.toml", "action = \"list\"", "action = list");
    assert_eq!(told, is + 1, "a field that is no text");
    let (told, _) = line("exchange.cedar", "when { principal in resource.unit };", "when {;");
    assert!(told > 0, "a rule that is none");
    let deep = format!("when {{ {}true{} }};", "(".repeat(100_000), ")".repeat(100_000));
    let (told, is) = line("exchange.cedar", "when { principal in resource.unit };", &deep);
    assert_eq!(told, is + 1, "a rule that is nested too deep");
    let (told, is) = line("exchange.cedar", "@id(\"own-unit\")", "");
    assert_eq!(told, is + 2, "a rule without a name");
    let (told, _) = line("exchange.cedar", "resource.unit", "resource.unti");
    assert!(told > 0, "a rule beside the schema");
    let (told, is) = line("exchange.examples.toml", "wants = \"deny\"", "wants = \"allow\"");
    assert_eq!(told, is, "an example that gives something else");
    for missing in ["schema.cedarschema", "exchange.toml", "exchange.examples.toml"] {
        let mut files = shipped();
        files.remove(&format!("access/{missing}"));
        assert!(Bundle::read(2, files).unwrap_err().to_string().contains(missing));
    }
    let mut files = shipped();
    files.insert("access/other.sh".into(), String::new());
    assert!(Bundle::read(2, files).is_err());
}

/// Rules are those of an application that a gate can have. Whatever is only read as its id is not
/// accepted, as whole as it may be otherwise.
#[test]
fn rules_are_of_an_application_that_a_gate_can_have() {
    let called = |id: &str| {
        let own = shipped().into_iter().filter(|(name, _)| name.starts_with("access/exchange."));
        let other = own.map(|(name, text)| {
            let head = format!("application = \"{id}\"");
            (name.replace("exchange", id), text.replace("application = \"exchange\"", &head))
        });
        Bundle::read(2, shipped().into_iter().chain(other.collect::<Vec<_>>()))
    };
    assert!(called("exchange-2").is_ok());
    for id in ["exch\u{430}nge", "Exchange", "exchange_2", "exchange\u{200b}", ""] {
        let error = called(id).unwrap_err().to_string();
        assert!(error.contains("does not belong here"), "{id}: {error}");
    }
}

/// Other rules are asked about the same people and the same time: only what they change is told,
/// and whoever is not known any more is left out.
#[test]
fn a_replay_tells_what_other_rules_would_change() {
    let before = Bundle::read(1, shipped()).unwrap();
    let mut files = shipped();
    let cedar = files.get_mut("access/exchange.cedar").unwrap();
    cedar.push_str(
        "@id(\"no-lists\") @zh(\"不得列目录\") @en(\"no lists\")\n\
         forbid (principal, action == Action::\"list\", resource);\n\
         @id(\"zz-all-read\") @zh(\"都可以读\") @en(\"all may read\")\n\
         permit (principal, action == Action::\"read\", resource);\n",
    );
    let examples = files.get_mut("access/exchange.examples.toml").unwrap();
    *examples = examples.replacen("wants = \"deny\"\nrule = \"\"", "wants = \"allow\"", 1);
    *examples = examples.replace("nowhere/2026-001", "nowhere");
    let after = Bundle::read(2, files).unwrap();
    let people = people();
    let (was, is) = (before.application("exchange"), after.application("exchange").unwrap());
    let mut replay = RulesReplay::new(was, is, &people);
    let mut ask = |person: &str, path: &str| {
        let path = CanonicalPath::read(path).unwrap();
        let under = Circumstances::default();
        let asked = AccessRequest { person, method: "GET", path: &path, now: 1_795_399_200, under };
        replay.ask(&asked, true)
    };
    assert_eq!(ask("ZHANG", "/documents/finance"), Some(RuleChangeKind::NewlyDenied));
    assert_eq!(ask("ZHANG", "/documents/finance"), Some(RuleChangeKind::NewlyDenied));
    assert_eq!(ask("WANG", "/documents/finance/1"), Some(RuleChangeKind::NewlyAllowed));
    assert_eq!(ask("WANG", "/"), None, "as before");
    assert_eq!(ask("NOBODY", "/"), None, "not known any more");
    let summary = replay.summary("digest", "from".into(), "until".into());
    assert_eq!((summary.requests, summary.left_out), (5, 1));
    assert_eq!((summary.newly_denied, summary.newly_allowed), (2, 1));
    let first = &summary.change[0];
    assert_eq!((first.requests, first.people, first.is.as_str()), (2, 1, "no-lists"));
    assert_eq!((first.was.as_str(), first.route.as_str()), ("own-unit", "/documents/{unit}"));
}

/// What rules read of days, networks and how somebody proved who they are decides; where that is
/// not known the rule cannot be evaluated, and that is a no.
#[test]
fn conditions_decide_and_what_is_not_known_denies() {
    let mut files = with_an_office();
    files.insert(
        "access/calendar.toml".into(),
        "from = \"2026-11-01\"\nuntil = \"2026-12-31\"\ndays_off = [\"2026-11-24\"]\n".into(),
    );
    let cedar = files.get_mut("access/exchange.cedar").unwrap();
    cedar.push_str(
        "@id(\"not-so\") @zh(\"条件\") @en(\"conditions\")\n\
         forbid (principal, action == Action::\"list\", resource)\n\
         when { context.holiday || !context.networks.contains(\"office\")\n\
         || context.certificate != \"staff\" || context.tls < 13\n\
         || context.authenticated_minutes >= 60 };\n",
    );
    let bundle = Bundle::read(2, files).unwrap();
    let application = bundle.application("exchange").unwrap();
    let (people, path) = (people(), CanonicalPath::read("/documents/finance").unwrap());
    let (monday, day) = (1_795_363_200 + 36_000, 86_400);
    let fine = Circumstances {
        source: Some([10, 1, 2, 3].into()),
        certificate: Some("staff"),
        tls: 13,
        authenticated: monday - 30 * 60,
    };
    let asked =
        |now, under| AccessRequest { person: "ZHANG", method: "GET", path: &path, now, under };
    let says = |now, under| {
        let answer = application.decide(&people, &asked(now, under));
        (answer.outcome, answer.rule)
    };
    assert_eq!(says(monday, fine).0, Ok(()));
    let mut unders = vec![application.under(&people, &asked(monday, fine))];
    for other in [
        Circumstances { source: Some([192, 0, 2, 1].into()), ..fine },
        Circumstances { certificate: Some("official"), ..fine },
        Circumstances { tls: 12, ..fine },
        Circumstances { authenticated: monday - 61 * 60, ..fine },
    ] {
        assert_eq!(says(monday, other), (Err(Denial::Rule), "not-so".into()), "{other:?}");
        unders.push(application.under(&people, &asked(monday, other)));
    }
    let late = Circumstances { authenticated: monday + day, ..fine };
    assert_eq!(says(monday + day, late), (Err(Denial::Rule), "not-so".into()), "a day off");
    for unknown in [
        Circumstances { source: None, ..fine },
        Circumstances { certificate: None, ..fine },
        Circumstances { tls: 0, ..fine },
        Circumstances { authenticated: 0, ..fine },
    ] {
        assert_eq!(says(monday, unknown).0, Err(Denial::Error), "{unknown:?}");
        unders.push(application.under(&people, &asked(monday, unknown)));
    }
    let beyond = Circumstances { authenticated: monday + 60 * day, ..fine };
    assert_eq!(says(monday + 60 * day, beyond).0, Err(Denial::Error), "behind the calendar's end");
    // No two of them share an answer that is kept.
    let count = unders.len();
    unders.sort_unstable();
    unders.dedup();
    assert_eq!(unders.len(), count);
}

/// Of a connection of which nothing is known any more, no replay says what a rule that reads it
/// would say: what it cannot know it leaves out, and counts neither as denied nor as permitted.
#[test]
fn a_replay_guesses_nothing_of_a_connection_that_is_not_known() {
    let without = Bundle::read(1, shipped()).unwrap();
    let mut files = with_an_office();
    let cedar = files.get_mut("access/exchange.cedar").unwrap();
    cedar.push_str(
        "@id(\"office-only\") @zh(\"须在办公网\") @en(\"from the office\")\n\
         forbid (principal, action == Action::\"list\", resource)\n\
         when { !context.networks.contains(\"office\") };\n",
    );
    let with = Bundle::read(2, files).unwrap();
    let people = people();
    let from = |source: [u8; 4]| Circumstances {
        source: Some(source.into()),
        certificate: Some("official"),
        tls: 13,
        authenticated: 1_795_399_000,
    };
    let (office, elsewhere) = (from([10, 1, 2, 3]), from([192, 0, 2, 1]));
    let unknown = Circumstances::default();
    let (denied, allowed) = (RuleChangeKind::NewlyDenied, RuleChangeKind::NewlyAllowed);
    for (before, after, change) in [(&without, &with, denied), (&with, &without, allowed)] {
        let (was, is) = (before.application("exchange"), after.application("exchange").unwrap());
        let mut replay = RulesReplay::new(was, is, &people);
        let mut ask = |path: &str, under| {
            let path = CanonicalPath::read(path).unwrap();
            let now = 1_795_399_200;
            let asked = AccessRequest { person: "ZHANG", method: "GET", path: &path, now, under };
            replay.ask(&asked, true)
        };
        assert_eq!(ask("/documents/finance", office), None);
        assert_eq!(ask("/documents/finance", elsewhere), Some(change));
        assert_eq!(ask("/documents/finance", unknown), None, "a rule reads where it came from");
        assert_eq!(ask("/documents/finance/1", unknown), None, "none reads it");
        let summary = replay.summary("digest", "from".into(), "until".into());
        assert_eq!((summary.requests, summary.left_out), (4, 1), "{change:?}");
        assert_eq!(summary.newly_denied + summary.newly_allowed, 1, "{change:?}");
    }
}
