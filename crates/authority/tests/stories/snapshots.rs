//! The kept form: everything comes back, little is written again, and a copy is a value.

use crate::{key, with_letter};
use authority::{Authority, PartName, Parts, PartsError};
use records::code::Code;
use sample_city::{SampleCity, SamplePasskey};

/// A city with something in every table.
fn busy() -> SampleCity {
    let (mut city, person, reference) = with_letter();
    let serial = city.certify(&reference, &key());
    city.revoke(&person, &[serial]);
    let open = city.letter(&person, "official");
    let order = city.apply_for(&open, &key());
    city.approve(order, "officer-1").unwrap();
    let other = city.letter(&person, "official");
    let other = city.certify(&other, &key());
    city.order(&city.revoke_body(&person, &[other]));
    let mut passkey = SamplePasskey::new(&mut city);
    passkey.counter = 3;
    let officer = city.officer("officer-1").clone();
    let body = passkey.credential(&city, &officer, |_| {});
    city.done(&body, &["security-1"]);
    let renew = city.renewal(None, &key());
    let (_, used) = city.used_event(&renew);
    city.apply(used).unwrap();
    let (_, held) = city.official("one");
    city.suspend("officer-1", held).unwrap();
    let (_, released) = city.official("other");
    city.suspend("other", released).unwrap();
    city.release(released, &["officer-1", "officer-2"]);
    city
}

#[test]
fn what_was_kept_is_taken_up_whole() {
    let city = busy();
    let parts = city.authority.parts();
    let mut again = Authority::from_parts(&city.founding, &parts).unwrap();
    assert_eq!(again.parts(), parts);
    // It goes on as the original does, indexes included.
    let mut city = city;
    let person = city.register("sz-office");
    let order = city.order(&city.revoke_body(&person, &[]));
    let records = city.log.split_off(city.log.len() - 5);
    for record in &records {
        again.apply(record).unwrap();
    }
    assert_eq!(again.parts(), city.authority.parts());
    assert_eq!(again.open_orders_about(&person).len(), 1);
    assert_eq!(again.judge(order, None, city.now).unwrap_err(), Code::StateConflict);
    assert_eq!(again.signatures().verifications(), 6, "only what was new was verified");
}

#[test]
fn a_certificate_changes_few_parts() {
    let mut city = SampleCity::found();
    for _ in 0..20 {
        let person = city.register("sz-office");
        city.letter(&person, "official");
    }
    let person = city.register("sz-office");
    let reference = city.letter(&person, "official");
    let before = city.authority.clone();
    assert!(city.authority.changed_parts(&before).is_empty());
    city.certify(&reference, &key());
    let changed = city.authority.changed_parts(&before);
    let names: Vec<String> = changed.keys().map(ToString::to_string).collect();
    let tables: Vec<&str> = names.iter().map(|name| name.split_once('.').unwrap().0).collect();
    let expected = ["challenges", "city", "closed", "held", "intents", "letters", "people"];
    let mut sorted = tables.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    // What was kept and what changed since is what is kept now.
    let mut parts = before.parts();
    for (name, part) in changed {
        match part {
            Some(part) => parts.insert(name, part),
            None => parts.remove(&name),
        };
    }
    assert_eq!(parts, city.authority.parts());
}

#[test]
fn a_copy_does_not_see_what_comes_later() {
    let (mut city, _, reference) = with_letter();
    let copy = city.authority.clone();
    let parts = copy.parts();
    let serial = city.certify(&reference, &key());
    assert!(copy.held(&serial.to_string()).is_none());
    assert_eq!(copy.parts(), parts);
    assert!(city.authority.held(&serial.to_string()).is_some());
}

#[test]
fn what_cannot_be_read_or_is_anothers_is_not_taken_up() {
    let city = busy();
    let parts = city.authority.parts();
    let take = |founding: &[u8; 32], parts: &Parts| Authority::from_parts(founding, parts).err();
    assert_eq!(take(&city.founding, &parts), None);
    assert_eq!(take(&[7; 32], &parts), Some(PartsError::AnotherCity));
    assert_eq!(take(&city.founding, &Parts::new()), Some(PartsError::Malformed));
    for name in parts.keys() {
        let mut cut = parts.clone();
        cut.get_mut(name).unwrap().pop();
        assert_eq!(take(&city.founding, &cut), Some(PartsError::Malformed), "{name}");
        assert_eq!(name.to_string().parse::<PartName>(), Ok(*name));
    }
    for name in ["", "city", "city.", "city.0", "city.00000", "../city.0000", "City.0000"] {
        assert_eq!(name.parse::<PartName>(), Err(PartsError::Malformed), "{name}");
    }
}
