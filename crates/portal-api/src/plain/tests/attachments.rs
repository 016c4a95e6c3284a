//! What comes beside an order: certificates, files, and what a portal says.

use super::*;

/// A renewal is of the certificate that comes with it, its holder's, and asked for by its key.
#[test]
fn a_renewal_comes_with_the_certificate_that_it_renews() {
    let renewal = |one: &SampleOrder| one.order["body"].get("renewal").is_some();
    let find = || samples().into_iter().find(renewal).unwrap();
    let told = |sample: &SampleOrder| sample.open(&sample.order).map(|opened| facts(&opened));
    let sample = find();
    assert!(told(&sample).is_some());
    // Another mail address than that of the last certificate is marked.
    let mut mailed = find();
    let OldCredential(_, last) = old(&mailed.order["body"]["person"]);
    mailed.order["body"]["previous"] = j!(sample_city::sha256(last.der()));
    mailed.previous = Some(last.der().into());
    let shown = told(&mailed).unwrap();
    let mail = shown.iter().find(|fact| fact.term.en == "mail" && fact.differs);
    assert!(
        mail.is_some_and(|fact| fact.value.en().contains("old@shangluo.example → ")),
        "{shown:?}"
    );
    // Another request, as its key signed it, is seen.
    let mut other = find();
    let key = old(&other.order["body"]["person"]);
    renewed_by(&mut other, &key, b"request");
    let before = told(&other).unwrap();
    renewed_by(&mut other, &key, b"another");
    assert_ne!(told(&other).unwrap(), before);
    // Nothing, or anything else, in its place is refused: even the last certificate.
    for renewed in [None, sample.previous.clone(), other.renewed.clone()] {
        let mut changed = find();
        changed.renewed = renewed;
        assert!(told(&changed).is_none());
    }
    let mut foreign = find();
    let key = old(&j!("FEDCBA9876543210"));
    renewed_by(&mut foreign, &key, b"request");
    assert!(told(&foreign).is_none(), "somebody else's certificate");
}

/// Whatever a portal answers beside what is signed changes nothing that is shown, or is refused.
#[test]
fn nothing_is_shown_that_is_not_signed() {
    for sample in samples() {
        let export = sample.export(&sample.order).unwrap();
        let before = facts(&export.open_under(registry().public_key()).unwrap());
        let mut whole = serde_json::to_value(&export).unwrap();
        whole["standing"] = serde_json::to_value(OrderProgress {
            approvers: vec!["陈登记".into()],
            needed: 2,
            given: false,
            browser: true,
            voices: Vec::new(),
            look: None,
        })
        .unwrap();
        let mut paths = Vec::new();
        leaves(&whole, String::new(), &mut paths);
        let mut refused = 0;
        for path in paths {
            for other in others(whole.pointer(&path).unwrap()) {
                let mut changed = whole.clone();
                *changed.pointer_mut(&path).unwrap() = other;
                let read: Result<OrderExport, _> = serde_json::from_value(changed);
                let opened = read.ok().map(|read| read.open_under(registry().public_key()));
                match opened {
                    Some(Ok(opened)) => assert_eq!(facts(&opened), before, "{path}"),
                    _ => refused += 1,
                }
            }
        }
        assert!(refused > 0);
    }
}

/// A file that is missing, one too many, or under another name is no file of the order.
#[test]
fn files_are_those_that_are_named() {
    let all = samples();
    for sample in all.iter().filter(|sample| !sample.files.is_empty()) {
        let whole = sample.export(&sample.order).unwrap();
        let key = registry().public_key();
        assert!(whole.open_under(key).is_ok());
        let change = |change: &dyn Fn(&mut OrderExport)| {
            let mut changed = whole.clone();
            change(&mut changed);
            changed.open_under(key).is_err()
        };
        assert!(change(&|export| export.files.clear()));
        assert!(change(&|export| export.files.push(file("access/b.cedar", ""))));
        assert!(change(&|export| export.files[0].name = "access/b.cedar".into()));
        assert!(change(&|export| export.files_before[0].content.push('x')));
        // Where what was in force is another by now it is missing, and said to be.
        let mut moved = whole.clone();
        moved.files_before.clear();
        let opened = moved.open_under(key).unwrap();
        assert!(!opened.is_comparable());
        let said = |fact: &Fact| fact.value.en().contains("can only be declined");
        assert!(facts(&opened).iter().any(said));
        assert!(!facts(&whole.open_under(key).unwrap()).iter().any(said));
    }
}

/// A certificate is asked for in the name that authority holds.
#[test]
fn a_name_of_nobodys_is_refused() {
    let sample = samples().into_iter().find(|one| one.order["kind"] == "issue").unwrap();
    let mut changed =
        SampleOrder { disclosures: sample.disclosures.clone(), ..SampleOrder::default() };
    changed.previous = sample.previous.clone();
    changed.renewed = sample.renewed.clone();
    let other = Disclosure::new("/subject/cn", [9; 32], "李丹".into());
    let place = changed.disclosures.iter().position(|one| one.path == "/subject/cn").unwrap();
    changed.order = sample.order.clone();
    changed.order["body"]["subject"]["cn"] = j!(other.commitment().unwrap());
    changed.disclosures[place] = other;
    let error = changed.export(&changed.order).unwrap().open_under(registry().public_key());
    assert_eq!(error.unwrap_err(), records::export::NotTrusted::Name);
}

