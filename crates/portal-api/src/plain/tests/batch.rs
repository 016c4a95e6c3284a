//! What a batch shows.

use super::super::{Fact, FactLine, LineText, facts_above_rows};
use super::{facts, in_english, replaced};
use pki::Signer;
use records::Bytes;
use records::export::{NotTrusted, OpenedOrder, OrderExport, RowExport};
use sample_city::orders::{SampleOrder, all as samples, registry};
use serde_json::{Value, json as j};

/// A batch comes with every order that it names, and shows each by its digest; with fewer, others
/// or changed ones it is refused.
#[test]
fn a_batch_shows_every_order_in_it() {
    let is_role = |sample: &SampleOrder| sample.order["kind"] == "role";
    let role = samples().into_iter().find(is_role).unwrap();
    let other = SampleOrder {
        order: replaced(&role.order, &j!("official"), &j!("auditor")),
        disclosures: role.disclosures.clone(),
        ..SampleOrder::default()
    };
    let rows: Vec<RowExport> = [&role, &other]
        .iter()
        .map(|one| RowExport {
            signed: one.export(&one.order).unwrap().signed,
            previous: None,
            renewed: None,
            look: None,
            consequence: None,
        })
        .collect();
    let digests: Vec<Bytes> = rows.iter().map(|row| Bytes::from(row.signed.digest())).collect();
    let mut order = role.order.clone();
    order["kind"] = j!("batch");
    order["body"] =
        j!({ "of": "role", "action": "grant", "rows": digests, "sample": 1, "flagged": [] });
    order["basis"] = j!({ "people": [], "units": [] });
    let batch = SampleOrder { order: order.clone(), ..SampleOrder::default() };
    let export = OrderExport { rows: rows.clone(), ..batch.export(&order).unwrap() };
    let open = |export: &OrderExport| export.open_under(registry().public_key());
    let opened = open(&export).unwrap();
    assert_eq!(opened.rows().len(), 2);
    let shown = facts(&opened);
    let text = |line: &FactLine| match &line.line {
        LineText::Value(value) => value.en(),
        LineText::File(text) => text.clone(),
    };
    let lines: Vec<String> = shown.iter().flat_map(|fact| &fact.lines).map(text).collect();
    for row in &rows {
        let digest = data_encoding::HEXLOWER.encode(&row.signed.digest());
        assert!(lines.iter().any(|line| line.contains(&digest)), "{lines:?}");
    }
    let without = OrderExport { rows: rows[..1].to_vec(), ..export.clone() };
    assert_eq!(open(&without).err(), Some(NotTrusted::Rows));
    let swapped = rows.iter().rev().cloned().collect();
    let swapped = OrderExport { rows: swapped, ..export.clone() };
    assert_eq!(open(&swapped).err(), Some(NotTrusted::Rows));
    let mut changed = export.clone();
    changed.rows[1].signed.order = rows[0].signed.order.clone();
    assert!(open(&changed).is_err(), "not signed so");
    order["body"]["action"] = j!("withdraw");
    let otherwise = OrderExport { rows, ..batch.export(&order).unwrap() };
    assert_eq!(open(&otherwise).err(), Some(NotTrusted::Rows), "not what they do");
}

/// Who made a batch of others' orders is told by a portal; of their own, each draft is signed.
pub(super) fn is_a_portals_word() {
    let drafted = samples().into_iter().find(|one| one.order.get("draft").is_some());
    let row = drafted.filter(|one| one.order.get("place").is_none()).unwrap();
    let signed = row.export(&row.order).unwrap().signed;
    let digest = Bytes::from(signed.digest());
    let told = |drafter: &Value| {
        let mut order = row.order.clone();
        order.as_object_mut().unwrap().remove("draft");
        let (of, action) = (&row.order["kind"], &row.order["body"]["action"]);
        order["body"] =
            j!({ "of": of, "action": action, "rows": [digest], "sample": 1, "flagged": [] });
        (order["kind"], order["drafter"]) = (j!("batch"), drafter.clone());
        let mut people = row.order["basis"]["people"].as_array().unwrap().clone();
        let own = row.order["drafter"].as_str().unwrap().strip_prefix("person:").unwrap();
        people.retain(|one| one["person"] == own);
        let held = people[0]["name"].clone();
        people[0]["person"] = j!(drafter.as_str().unwrap()[7..]);
        let mut units = row.order["basis"]["units"].as_array().unwrap().clone();
        units.retain(|one| one["unit"] == people[0]["unit"]);
        order["basis"] = j!({ "people": people, "units": units });
        let opens = |one: &&records::Disclosure| j!(one.commitment().unwrap()) == held;
        let disclosures = row.disclosures.iter().filter(opens).cloned().collect();
        let batch = SampleOrder { order: order.clone(), disclosures, ..SampleOrder::default() };
        let only = RowExport {
            signed: signed.clone(),
            previous: None,
            renewed: None,
            look: None,
            consequence: None,
        };
        let export = OrderExport { rows: vec![only], ..batch.export(&order).unwrap() };
        let facts = facts(&export.open_under(registry().public_key()).unwrap());
        facts.into_iter().find(|fact| fact.term.en == "drafted by").unwrap().value.en()
    };
    let own = told(&row.order["drafter"]);
    assert!(own.ends_with("who signed the draft of each order in it"), "{own}");
    let foreign = told(&j!("person:FEDCBA9876543210"));
    assert!(foreign.contains("as a portal says: no signature of theirs"), "{foreign}");
}

