//! Letters of the sample officials: made on the first day, and made anew when one is used up or
//! soon too old, so that what is printed can be followed whenever the city runs.

use crate::city::{City, Person};
use crate::demo::act::Actor;
use anyhow::Context;
use mtls::Client;
use portal_api::Public;
use records::enrolment::{LetterLookUp, Stage};
use records::letter::{EnrolmentCode, Letter, LetterKeys};
use std::path::Path;

/// Officials of the first day: name, unit.
const OFFICIALS: [(&str, &str); 4] = [
    ("王小明", "sz-office"),
    ("李丹", "sz-office"),
    ("张建国", "sz-finance"),
    ("刘洋", "sz-finance"),
];
/// A letter that is printed is good for at least this long.
const SECONDS_LEFT_MIN: u64 = 86_400;

/// Registers the first officials by orders that both officers approve, each with a letter.
pub(super) fn first_officials(folder: &Path) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    let actor = Actor::new(folder)?;
    for (name, unit) in OFFICIALS {
        let person = actor.register(name, unit)?;
        let mut official = Person {
            name: name.into(),
            role: "official".into(),
            unit: unit.into(),
            person,
            ..Person::default()
        };
        renew(folder, &actor, &mut official)?;
        city.people.push(official);
    }
    city.write(folder)
}

/// Makes a new letter for everybody whose letter nobody can apply with any more.
pub(super) async fn refresh(folder: &Path) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    let actor = Actor::new(folder)?;
    let mut people = std::mem::take(&mut city.people);
    for person in people.iter_mut().filter(|person| person.letter.is_some()) {
        if person.letter_html.is_none() || !can_apply(folder, person).await {
            println!("密码信封已用或将过期，重新制作 / a fresh letter for {}", person.name);
            renew(folder, &actor, person)?;
        }
    }
    city.people = people;
    city.write(folder)
}

/// The letter of a person as it lies in the city's folder.
pub(super) fn read(folder: &Path, person: &Person) -> anyhow::Result<Letter> {
    let place = person.letter.as_deref().context("no letter")?;
    Ok(serde_json::from_slice(&std::fs::read(folder.join(place))?)?)
}

fn renew(folder: &Path, actor: &Actor, person: &mut Person) -> anyhow::Result<()> {
    let letter = actor.letter(&person.person, &person.role)?;
    let below = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    person.letter = Some(below(&letter));
    person.letter_html = Some(below(&letter.with_extension("html")));
    Ok(())
}

/// Whether the portal takes an application with a person's letter; asked as its owner would ask.
async fn can_apply(folder: &Path, person: &Person) -> bool {
    let Ok(letter) = read(folder, person) else { return false };
    let expires = records::time::read(&letter.expires);
    let until = service::Clock::system().seconds() + SECONDS_LEFT_MIN;
    if expires.is_none_or(|expires| expires < until) {
        return false;
    }
    matches!(stage(&letter).await, Ok(Stage::Letter { .. }))
}

async fn stage(letter: &Letter) -> anyhow::Result<Stage> {
    let trust = &letter.trust;
    let founding = trust.founding.digest().context("founding")?;
    let root = trust.root_sha256.digest().context("root")?;
    let keys =
        LetterKeys::derive(&founding, &letter.reference, &EnrolmentCode::read(&letter.code)?);
    let look_up =
        LetterLookUp { reference: letter.reference.clone(), key: keys.lookup().as_slice().into() };
    let client = Client::new(&trust.portal_public, Some(mtls::tls::client(root, None)?))?;
    let record = Public(client).look_up(&look_up).await;
    Ok(record.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?.stage)
}
