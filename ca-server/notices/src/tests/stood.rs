//! At which of their addresses somebody is told, however late.

use super::outbox::{count, outbox, recorded};
use crate::deliver::Look;
use crate::notice::{Facts, Notice, NoticeKind};
use crate::recipient::Recipient;
use crate::stood::{ChangedLater, is_former};
use crate::tell::{self, Orders};
use authority::OrderDigest;
use ca_store::table::notice;
use ca_store::table::order::{self, OrderExtras, OrderRow};
use records::Disclosure;
use records::order::{Body, CONTACT_PATH, MAIL_PATH, PersonAction};
use records::record::Event;
use sample_city::SampleCity;
use sample_city::orders::SampleOrder;
use service::Clock;
use std::collections::BTreeSet;
use tokio::sync::watch;

fn mail(salt: u8, address: &str) -> Disclosure {
    Disclosure::new(MAIL_PATH, [salt; 32], address.into())
}

/// A record of somebody with a mail address.
fn with_mail(
    city: &mut SampleCity,
    (action, person): (PersonAction, &str),
    mail: &Disclosure,
) -> Body {
    let Body::Person(mut body) = city.person_body(action, person, "sz-office") else {
        panic!("it is about a person")
    };
    body.mail = Some(mail.commitment().unwrap());
    Body::Person(body)
}

/// A city in which somebody's address was changed right after that was asked for; the notice of it.
struct Scene {
    city: SampleCity,
    person: String,
    old: Disclosure,
    new: Disclosure,
    asked: Notice,
}

impl Scene {
    fn new() -> Self {
        let mut city = SampleCity::found();
        let (old, new) = (mail(1, "old@shangluo.example"), mail(2, "new@shangluo.example"));
        let person = city.id();
        let created = with_mail(&mut city, (PersonAction::Create, &person), &old);
        city.done(&created, &["officer-1", "officer-2"]);
        let moved = with_mail(&mut city, (PersonAction::Move, &person), &new);
        let digest = city.order(&moved);
        let record = city.log.last().unwrap().clone();
        for officer in ["officer-1", "officer-2"] {
            city.approve(digest, officer).unwrap();
        }
        let judged = city.authority.judge(digest, None, city.now).unwrap();
        city.enact(digest, &[]).unwrap();
        // All of it stands in one step: authority is the one behind the change.
        let mut changed = ChangedLater::default();
        changed.note(judged.order(), judged.body());
        let mut told = tell::told(&record, &city.authority, &Orders::new());
        assert_eq!(told.len(), 1);
        let mut asked = told.remove(0);
        changed.keep_in(&mut asked, &city.authority);
        Self { city, person, old, new, asked }
    }
}

/// Who asks for another address of somebody is told of at the one that stood, also where the change
/// is in force before anybody is told; what happens behind it goes to the new one.
#[test]
fn a_change_of_an_address_is_told_at_the_address_that_stood() {
    let scene = Scene::new();
    assert_eq!(scene.asked.kind, NoticeKind::RecordAsked);
    assert_eq!(scene.asked.facts.stood, Some(scene.old.commitment().unwrap()));
    assert!(is_former(&scene.asked, &scene.city.authority));
    let mut behind = scene.asked.clone();
    ChangedLater::default().keep_in(&mut behind, &scene.city.authority);
    assert_eq!(behind.facts.stood, Some(scene.new.commitment().unwrap()));
    assert!(!is_former(&behind, &scene.city.authority));
    // Orders that change no record change no address.
    let mut city = scene.city;
    let body = city.role_body(
        records::order::RoleAction::Grant,
        &scene.person,
        records::rules::Role::UnitHandler,
        "sz-office",
    );
    let digest = city.order(&body);
    let Some(Event::Order { order, .. }) = city.log.last().map(|record| &record.event) else {
        panic!("it was ordered")
    };
    let read = records::Order::read(&order.0).unwrap();
    assert_eq!(OrderDigest::of(&order.0), digest);
    let mut changed = ChangedLater::default();
    changed.note(&read, &body);
    changed.keep_in(&mut behind, &city.authority);
    assert_eq!(behind.facts.stood, Some(scene.new.commitment().unwrap()));
}

