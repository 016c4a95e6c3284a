//! Every way of approving, told as what it was, in a city that lives in memory.

use super::*;
use authority::OrderDigest;
use authority::lineage::replay_judged;
use records::order::BatchBody;
use records::record::Event;
use records::{Approval, ApprovalClaim, Bytes};
use sample_city::{SampleCity, named as named_order};

#[test]
fn each_way_of_approving_is_told_as_what_it_was() {
    let both = |value: FactValue| (value.zh(), value.en());
    let (zh, en) = both(manner(None));
    assert!(zh.contains("本人证书密钥") && en.contains("key of their own certificate"));
    let said = |user_verified, backup_eligible, backed_up| {
        let said = AuthenticatorSaid { user_verified, backup_eligible, backed_up };
        let (zh, en) = both(manner(Some(&said)));
        assert!(zh.contains("通行密钥") && !zh.contains("证书密钥"), "{zh}");
        assert!(en.contains("passkey") && !en.contains("own certificate"), "{en}");
        en
    };
    assert!(said(true, false, false).contains("verified its user; the key cannot be backed up"));
    assert!(said(true, true, false).contains("can be backed up, and is not"));
    assert!(said(true, true, true).contains("the key is backed up"));
    assert!(said(false, false, false).contains("did not verify its user"));
    // One signature over many is told as that, and as opened only where it says so.
    let many = |opened| {
        let batch = InBatch { order: "0000000000000BA7".into(), rows: 9, opened };
        both(FactValue::Row(vec![in_batch(&batch), was_opened(&batch)]))
    };
    let (zh, en) = many(true);
    assert!(zh.contains("批次 0000000000000BA7 共 9 件") && zh.contains("其签名写明已查看"));
    assert!(en.contains("one of 9 in batch 0000000000000BA7") && en.contains("says that"));
    let (zh, en) = many(false);
    assert!(zh.contains("未写明") && en.contains("does not say that they opened it"));
}

/// The log of a city in memory, replayed.
fn control(city: &SampleCity) -> Control {
    let records: Vec<(u64, records::Record)> = (0..).zip(city.log.iter().cloned()).collect();
    let mut judged = BTreeMap::new();
    let authority = replay_judged(&records, &city.founding, |at, one| {
        judged.insert(at, one);
    });
    let (mut orders, mut enacted) = (BTreeMap::new(), BTreeMap::new());
    for (index, record) in &records {
        if let Event::Enacted { order, .. } = &record.event {
            enacted.insert(*index, order.clone());
        }
        if let Event::Order { order, .. } = &record.event {
            let read = records::Order::read(&order.0).unwrap();
            let body = read.body().unwrap();
            orders.insert(records::order::digest(&order.0).into(), (read, body));
        }
    }
    let (authority, founding) = (authority.unwrap(), city.founding.into());
    let (certificates, names) = (BTreeMap::new(), BTreeMap::new());
    Control { records, founding, authority, judged, enacted, names, orders, certificates }
}

/// What is told of an order that the newest record carries out, in English.
fn told(city: &SampleCity) -> Vec<String> {
    let at = city.log.len() as u64 - 1;
    let sentences = approved(&control(city), "ORDER", at);
    assert!(sentences.iter().all(|one| one.zh().ends_with('。') && one.en().ends_with('.')));
    sentences.iter().map(FactValue::en).collect()
}

fn new_person(city: &mut SampleCity, id: &str) -> OrderDigest {
    let body = city.person_body(PersonAction::Create, id, "sz-office");
    city.order(&body)
}

