//! What is lent to somebody while its holder is on leave, as rules read it.

use policy::{
    AccessRequest, Answer, Bundle, CanonicalPath, Circumstances, Denial, LENT_MAX, LentRole, People,
};

const FROM: u64 = 1_800_000_000;
const UNTIL: u64 = FROM + 3_600;

const RULES: &str = r#"
    @id("handles") @zh("经办人及其代理人") @en("handlers and who acts for one")
    permit (principal, action == Action::"send", resource)
    when {
        principal in resource["unit-handler"] ||
        context.acting.contains(resource["unit-handler"])
    };
    @id("for-chen") @zh("陈的代理人") @en("who acts for Chen")
    permit (principal, action == Action::"withdraw", resource)
    when {
        context.acting_for.contains({ absent: Person::"CHEN", role: resource["unit-handler"] })
    };
"#;
const PLAIN: &str = r#"
    @id("handles") @zh("经办人") @en("handlers")
    permit (principal, action == Action::"send", resource)
    when { principal in resource["unit-handler"] };
"#;
const ROUTES: &str = r#"
    application = "desk"
    zh = "收发"
    en = "desk"
    grants_zh = "经办人"
    grants_en = "a handler"
    [[route]]
    method = "POST"
    path = "/{unit}"
    action = "send"
    unit = "{unit}"
    zh = "发送"
    en = "send"
    [[route]]
    method = "DELETE"
    path = "/{unit}"
    action = "withdraw"
    unit = "{unit}"
    zh = "撤回"
    en = "withdraw"
"#;
const EXAMPLES: &str = r#"
    [[unit]]
    unit = "city"
    [[unit]]
    unit = "office"
    parent = "city"
    [[example]]
    shows = "a handler sends"
    wants = "allow"
    unit = "office"
    roles = ["unit-handler@office"]
    method = "POST"
    path = "/office"
    [[example]]
    shows = "others do not"
    wants = "deny"
    unit = "office"
    method = "POST"
    path = "/office"
"#;
const LENT: &str = r#"
    [[example]]
    shows = "who acts for Chen withdraws"
    wants = "allow"
    rule = "for-chen"
    unit = "office"
    acting = [{ role = "unit-handler@city", absent = "CHEN" }]
    method = "DELETE"
    path = "/office"
    [[example]]
    shows = "who acts for somebody else does not"
    wants = "deny"
    unit = "office"
    acting = [{ role = "unit-handler@city" }]
    method = "DELETE"
    path = "/office"
"#;

fn bundle(rules: &str, examples: &str) -> Bundle {
    let schema = include_str!("../../../../policies/access/schema.cedarschema");
    let files = [
        ("access/schema.cedarschema", schema),
        ("access/desk.cedar", rules),
        ("access/desk.toml", ROUTES),
        ("access/desk.examples.toml", examples),
    ];
    Bundle::read(1, files).unwrap()
}

fn lent(role: &str, scope: &str, absent: &str) -> LentRole {
    let [role, scope, absent] = [role, scope, absent].map(str::to_owned);
    LentRole { role, scope, absent, from: FROM, until: UNTIL }
}

/// In an office below the city, where somebody is lent this.
fn people(lent: Vec<LentRole>) -> People {
    let unit = |id: &str, parent: Option<&str>| (id.to_owned(), parent.map(str::to_owned));
    let units = [unit("city", None), unit("office", Some("city")), unit("other", Some("city"))];
    let nothing: [(String, String); 0] = [];
    let people = [("DEPUTY".to_owned(), "office".to_owned(), nothing)];
    People::new(units, people).with_lent([("DEPUTY".to_owned(), lent)])
}

struct Asked {
    answer: Answer,
    under: u64,
    rests_on: Option<LentRole>,
}

fn ask(bundle: &Bundle, people: &People, (method, path): (&str, &str), now: u64) -> Asked {
    let path = CanonicalPath::read(path).unwrap();
    let under = Circumstances::default();
    let asked = AccessRequest { person: "DEPUTY", method, path: &path, now, under };
    let application = bundle.application("desk").unwrap();
    let answer = application.decide(people, &asked);
    assert_eq!(answer, application.decide_whole(people, &asked), "slice and whole differ");
    let rests_on = application.rests_on(people, &asked).cloned();
    Asked { answer, under: application.under(people, &asked), rests_on }
}