/// Who leaves keeps their address: what the order to leave says of it is what it was when that was
/// made, and may have been corrected since.
#[test]
fn who_leaves_is_told_at_the_address_that_was_corrected() {
    let mut city = SampleCity::found();
    let (old, new) = (mail(1, "old@shangluo.example"), mail(2, "new@shangluo.example"));
    let person = city.id();
    let created = with_mail(&mut city, (PersonAction::Create, &person), &old);
    city.done(&created, &["officer-1", "officer-2"]);
    let leaves = with_mail(&mut city, (PersonAction::Leave, &person), &old);
    let leave = city.order(&leaves);
    let corrected = with_mail(&mut city, (PersonAction::Move, &person), &new);
    city.done(&corrected, &["officer-1", "officer-2"]);
    for officer in ["officer-1", "officer-2"] {
        city.approve(leave, officer).unwrap();
    }
    let judged = city.authority.judge(leave, None, city.now).unwrap();
    city.enact(leave, &[]).unwrap();
    let mut changed = ChangedLater::default();
    changed.note(judged.order(), judged.body());
    let mut told = Notice::at(5, NoticeKind::Revoked, (&person, "x"), Facts::default());
    changed.keep_in(&mut told, &city.authority);
    assert_eq!(told.facts.stood, Some(new.commitment().unwrap()));
}

/// The address that stood counts where something opens it; the same one under another salt is no
/// other address, and where nothing opens it the one in force is told as before.
#[test]
fn an_address_that_stood_is_used_where_it_opens() {
    let scene = Scene::new();
    let stood = scene.asked.facts.stood.as_ref();
    let of = |opened: &[Disclosure]| {
        let own = Recipient::of(&scene.city.authority, &scene.person, opened);
        let (recipient, has_another) = own.addressed_as_it_stood((MAIL_PATH, stood), opened);
        (recipient.mail, has_another)
    };
    let (old, new) = ("old@shangluo.example".to_owned(), "new@shangluo.example".to_owned());
    assert_eq!(of(&[scene.old.clone(), scene.new.clone()]), (Some(old.clone()), true));
    assert_eq!(of(std::slice::from_ref(&scene.old)), (Some(old), false));
    assert_eq!(of(std::slice::from_ref(&scene.new)), (Some(new.clone()), false));
    let forged = mail(3, "attacker@shangluo.example");
    assert_eq!(of(&[forged, scene.new.clone()]), (Some(new), false), "nobody committed to it");
    let again = mail(7, "new@shangluo.example");
    let own = Recipient::of(&scene.city.authority, &scene.person, std::slice::from_ref(&scene.new));
    let committed = again.commitment().unwrap();
    let both = [again, scene.new.clone()];
    assert!(!own.addressed_as_it_stood((MAIL_PATH, Some(&committed)), &both).1);
}

/// What happened to a system before another contact and another leader came into force is told to
/// those who were, too: whoever changes them in the same step keeps nothing from them.
#[test]
fn a_system_is_told_of_to_whoever_had_it_then() {
    let anew = |one: &SampleOrder| {
        one.order["kind"] == "system" && one.order["body"]["action"] == "register"
    };
    let mut samples = sample_city::orders::all().into_iter().filter(anew);
    let sample = samples.find(|one| one.order["basis"].get("before").is_some()).unwrap();
    let mut order: records::Order = serde_json::from_value(sample.order.clone()).unwrap();
    let body = order.parts().unwrap().0;
    let former = "0123456789ABCDEG";
    order.basis.before.as_mut().unwrap()["leader"] = former.into();
    let Body::System(system) = &body else { panic!("{body:?}") };
    let mut changed = ChangedLater::default();
    changed.note(&order, &body);
    let notice = |contact, id: &str| {
        let facts = Facts { system: Some(id.to_owned()), contact, ..Facts::default() };
        Notice::at(5, NoticeKind::SystemAccount, (&system.leader, "x"), facts)
    };
    let authority = SampleCity::found().authority.clone();
    let leader = notice(false, &system.system);
    let told = changed.for_former_leader(&leader).unwrap();
    assert_eq!((told.person.as_str(), told.about.ends_with(former)), (former, true));
    assert_ne!(told.id(&[7; 32]), leader.id(&[7; 32]), "each is told once");
    assert!(changed.for_former_leader(&told).is_none());
    assert!(changed.for_former_leader(&notice(true, &system.system)).is_none());
    assert!(changed.for_former_leader(&notice(false, "another")).is_none());
    // The contact that stood is reached by what opens it beside the order that changed it.
    let mut contact = notice(true, &system.system);
    changed.keep_in(&mut contact, &authority);
    let stood = contact.facts.stood.as_ref();
    assert!(stood.is_some() && !is_former(&contact, &authority), "it is no person's address");
    let own = Recipient { mail: Some("new@shangluo.example".into()), ..Recipient::default() };
    let (told, has_another) = own.addressed_as_it_stood((CONTACT_PATH, stood), &sample.disclosures);
    assert_eq!((told.mail.as_deref(), has_another), (Some("old@shangluo.example"), true));
}