/// An order says who drafted it, in words that name a person only by what authority holds.
#[test]
fn who_drafted_it_is_shown() {
    let sample = samples().into_iter().find(|one| one.order["kind"] == "revoke").unwrap();
    let drafted = |facts: Vec<Fact>| {
        facts.into_iter().find(|fact| fact.term.en == "drafted by").unwrap().value.en()
    };
    let opened = sample.open(&sample.order).unwrap();
    assert!(drafted(facts(&opened)).contains("user 0"), "the kernel's number");
    let mut order = sample.order.clone();
    order["drafter"] = j!("person:0123456789ABCDEF");
    let opened = sample.open(&order).unwrap();
    assert!(matches!(opened.body(), Body::Revoke(_)));
    let unsigned = drafted(facts(&opened));
    assert!(unsigned.starts_with("「王小明」 (0123456789ABCDEF)"), "{unsigned}");
    assert!(unsigned.contains("as a portal says: no signature of theirs"), "{unsigned}");
    assert!(opened.can_be_declined());
    order["drafter"] = j!("person:FEDCBA9876543210");
    let opened = sample.open(&order).unwrap();
    assert!(drafted(facts(&opened)).starts_with("FEDCBA9876543210, "), "no row keeps a brake back");
    let wished = |order: &Value| order["body"]["wish"]["method"].as_str().map(str::to_owned);
    for sample in samples().into_iter().filter(|sample| wished(&sample.order).is_some()) {
        let opened = sample.open(&sample.order).unwrap();
        let said = drafted(facts(&opened));
        match wished(&sample.order).as_deref() {
            Some("passkey") => {
                assert!(said.ends_with("their passkey, as the CA checked"), "{said}")
            }
            _ => assert!(said.ends_with("signed with their certificate key"), "{said}"),
        }
        assert!(!opened.can_be_declined(), "nobody declines it alone");
        let mut stripped = sample.order.clone();
        stripped["body"].as_object_mut().unwrap().remove("wish");
        let said = drafted(facts(&sample.open(&stripped).unwrap()));
        assert!(said.contains("no signature of theirs"), "{said}");
    }
    batch::is_a_portals_word();
    let sample = samples().into_iter().find(|one| one.order["kind"] == "unit").unwrap();
    let mut order = sample.order.clone();
    order["drafter"] = j!("person:FEDCBA9876543210");
    assert!(sample.open(&order).is_none(), "a drafter without a name");
    assert!(json::write(&order).is_ok());
}

/// What is shown of a commitment is the text that opens it. Nothing else opens one: it would be
/// shown as empty.
#[test]
fn only_a_text_opens_what_is_shown() {
    let sample = samples().into_iter().find(|one| one.order["kind"] == "release").unwrap();
    let opens = |value: Value| {
        let other = Disclosure::new("/evidence", [9; 32], value);
        let mut order = sample.order.clone();
        order["body"]["evidence"] = j!(other.commitment().unwrap());
        let kept = sample.disclosures.iter().filter(|one| one.path != "/evidence").cloned();
        let disclosures = kept.chain([other]).collect();
        let changed = SampleOrder { order: order.clone(), disclosures, ..SampleOrder::default() };
        changed.open(&order).is_some()
    };
    assert!(opens(j!("持证人到场，核对身份证原件")));
    for other in [j!(7), j!(true), j!(["x"]), j!({ "x": "x" })] {
        assert!(!opens(other.clone()), "{other}");
    }
}

/// Who leaves is named by what authority holds. Where no row opens that, lists have the id alone,
/// and what the order calls them is told as the word of whoever drafted it.
#[test]
fn nobody_leaves_under_a_name_of_the_drafters() {
    let find = || samples().into_iter().find(|one| one.order["body"]["action"] == "leave").unwrap();
    let read = |sample: &SampleOrder| {
        let opened = sample.open(&sample.order).unwrap();
        let name = facts(&opened).into_iter().find(|fact| fact.term.en == "name").unwrap();
        (name.value.en(), crate::plain::about(&opened).en())
    };
    let held = find();
    let (name, about) = read(&held);
    assert!(name.contains("旧名") && !name.contains("drafter's word"), "{name}");
    assert!(about.contains("旧名"), "{about}");
    let mut unheld = find();
    let leaver = unheld.order["body"]["person"].clone();
    let people = unheld.order["basis"]["people"].as_array_mut().unwrap();
    people.retain(|one| one["person"] != leaver);
    unheld.disclosures.retain(|one| one.value != "旧名");
    let (name, about) = read(&unheld);
    assert!(name.contains("the drafter's word alone"), "{name}");
    assert_eq!(about, leaver.as_str().unwrap(), "by id alone");
}
