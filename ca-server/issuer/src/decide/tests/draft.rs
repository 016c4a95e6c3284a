//! Drafts: a handler signs for people of their unit, and decides nothing about it.

use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, person};
use crate::sample::{Sample, key};
use crate::verify::VerifiedDraft;
use ca_host::operator::OperatorRequest;
use records::decline::Outcome;
use records::draft::{DRAFT_SECONDS, Draft, DraftStatement, Drafting};
use records::drafted::{DraftContent, LetterBody};
use records::order::PersonAction::{Create, Leave, Move};
use records::order::{MAIL_PATH, NAME_PATH};
use records::passkey::Assertion;
use records::rules::Role;
use records::{Bytes, Code, Disclosure};

pub(super) const NEW: &str = "0000000000000AA1";

#[test]
fn a_handlers_draft_becomes_an_order_that_others_approve() {
    let mut sample = Sample::with_handler();
    let made = sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    let order = sample.newest_order();
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    assert_eq!((made.order, made.needed, made.person.as_str()), (read.order.clone(), 2, NEW));
    assert_eq!(read.drafter, format!("person:{}", sample.person("handler")));
    let signed = read.draft.as_ref().unwrap().read().unwrap();
    assert_eq!(signed.body, read.body, "the order is what was signed");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.authority().person(NEW).unwrap().unit, "sz-office");
    // Corrected, transferred out of the unit, and no longer theirs.
    for (action, record) in [(Move, ("陈一一", "sz-office")), (Move, ("陈一一", "shangzhou"))]
    {
        sample.drafts("handler", (action, NEW), record).unwrap();
        sample.sequence();
        let order = sample.newest_order();
        sample.approved_by(order, &OFFICERS);
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    assert_eq!(sample.authority().person(NEW).unwrap().unit, "shangzhou");
    let told = sample.drafts("handler", (Leave, NEW), ("陈一一", "shangzhou"));
    assert_eq!(told, Err(Code::HandlerScope));
}

#[test]
fn a_handler_drafts_for_their_unit_and_below_only() {
    let mut sample = Sample::with_handler();
    let theirs = sample.register("李丹", "sz-office");
    let others = sample.register("王小红", "shangzhou");
    for (wanted, record) in [
        ((Create, NEW), ("陈一", "city")),
        ((Create, NEW), ("陈一", "ln-office")),
        ((Create, NEW), ("陈一", "shangzhou")),
        ((Leave, others.as_str()), ("王小红", "shangzhou")),
        ((Move, others.as_str()), ("王小红", "sz-office")),
    ] {
        assert_eq!(sample.drafts("handler", wanted, record), Err(Code::HandlerScope), "{wanted:?}");
    }
    let told = sample.drafts("handler", (Leave, NEW), ("陈一", "sz-office"));
    assert_eq!(told, Err(Code::PersonUnknown));
    let told = sample.drafts("handler", (Create, NEW), ("陈一", "nowhere"));
    assert_eq!(told, Err(Code::HandlerScope));
    assert_eq!(sample.drafts_letter("handler", &others), Err(Code::HandlerScope));
    sample.drafts("handler", (Leave, &theirs), ("李丹", "sz-office")).unwrap();
    // A county's handler drafts for every office in it, and not for another county.
    sample.appoint("county", Role::UnitHandler, "shangzhou");
    sample.drafts("county", (Create, NEW), ("陈一", "shangzhou")).unwrap();
    let told = sample.drafts("county", (Create, "0000000000000AA2"), ("陈二", "ln-office"));
    assert_eq!(told, Err(Code::HandlerScope));
}

#[test]
fn who_handles_nothing_drafts_nothing() {
    let mut sample = Sample::with_handler();
    let record = ("陈一", "sz-office");
    for name in ["officer-1", "security-1", "auditor"] {
        let told = sample.drafts(name, (Create, NEW), record);
        assert_eq!(told, Err(Code::NotYourRoute), "{name}");
    }
    let handler = sample.person("handler");
    sample.withdraw(&handler, Role::UnitHandler, "sz-office");
    let told = sample.drafts("handler", (Create, NEW), record);
    assert_eq!(told, Err(Code::NotYourRoute), "the role was withdrawn");
    sample.grant(&handler, Role::UnitHandler, "sz-office");
    sample.drafts("handler", (Create, NEW), record).unwrap();
    sample.revoked("handler", &OFFICERS);
    let told = sample.drafts("handler", (Create, "0000000000000AA2"), record);
    assert_eq!(told, Err(Code::CertificateRevoked));
}