/// A batch of these orders, which all do the same.
fn batch_of(rows: &[&SampleOrder], (of, action): (&str, &str)) -> OpenedOrder {
    let is_role = |sample: &SampleOrder| sample.order["kind"] == "role";
    let mut order = samples().into_iter().find(is_role).unwrap().order;
    let row = |one: &&SampleOrder| RowExport {
        signed: one.export(&one.order).unwrap().signed,
        previous: None,
        renewed: None,
        look: None,
        consequence: None,
    };
    let rows: Vec<RowExport> = rows.iter().map(row).collect();
    let digests: Vec<Bytes> = rows.iter().map(|row| Bytes::from(row.signed.digest())).collect();
    order["kind"] = j!("batch");
    order["body"] =
        j!({ "of": of, "action": action, "rows": digests, "sample": 1, "flagged": [1] });
    order["basis"] = j!({ "people": [], "units": [] });
    let batch = SampleOrder { order: order.clone(), ..SampleOrder::default() };
    let export = OrderExport { rows, ..batch.export(&order).unwrap() };
    export.open_under(registry().public_key()).unwrap()
}

fn told<'a>(shown: &'a [Fact], term: &str) -> &'a Fact {
    shown.iter().find(|fact| fact.term.en.starts_with(term)).expect(term)
}

/// Of many that leave, the sheet says who of them is in office or in charge of systems, and by
/// what; it says so as well where the orders stand below it one by one.
#[test]
fn a_sheet_says_who_of_them_is_in_office() {
    let leaves =
        |one: &SampleOrder| one.order["kind"] == "person" && one.order["body"]["action"] == "leave";
    let office = samples().into_iter().find(leaves).unwrap();
    let mut order = office.order.clone();
    let before = order["basis"]["before"].as_object_mut().unwrap();
    before.retain(|key, _| !["lends", "leads", "more_leads"].contains(&key.as_str()));
    before.insert("roles".into(), j!([{ "role": "official", "scope": "sz-office" }]));
    before.insert("lent".into(), j!([]));
    let disclosures = office.disclosures.clone();
    let plain = SampleOrder { order, disclosures, ..SampleOrder::default() };
    let opened = batch_of(&[&plain, &office], ("person", "leave"));
    let term = "how many of them are about people in office";
    for shown in [facts(&opened), facts_above_rows(&opened)] {
        let one = told(&shown, term);
        let lines: Vec<String> = one.lines.iter().map(in_english).collect();
        assert_eq!((one.value.en().as_str(), lines.len()), ("1", 1), "{lines:?}");
        let parts = ["acts for ", "lends to ", "in charge of 「门户网站」 (site)", "and 2 more"];
        assert!(lines[0].starts_with(" 2. "), "{lines:?}");
        for part in parts {
            assert!(lines[0].contains(part), "{part}: {lines:?}");
        }
    }
    let above = facts_above_rows(&opened);
    let lists = ["how many", "each approver opens beside"].map(|term| told(&above, term));
    assert!(lists.iter().all(|fact| fact.lines.is_empty()), "they stand below");
    // Where nobody is, it says that nobody is.
    let nobody = facts(&batch_of(&[&plain, &plain_of(&plain)], ("person", "leave")));
    assert_eq!(told(&nobody, term).value.en(), "0");
}