/// For whom somebody acted is told, by the one delegation that they used: none that is over or
/// has not begun, and none where they decided by a role of their own.
#[test]
fn a_delegation_is_told_where_it_was_used_and_no_other() {
    const BOTH: [&str; 2] = ["security-1", "security-2"];
    const DAY: u64 = 86_400;
    let mut city = SampleCity::found();
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let [first, second] = ["officer-1", "officer-2"].map(|name| city.officer(name).person.clone());
    let lend = |city: &mut SampleCity, absent: &str, days: (u64, u64)| {
        let at = |day: u64| records::time::seconds(city.now + day * DAY);
        let body = DelegateBody {
            action: RoleAction::Grant,
            person: deputy.clone(),
            absent: absent.into(),
            role: Role::RegistrationOfficer,
            scope: "shangzhou".into(),
            from: at(days.0),
            until: at(days.1),
        };
        city.done(&Body::Delegate(body), &BOTH);
    };
    lend(&mut city, &second, (0, 1));
    city.now += 2 * DAY;
    lend(&mut city, &first, (0, 3));
    lend(&mut city, &second, (20, 25));
    let order = new_person(&mut city, "0000000000000001");
    city.approve(order, "deputy").unwrap();
    city.approve(order, "officer-2").unwrap();
    city.enact(order, &[]).unwrap();
    let all = told(&city);
    let acting: Vec<_> = all.iter().filter(|one| one.contains("acts for")).collect();
    assert!(acting.len() == 1 && acting[0].contains(&first), "{all:#?}");
    let acted: Vec<_> = all.iter().filter(|one| one.contains("acting for")).collect();
    assert!(acted.len() == 1 && acted[0].contains(&first), "{all:#?}");
    // Whose role it is, is told of the absent; a role that was withdrawn before is no reason.
    let founded = all.iter().filter(|one| one.contains("founding statement"));
    assert_eq!(founded.count(), 2, "{all:#?}");
    let role = Role::RegistrationOfficer;
    city.done(&city.role_body(RoleAction::Grant, &deputy, role, "sz-office"), &BOTH);
    let order = new_person(&mut city, "0000000000000002");
    city.approve(order, "deputy").unwrap();
    city.approve(order, "officer-2").unwrap();
    let withdrawn = city.role_body(RoleAction::Withdraw, &deputy, role, "sz-office");
    let mut later = city.clone();
    city.enact(order, &[]).unwrap();
    let all = told(&city);
    assert!(!all.iter().any(|one| one.contains("act")), "a role of their own: {all:#?}");
    assert!(all.iter().any(|one| one.contains("granted registration-officer")), "{all:#?}");
    // That approval is no deputy's, where the own role is gone meanwhile; another one is.
    later.done(&withdrawn, &BOTH);
    assert_eq!(later.enact(order, &[]), Err(records::Code::ApprovalsMissing));
    later.approve(order, "deputy").unwrap();
    later.enact(order, &[]).unwrap();
    let all = told(&later);
    let acting = all.iter().filter(|one| one.contains("acting for"));
    assert_eq!(acting.count(), 1, "{all:#?}");
    assert!(!all.iter().any(|one| one.contains("granted registration-officer")), "{all:#?}");
}

/// Orders of a batch are told as approved in it: those that were opened, and those that were
/// not.
#[test]
fn an_order_of_a_batch_is_told_as_one_of_many() {
    let mut city = SampleCity::found();
    let ids: Vec<String> = (1..=8).map(|number| format!("{number:016}")).collect();
    let orders: Vec<OrderDigest> = ids.iter().map(|id| new_person(&mut city, id)).collect();
    let rows = orders.iter().map(|order| named_order(*order)).collect();
    let (of, action) = ("person".to_owned(), "create".to_owned());
    let sample = city.authority.sample_size(&of, ids.len());
    let body = BatchBody { of, action, rows, sample, flagged: vec![] };
    let batch = city.order(&Body::Batch(body.clone()));
    const OFFICERS: [&str; 2] = ["officer-1", "officer-2"];
    let opened = OFFICERS.map(|name| {
        let rows = body.to_open(&batch.0, &city.officer(name).person);
        rows.into_iter().cloned().collect::<Vec<Bytes>>()
    });
    assert!(opened.iter().all(|sample| (1..8).contains(&sample.len())));
    for (name, opened) in OFFICERS.iter().zip(&opened) {
        let officer = city.officer(name);
        let opened: Vec<u8> = opened.iter().flat_map(|row| row.0.clone()).collect();
        let (certificate, signer) = (&officer.certificate, &*officer.signer);
        let spoken = ApprovalClaim { acting_for: None, opened: &opened };
        let given = Approval::sign_spoken(batch.0, spoken, certificate, signer).unwrap();
        city.take(&given).unwrap();
    }
    for order in orders {
        city.enact(order, &[]).unwrap();
        let all = told(&city);
        let given: Vec<_> = all.iter().filter(|one| one.contains("Order ORDER")).collect();
        assert!(given.len() == 2 && given.iter().all(|one| one.contains("as one of 8 in batch")));
        let said = |word: &str| given.iter().filter(|one| one.contains(word)).count();
        let looked = opened.iter().filter(|rows| rows.contains(&named_order(order))).count();
        assert_eq!(said("their signature says that they opened it"), looked, "{all:#?}");
        let unsaid = said("their signature does not say that they opened it");
        assert_eq!(unsaid, 2 - looked, "{all:#?}");
    }
}
