//! What a city begins with, and how much of it: whoever reads a statement of somebody else's is
//! soon done with it.

use authority::Authority;
use records::code::Code;
use records::founding::{FirstService, FirstUnit, Founding};
use records::label::Label;
use records::order::{Body, ProfileRef, UnitAction, UnitBody};
use records::record::Event;
use sample_city::SampleCity;

const BOTH: [&str; 2] = ["security-1", "security-2"];
/// The city, and so many below it.
const DEEP: usize = 32;

/// Whether a city begins with this statement, changed and signed anew.
fn begins(city: &SampleCity, change: impl FnOnce(&mut Founding)) -> bool {
    let mut record = city.log.first().unwrap().clone();
    let Event::Founding { statement, signature, .. } = &mut record.event else { unreachable!() };
    let mut stated = Founding::read(&statement.0).unwrap();
    change(&mut stated);
    statement.0 = records::json::write(&stated).unwrap();
    signature.0 = Label::Founding.sign(&city.keys.root, &statement.0).unwrap();
    let digest = records::founding::digest(&statement.0);
    Authority::found(&record, &digest).is_ok()
}

/// So many units more, the first below the city and each other below the one before it.
fn below_the_last(stated: &mut Founding, count: usize) {
    let mut parent = stated.units.first().unwrap().unit.clone();
    for place in 0..count {
        let unit = format!("deep-{place}");
        stated.units.push(FirstUnit {
            unit: unit.clone(),
            name: unit.clone(),
            county: false,
            parent: Some(parent),
        });
        parent = unit;
    }
}

#[test]
fn a_founding_states_so_much_and_no_more() {
    let city = SampleCity::found();
    assert!(begins(&city, |_| ()));
    assert!(begins(&city, |stated| below_the_last(stated, DEEP - 1)));
    assert!(!begins(&city, |stated| below_the_last(stated, DEEP)));

    let services = |stated: &mut Founding, count: usize| {
        let own = stated.services.len();
        stated.services.extend((own..count).map(|place| FirstService {
            service: format!("service-{place}"),
            unit: "city".into(),
            keys: Vec::new(),
        }));
    };
    assert!(begins(&city, |stated| services(stated, 64)));
    assert!(!begins(&city, |stated| services(stated, 65)));
    let keys = |stated: &mut Founding, count: usize| {
        let own = &mut stated.services[0].keys;
        let last = own[own.len() - 1].clone();
        own.resize(count, last);
    };
    assert!(begins(&city, |stated| keys(stated, 16)));
    assert!(!begins(&city, |stated| keys(stated, 17)));
    let authorizations = |stated: &mut Founding, count: usize| {
        let first = stated.authorizations[0].clone();
        stated.authorizations.resize(count, first);
    };
    assert!(begins(&city, |stated| authorizations(stated, 512)));
    assert!(!begins(&city, |stated| authorizations(stated, 513)));
    // A file is kept with each profile that names it.
    assert!(!begins(&city, |stated| {
        let digest = stated.profiles[0].digest.clone();
        stated.profiles.push(ProfileRef { id: "again".into(), version: 1, digest });
    }));
}

#[test]
fn units_stand_so_deep_and_no_deeper() {
    let mut city = SampleCity::found();
    let body = |action, unit: &str, name: &str, parent: &str| {
        let (unit, name, parent) = (unit.into(), name.into(), parent.into());
        Body::Unit(UnitBody { action, unit, county: false, name, parent })
    };
    let (mut lowest, mut parent) = ("sz-office".to_owned(), String::new());
    while city.authority.above(&lowest).len() < DEEP {
        let unit = format!("deep-{}", city.authority.above(&lowest).len());
        city.done(&body(UnitAction::Create, &unit, &unit, &lowest), &BOTH);
        parent = std::mem::replace(&mut lowest, unit);
    }
    let beside = body(UnitAction::Create, "beside", "beside", &parent);
    assert_eq!(city.authority.fits(&beside), Ok(()));
    let deeper = body(UnitAction::Create, "deeper", "deeper", &lowest);
    assert_eq!(city.authority.fits(&deeper), Err(Code::StateConflict));
    let held = city.authority.unit("ln-office").unwrap().name.clone();
    let moved = |parent: &str| body(UnitAction::Move, "ln-office", &held, parent);
    assert_eq!(city.authority.fits(&moved(&parent)), Ok(()));
    assert_eq!(city.authority.fits(&moved(&lowest)), Err(Code::StateConflict));
    // A unit takes along what lies below it.
    let unit = city.authority.above("ln-office")[1].to_owned();
    let held = city.authority.unit(&unit).unwrap().clone();
    let with_its_office = |parent: &str| {
        let (action, unit, parent) = (UnitAction::Move, unit.clone(), parent.into());
        Body::Unit(UnitBody { action, unit, county: held.county, name: held.name.clone(), parent })
    };
    let higher = city.authority.above(&parent)[1].to_owned();
    assert_eq!(city.authority.fits(&with_its_office(&higher)), Ok(()));
    assert_eq!(city.authority.fits(&with_its_office(&parent)), Err(Code::StateConflict));
}