/// What is told late goes to the address that stood, and once more to the one in force: each once,
/// each under a name of its own. A telephone rings once.
#[tokio::test]
async fn what_is_told_late_goes_to_both_addresses_once() {
    let (mut delivery, folder) = outbox(&[], 0).await;
    let spool = folder.path().join("notices/spool");
    std::fs::create_dir_all(&spool).unwrap();
    let scene = Scene::new();
    let now = Clock::system().seconds();
    let ordered = OrderRow {
        digest: OrderDigest([9; 32]),
        order: "5GPJWBSG64S36D1N".into(),
        kind: "person",
        title: "王小明".into(),
        person: Some(scene.person.clone()),
        reference: None,
        bytes: Vec::new(),
        signature: Vec::new(),
        extras: OrderExtras {
            disclosures: vec![scene.new.clone(), scene.old.clone()],
            ..OrderExtras::default()
        },
        made: now,
        expires: now + 60,
        look: "",
        drafter: None,
    };
    let held = scene.city.authority.person(&scene.person).unwrap();
    let row = delivery.seal.row(&scene.asked, "spool", now).unwrap();
    let mut tx = delivery.store.write().await.unwrap();
    let opened = std::slice::from_ref(&scene.new);
    ca_store::rows::write_person(&mut tx, &scene.person, held, opened).await.unwrap();
    order::insert(&mut tx, vec![ordered]).await.unwrap();
    notice::insert(&mut tx, vec![row]).await.unwrap();
    tx.commit().await.unwrap();
    delivery.authority = watch::channel(Some(scene.city.authority.clone())).1;
    let addresses = || -> BTreeSet<(String, String)> {
        let entries = std::fs::read_dir(&spool).unwrap();
        let said = entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        let said = said.map(|file| serde_json::from_slice::<serde_json::Value>(&file).unwrap());
        let text = |said: &serde_json::Value, key: &str| said[key].as_str().unwrap().to_owned();
        said.map(|said| (text(&said, "mail"), text(&said, "id"))).collect()
    };
    assert_eq!(delivery.look().await.unwrap(), Look::More);
    let first = addresses();
    let mails: Vec<&str> = first.iter().map(|(mail, _)| mail.as_str()).collect();
    assert_eq!(mails, ["old@shangluo.example"]);
    assert_eq!(delivery.look().await.unwrap(), Look::More);
    let both = addresses();
    let mails: Vec<&str> = both.iter().map(|(mail, _)| mail.as_str()).collect();
    assert_eq!(mails, ["new@shangluo.example", "old@shangluo.example"]);
    assert_eq!(both.iter().map(|(_, id)| id).collect::<BTreeSet<_>>().len(), 2);
    assert!(matches!(delivery.look().await.unwrap(), Look::Idle(_)), "nothing comes a third time");
    assert_eq!(count(&delivery.store).await, 0);
    assert_eq!(recorded(&delivery.store).await.len(), 2);
    let again = scene.asked.again();
    assert!(again.goes_by("mail") && again.goes_by("spool") && !again.goes_by("webhook"));
    assert!(scene.asked.goes_by("webhook"));
    assert!(again.facts.stood.is_none(), "it goes to the one in force");
}