/// An order to issue says which offices whoever gets the certificate holds, for whom they act and
/// who acts for them, each in both languages; one of nobody in office says nothing of that, and
/// none says anything else of what they have.
#[test]
fn an_order_to_issue_says_which_offices_its_holder_has() {
    let is_issue = |one: &SampleOrder| one.order["kind"] == "issue";
    let mut issues = samples().into_iter().filter(is_issue);
    let issue = issues.next().unwrap();
    let office = issues.find(|one| one.order["basis"].get("before").is_some()).unwrap();
    let term = "offices of the holder";
    let plain = facts(&issue.open(&issue.order).unwrap());
    assert!(!plain.iter().any(|fact| fact.term.en.starts_with(term)), "there is none");
    let shown = facts(&office.open(&office.order).unwrap());
    let said = &told(&shown, term).value;
    let (zh, en, holder) = (said.zh(), said.en(), "「王小明」 (0123456789ABCDEF)");
    for part in ["shangzhou", "in charge of 「门户网站」 (site)", "and 2 more"] {
        assert!(en.contains(part), "{part}: {en}");
    }
    for (words, line) in [("acts for", &en), ("lends to", &en), ("代理", &zh), ("交他人代理", &zh)]
    {
        assert!(line.contains(&format!("; {words} {holder}")), "{words}: {line}");
    }
    let nothing = j!({ "roles": [], "certificates": [], "lent": [] });
    for key in ["lent", "lends"] {
        let mut alone = office.order.clone();
        alone["basis"]["before"] = nothing.clone();
        alone["basis"]["before"][key] = office.order["basis"]["before"][key].clone();
        assert!(office.open(&alone).is_some(), "{key} alone");
    }
    for (key, more) in [
        ("roles", j!([{ "role": "official", "scope": "sz-office" }])),
        ("mail", j!("AA")),
        ("certificates", j!([{ "serial": "01", "profile": "official", "not_after": "" }])),
        ("above", j!(["shangzhou"])),
    ] {
        let mut other = office.order.clone();
        other["basis"]["before"][key] = more;
        assert!(office.open(&other).is_none(), "{key}");
    }
    let mut none = issue.order.clone();
    none["basis"]["before"] = nothing;
    assert!(issue.open(&none).is_none(), "no office is not said");
}

/// An order that gives a role says below which units its scope stands, and no other one does.
#[test]
fn an_order_that_gives_a_role_says_where_its_unit_stands() {
    let role = |action: &str| {
        let is_one = |one: &SampleOrder| {
            one.order["kind"] == "role" && one.order["body"]["action"] == action
        };
        samples().into_iter().find(is_one).unwrap()
    };
    let placed = |one: &SampleOrder| {
        let mut order = one.order.clone();
        order["basis"]["before"]["above"] = j!(["shangzhou", "sz-office"]);
        one.open(&order)
    };
    let shown = facts(&placed(&role("grant")).unwrap());
    let said = told(&shown, "units above the scope").value.en();
    let (high, low) = (said.find("sz-office").unwrap(), said.find("shangzhou").unwrap());
    assert!(high < low, "the highest first: {said}");
    assert!(placed(&role("withdraw")).is_none(), "what is taken stands nowhere");
}

/// The same order under another number.
fn plain_of(one: &SampleOrder) -> SampleOrder {
    let mut order = one.order.clone();
    order["order"] = j!("0000000000000002");
    SampleOrder { order, disclosures: one.disclosures.clone(), ..SampleOrder::default() }
}

/// One role of another sort among many of the same is seen on the sheet.
#[test]
fn a_sheet_says_of_which_sorts_its_orders_are() {
    let is_role = |sample: &SampleOrder| {
        sample.order["kind"] == "role" && sample.order["body"]["action"] == "grant"
    };
    let role = samples().into_iter().find(is_role).unwrap();
    let named = role.order["body"]["role"].clone();
    let mut order = role.order.clone();
    order["body"]["role"] = j!(if named == "auditor" { "official" } else { "auditor" });
    let disclosures = role.disclosures.clone();
    let other = SampleOrder { order, disclosures, ..SampleOrder::default() };
    for (rows, sorts) in [([&role, &plain_of(&role)], 1), ([&role, &other], 2)] {
        let shown = facts_above_rows(&batch_of(&rows, ("role", "grant")));
        let one = told(&shown, "roles in it");
        assert_eq!((one.value.en(), one.lines.len()), (sorts.to_string(), sorts));
        let count = if sorts == 1 { " × 2" } else { " × 1" };
        assert!(one.lines.iter().map(in_english).all(|line| line.ends_with(count)));
    }
}