#[test]
fn nobody_decides_about_what_they_drafted() {
    let mut sample = Sample::with_handler();
    // Somebody is both handler and officer.
    let both = sample.person("handler");
    sample.grant(&both, Role::RegistrationOfficer, "shangzhou");
    sample.drafts("handler", (Create, NEW), ("陈一", "sz-office")).unwrap();
    sample.sequence();
    let order = sample.newest_order();
    assert_eq!(sample.approve(order, "handler"), Err(Code::ApproverDrafted));
    let declined = sample.decline(order, "handler", Outcome::Returned);
    assert_eq!(declined, Err(Code::ApproverDrafted));
    sample.approve(order, "officer-1").unwrap();
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().person(NEW).is_none(), "three persons");
    sample.approved_by(order, &["officer-2"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    // Nor about the certificate from a letter that they had made.
    sample.drafts_letter("handler", NEW).unwrap();
    let letter = sample.written_letter();
    sample.sequence();
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "handler"), Err(Code::ApproverDrafted));
    sample.approved_by(order, &OFFICERS);
    sample.issue();
}

#[test]
fn a_letter_in_place_of_another_has_its_drafter() {
    let mut sample = Sample::with_handler();
    let both = sample.person("handler");
    sample.grant(&both, Role::RegistrationOfficer, "shangzhou");
    let person = sample.register("李丹", "sz-office");
    let reference = sample.drafts_letter("handler", &person).unwrap().letter;
    sample.sequence();
    sample.operator(OperatorRequest::ReplaceLetter { reference }).unwrap();
    let letter = sample.written_letter();
    sample.sequence();
    let order = sample.applied(&letter, &key());
    assert_eq!(sample.approve(order, "handler"), Err(Code::ApproverDrafted));
    sample.approved_by(order, &OFFICERS);
    sample.issue();
}

#[test]
fn a_draft_counts_once_and_for_minutes() {
    let mut sample = Sample::with_handler();
    let drafting = sample.drafting("handler", (Create, NEW), ("陈一", "sz-office"));
    let bring = |sample: &mut Sample, drafting: &Drafting| {
        sample.bring_draft(sample.staff(), "handler", drafting.clone())
    };
    let first = bring(&mut sample, &drafting).unwrap();
    assert_eq!(bring(&mut sample, &drafting).unwrap(), first, "a form that is sent twice");
    sample.sequence();
    assert_eq!(bring(&mut sample, &drafting).unwrap(), first);
    let order = sample.newest_order();
    sample.withdraws("handler", order).unwrap();
    assert_eq!(
        bring(&mut sample, &drafting),
        Err(Code::ChallengeUsed),
        "taken back, not yet there"
    );
    sample.sequence();
    assert_eq!(bring(&mut sample, &drafting), Err(Code::ChallengeUsed));
    let now = sample.city.now;
    let (body, disclosures) = sample.person_body((Create, NEW), ("陈一", "sz-office"));
    for (time, told) in [
        (now - DRAFT_SECONDS - 1, Some(Code::ChallengeUsed)),
        (now + DRAFT_SECONDS + 1, Some(Code::ChallengeUsed)),
        (now + DRAFT_SECONDS, None),
    ] {
        let at = |said: &mut DraftStatement| said.time = records::time::seconds(time);
        let draft = sample.signed_draft("handler", &DraftContent::Person(body.clone()), at);
        let drafting = Drafting { draft, disclosures: disclosures.clone(), number_seal: None };
        assert_eq!(bring(&mut sample, &drafting).err(), told, "{time}");
    }
    // What only takes away counts though it is an hour ahead of a clock that is believed.
    let one = sample.register("李丹", "sz-office");
    let (body, disclosures) = sample.person_body((Leave, &one), ("李丹", "sz-office"));
    let at = |said: &mut DraftStatement| said.time = records::time::seconds(now + 3_600);
    let draft = sample.signed_draft("handler", &DraftContent::Person(body), at);
    bring(&mut sample, &Drafting { draft, disclosures, number_seal: None }).unwrap();
}

