//! Who leaves: from where they are, by an order of their record as it is, or as it was before
//! somebody corrected it.

use authority::{Authority, Person};
use records::bytes::Bytes;
use records::code::Code;
use records::order::{Body, PersonAction, PersonBody};
use sample_city::{SampleCity, sha256};

const OFFICERS: [&str; 2] = ["officer-1", "officer-2"];

/// Somebody's record in an office of Shangzhou, changed.
fn record(
    city: &mut SampleCity,
    (action, person): (PersonAction, &str),
    change: impl FnOnce(&mut PersonBody),
) -> Body {
    let Body::Person(mut body) = city.person_body(action, person, "sz-office") else {
        panic!("it is about a person")
    };
    change(&mut body);
    Body::Person(body)
}

fn number(drawn: u8) -> Option<Bytes> {
    Some([drawn; 32].into())
}

/// However often a record is corrected meanwhile: whoever signed has nothing to sign anew, and the
/// order undoes nothing of what was corrected.
#[test]
fn no_correction_keeps_anybody_in_office() {
    for corrections in 1..=3_u8 {
        let mut city = SampleCity::found();
        let (person, other) = (city.id(), city.id());
        let created =
            record(&mut city, (PersonAction::Create, &person), |body| body.number = number(9));
        city.done(&created, &OFFICERS);
        let leave = city.person_body(PersonAction::Leave, &person, "sz-office");
        let leave = city.order(&leave);
        city.approve(leave, "officer-1").unwrap();
        for drawn in 0..corrections {
            let corrected = record(&mut city, (PersonAction::Move, &person), |body| {
                body.name = sha256(&[drawn]);
                body.mail = Some(sha256(&[drawn, 1]));
                body.number = number(drawn);
            });
            city.done(&corrected, &OFFICERS);
        }
        let held = city.authority.person(&person).unwrap().clone();
        city.approve(leave, "officer-2").unwrap();
        let event = city.enacted_event(leave, &[]).unwrap();
        city.pending(event);
        assert!(city.authority.has_left(&person), "felt at once");
        let fresh = record(&mut city, (PersonAction::Create, &other), |body| {
            body.number = number(9);
        });
        assert_eq!(city.authority.fits(&fresh), Ok(()), "a number that was given up is free");
        city.authority.forget_pending();
        city.enact(leave, &[]).unwrap();
        assert_eq!(*city.authority.person(&person).unwrap(), Person { left: true, ..held });
        for drawn in [9].into_iter().chain(0..corrections) {
            assert!(city.authority.numbered(&[drawn; 32]).is_none(), "{drawn} is free again");
        }
        let parts = city.authority.parts();
        assert_eq!(Authority::from_parts(&city.founding, &parts).unwrap().parts(), parts);
    }
}

/// A transfer is no correction: where somebody is by now, others answer for them. Nor does an order
/// count that says another record than the one that is held, or one to come.
#[test]
fn who_leaves_does_so_from_where_they_are() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let leave = city.person_body(PersonAction::Leave, &person, "sz-office");
    let fits = |city: &SampleCity, change: &dyn Fn(&mut PersonBody)| {
        let Body::Person(mut body) = leave.clone() else { panic!("it is about a person") };
        change(&mut body);
        city.authority.fits(&Body::Person(body))
    };
    let as_it_is = |_: &mut PersonBody| ();
    assert_eq!(fits(&city, &as_it_is), Ok(()));
    let others: [&dyn Fn(&mut PersonBody); 4] = [
        &|body: &mut PersonBody| body.version = 0,
        &|body: &mut PersonBody| body.version += 1,
        &|body: &mut PersonBody| body.unit = "shangzhou".into(),
        &|body: &mut PersonBody| body.number = number(7),
    ];
    for change in others {
        assert_eq!(fits(&city, change), Err(Code::PersonChanged));
    }
    let order = city.order(&leave);
    for officer in OFFICERS {
        city.approve(order, officer).unwrap();
    }
    let away = city.person_body(PersonAction::Move, &person, "shangzhou");
    city.done(&away, &OFFICERS);
    assert_eq!(city.enact(order, &[]), Err(Code::PersonChanged));
    // Back again, they are in the care of those who consented.
    let back = city.person_body(PersonAction::Move, &person, "sz-office");
    city.done(&back, &OFFICERS);
    city.enact(order, &[]).unwrap();
    assert_eq!(fits(&city, &as_it_is), Err(Code::PersonLeft));
}