#[test]
fn what_is_lent_counts_from_its_first_second_to_its_last() {
    let (bundle, own) = (bundle(RULES, EXAMPLES), lent("unit-handler", "office", "WANG"));
    let deputy = people(vec![own.clone()]);
    let mut unders = Vec::new();
    for (now, outcome) in [
        (FROM - 1, Err(Denial::Rule)),
        (FROM, Ok(())),
        (UNTIL, Ok(())),
        (UNTIL + 1, Err(Denial::Rule)),
    ] {
        let asked = ask(&bundle, &deputy, ("POST", "/office"), now);
        assert_eq!(asked.answer.outcome, outcome, "{now}");
        assert_eq!(asked.rests_on.as_ref(), Some(&own), "{now}: what it rests on is told");
        unders.push(asked.under);
        // Ended by an order, or to anybody else, it is as if it had never been lent.
        let asked = ask(&bundle, &people(Vec::new()), ("POST", "/office"), now);
        assert_eq!((asked.answer.outcome, asked.rests_on), (Err(Denial::Rule), None), "{now}");
    }
    // What was decided while it counts is kept for no question before or after, though the
    // rules read nothing of the time.
    let application = bundle.application("desk").unwrap();
    assert_eq!(application.period(FROM - 1), application.period(UNTIL + 1));
    assert_eq!(unders[1], unders[2]);
    assert_eq!(unders[0], unders[3]);
    assert_ne!(unders[0], unders[1]);
}

#[test]
fn what_is_lent_is_a_role_over_its_units_and_of_one_who_is_absent() {
    let bundle = bundle(RULES, &format!("{EXAMPLES}{LENT}"));
    assert_eq!(bundle.examples(), 4);
    let says = |lent: Vec<LentRole>, method: &str, path: &str| {
        ask(&bundle, &people(lent), (method, path), FROM).answer.outcome
    };
    let no = Err(Denial::Rule);
    let handler = |scope, absent| vec![lent("unit-handler", scope, absent)];
    assert_eq!(says(handler("city", "WANG"), "POST", "/other"), Ok(()), "below its unit");
    assert_eq!(says(handler("office", "WANG"), "POST", "/other"), no, "beside its unit");
    assert_eq!(says(handler("office", "WANG"), "POST", "/city"), no, "above its unit");
    assert_eq!(says(vec![lent("auditor", "office", "WANG")], "POST", "/office"), no);
    assert_eq!(says(handler("office", "CHEN"), "DELETE", "/office"), Ok(()));
    // Whose role it is goes with the role: two that are lent are not read as a third.
    let mixed = vec![lent("unit-handler", "office", "WANG"), lent("auditor", "office", "CHEN")];
    assert_eq!(says(mixed, "DELETE", "/office"), no);
    // Where two are lent, that one is told which counts.
    let over = LentRole { until: FROM - 1, from: 0, ..lent("unit-handler", "office", "WANG") };
    let both = people(vec![over, lent("unit-handler", "office", "CHEN")]);
    let told = ask(&bundle, &both, ("POST", "/office"), FROM).rests_on.unwrap();
    assert_eq!(told.absent, "CHEN");
}

#[test]
fn rules_that_do_not_read_it_say_what_they_said() {
    let plain = bundle(PLAIN, EXAMPLES);
    let deputy = people(vec![lent("unit-handler", "office", "WANG")]);
    let [during, after] =
        [FROM, UNTIL + 1].map(|now| ask(&plain, &deputy, ("POST", "/office"), now));
    assert_eq!(during.answer.outcome, Err(Denial::Rule));
    assert_eq!((during.answer, during.under), (after.answer, after.under));
    assert_eq!((during.rests_on, after.rests_on), (None, None));
}

#[test]
fn so_much_is_lent_to_somebody_and_no_more() {
    let others = (0..LENT_MAX).map(|_| lent("auditor", "office", "WANG"));
    let handler = lent("unit-handler", "office", "WANG");
    let [last, beyond] = [1, 0]
        .map(|left_out| people(others.clone().skip(left_out).chain([handler.clone()]).collect()));
    let bundle = bundle(RULES, EXAMPLES);
    let ask = |people: &People, now| ask(&bundle, people, ("POST", "/office"), now);
    assert_eq!((last.lent("DEPUTY").len(), beyond.lent("DEPUTY").len()), (LENT_MAX, LENT_MAX));
    assert_eq!(ask(&last, FROM).answer.outcome, Ok(()));
    assert_eq!(ask(&beyond, FROM).answer.outcome, Err(Denial::Rule));
    assert_ne!(ask(&last, FROM).under, ask(&last, UNTIL + 1).under);
    assert!(people(Vec::new()).lent("DEPUTY").is_empty());
}