#[test]
fn a_draft_is_its_signers_and_says_what_the_order_says() {
    let mut sample = Sample::with_handler();
    sample.appoint("other", Role::UnitHandler, "sz-office");
    let good = sample.drafting("handler", (Create, NEW), ("陈一", "sz-office"));
    let lent = sample.bring_draft(sample.staff(), "other", good.clone());
    assert_eq!(lent, Err(Code::ApprovalSignature));
    let stranger = caller(&key(), "portal-staff");
    let told = sample.bring_draft(stranger, "handler", good.clone());
    assert_eq!(told, Err(Code::PortalUnknown));
    let signatures = sample.authority().signatures().clone();
    let mut forged = good.clone();
    forged.draft.signature.0[10] ^= 1;
    let told = VerifiedDraft::verify(forged, &signatures).err();
    assert_eq!(told, Some(Code::ApprovalSignature));
    let (body, disclosures) = sample.person_body((Create, NEW), ("陈一", "sz-office"));
    let drafted = DraftContent::Person(body);
    let elsewhere = |said: &mut DraftStatement| said.founding = [9; 32].into();
    let draft = sample.signed_draft("handler", &drafted, elsewhere);
    let other = Drafting { draft, disclosures: disclosures.clone(), number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", other);
    assert_eq!(told, Err(Code::ApprovalSignature), "of another city");
    let foreign = |said: &mut DraftStatement| said.certificate = [9; 32].into();
    let draft = sample.signed_draft("handler", &drafted, foreign);
    let other = Drafting { draft, disclosures, number_seal: None };
    assert!(sample.bring_draft(sample.staff(), "handler", other).is_err(), "another certificate");
    // What opens the commitments is all of it, and readable.
    for (place, value) in [(0, "陈二"), (0, ""), (1, " "), (1, "\u{202e}")] {
        let mut wrong = good.clone();
        wrong.disclosures[place].value = value.into();
        let told = sample.bring_draft(sample.staff(), "handler", wrong);
        assert!(told.is_err(), "{place} {value}");
    }
    let mut more = good.clone();
    more.disclosures.push(Disclosure::new("/mail", [3; 32], "a@example.com".into()));
    assert!(sample.bring_draft(sample.staff(), "handler", more).is_err());
    sample.bring_draft(sample.staff(), "handler", good).unwrap();
}

/// Whoever leaves keeps their record: under another name, in another unit, or with an address to
/// which nobody writes, nobody is told to leave by an order that cannot be declined.
#[test]
fn a_brake_corrects_nobodys_record() {
    let mut sample = Sample::with_handler();
    let leaver = sample.register("李丹", "sz-office");
    let drafting = |sample: &Sample, mail: &str| {
        let (mut body, mut disclosures) =
            sample.person_body((Leave, &leaver), ("李丹", "sz-office"));
        let mail = Disclosure::new(MAIL_PATH, [3; 32], mail.into());
        body.mail = Some(mail.commitment().unwrap());
        disclosures.push(mail);
        let draft = sample.signed_draft("handler", &DraftContent::Person(body), |_| {});
        Drafting { draft, disclosures, number_seal: None }
    };
    for record in [("王小红", "sz-office"), ("李丹", "shangzhou"), ("李丹", "ln-office")] {
        let told = sample.drafts("handler", (Leave, &leaver), record);
        assert_eq!(told, Err(Code::PersonChanged), "{record:?}");
    }
    let mailed = drafting(&sample, "a@example.com");
    let told = sample.bring_draft(sample.staff(), "handler", mailed);
    assert_eq!(told, Err(Code::PersonChanged), "an address that nobody has registered");
    // Nor by a record that was another since: whoever drafts reads the one in force.
    let (mut body, disclosures) = sample.person_body((Leave, &leaver), ("李丹", "sz-office"));
    body.version -= 1;
    let draft = sample.signed_draft("handler", &DraftContent::Person(body), |_| {});
    let former = Drafting { draft, disclosures, number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", former);
    assert_eq!(told, Err(Code::PersonChanged));
    // What no row opens holds up no brake.
    let known = sample.rows.people.remove(&leaver).unwrap();
    sample.drafts("handler", (Leave, &leaver), ("王小红", "sz-office")).unwrap();
    sample.rows.people.insert(leaver.clone(), known);
    sample.drafts("handler", (Leave, &leaver), ("李丹", "sz-office")).unwrap();
}

/// A name that is judged is the one that the body commits to. Whoever drafts knows what opens their
/// own, which every order of theirs commits to as well: it stands in for no other.
#[test]
fn a_name_that_is_judged_is_the_one_that_is_committed_to() {
    let mut sample = Sample::with_handler();
    let own = sample.rows.people[&sample.person("handler")].clone();
    let own = own.into_iter().find(|one| one.path == NAME_PATH).unwrap();
    let drafting = |sample: &Sample, value: serde_json::Value, beside: &[Disclosure]| {
        let (mut body, mut disclosures) = sample.person_body((Create, NEW), ("陈一", "sz-office"));
        let place = disclosures.iter().position(|one| one.path == NAME_PATH).unwrap();
        disclosures[place] = Disclosure::new(NAME_PATH, [7; 32], value);
        body.name = disclosures[place].commitment().unwrap();
        let draft = sample.signed_draft("handler", &DraftContent::Person(body), |_| {});
        let disclosures = [beside, &disclosures[..]].concat();
        Drafting { draft, disclosures, number_seal: None }
    };
    let names = ["王小明 (0123456789ABCDEF)", "王\u{202e}", "www.x.cn"];
    let names = names.map(serde_json::Value::from).into_iter();
    for value in names.chain([serde_json::json!(7), serde_json::json!(["王小明"])]) {
        for beside in [&[][..], std::slice::from_ref(&own)] {
            let drafting = drafting(&sample, value.clone(), beside);
            let told = sample.bring_draft(sample.staff(), "handler", drafting);
            assert!(told.is_err(), "{value} beside {beside:?}");
        }
    }
    let good = drafting(&sample, "陈一".into(), &[]);
    let more = drafting(&sample, "陈一".into(), &[own]);
    let told = sample.bring_draft(sample.staff(), "handler", more);
    assert_eq!(told, Err(Code::Malformed), "what opens nothing of the body");
    sample.bring_draft(sample.staff(), "handler", good).unwrap();
}

#[test]
fn a_passkey_signs_a_draft_that_it_was_asked_about() {
    let mut sample = Sample::with_handler();
    let mut passkey = sample.passkey("handler");
    let officer = sample.city.officer("handler").clone();
    let signed = sample.drafting("handler", (Create, NEW), ("陈一", "sz-office"));
    let mut touched = |challenge: [u8; 32]| {
        let said = passkey.approve(&officer, [0; 32].into(), |answer| answer.challenge = challenge);
        let answer = (said.signature, said.assertion.unwrap());
        let Draft { statement, certificate, .. } = signed.draft.clone();
        Drafting { draft: Draft::by_passkey(statement, certificate, answer), ..signed.clone() }
    };
    let other =
        touched(records::approval::approval_challenge(&[0; 32], records::ApprovalClaim::default()));
    let told = sample.bring_draft(sample.staff(), "handler", other);
    assert_eq!(told, Err(Code::PasskeyRefused), "an approval's answer drafts nothing");
    let good = touched(Draft::challenge(&signed.draft.statement.0));
    sample.bring_draft(sample.staff(), "handler", good.clone()).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    // The same answer is none for anything else, also of who may approve.
    let handler = sample.person("handler");
    sample.grant(&handler, Role::RegistrationOfficer, "shangzhou");
    let order = sample.order(person(Create, "", "王小红", "sz-office"));
    let approval = |(signature, assertion): (Bytes, Assertion)| records::Approval {
        v: 1,
        method: "passkey".into(),
        order: Bytes::from(order.0),
        certificate: officer.certificate.der().into(),
        signature,
        assertion: Some(assertion),
        acting_for: None,
        opened: None,
    };
    let same = approval((good.draft.signature.clone(), good.draft.assertion.clone().unwrap()));
    let told = sample.bring(sample.staff(), "handler", same);
    assert_eq!(told, Err(Code::PasskeyRefused));
    let challenge =
        records::approval::approval_challenge(&order.0, records::ApprovalClaim::default());
    let right = approval(sample.touch(&mut passkey, "handler", challenge));
    sample.bring(sample.staff(), "handler", right).unwrap();
}

#[test]
fn a_handler_has_one_letter_of_a_person_at_a_time() {
    let mut sample = Sample::with_handler();
    let person = sample.register("李丹", "sz-office");
    let made = sample.drafts_letter("handler", &person).unwrap();
    assert!(!made.letter.is_empty() && made.order.is_empty());
    assert_eq!(sample.drafts_letter("handler", &person), Err(Code::LetterOpen), "on its way");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.drafts_letter("handler", &person), Err(Code::LetterOpen));
    let state = sample.authority().letter(&made.letter).unwrap();
    assert_eq!(state.drafter.unwrap().as_str(), sample.person("handler"));
    let staff = LetterBody { person: person.clone(), profile: "staff".into() };
    let draft = sample.signed_draft("handler", &DraftContent::Letter(staff), |_| {});
    let drafting = Drafting { draft, disclosures: Vec::new(), number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", drafting);
    assert_eq!(told, Err(Code::LetterOpen));
    let second = sample.register("王小红", "sz-office");
    let service = LetterBody { person: second, profile: "service".into() };
    let draft = sample.signed_draft("handler", &DraftContent::Letter(service), |_| {});
    let drafting = Drafting { draft, disclosures: Vec::new(), number_seal: None };
    let told = sample.bring_draft(sample.staff(), "handler", drafting);
    assert_eq!(told, Err(Code::UnknownProfile));
}
