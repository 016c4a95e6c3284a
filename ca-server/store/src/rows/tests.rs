//! Rows of people, as a leaving writes them.

use super::*;
use ca_host::CaConfig;
use records::order::PersonAction;
use sample_city::{SampleCity, first_name};

/// An order by which somebody leaves opens nothing of their record: their row keeps what does, also
/// when all rows are written anew.
#[tokio::test]
async fn what_opens_the_record_of_who_leaves_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::open(&CaConfig::nowhere().in_folder(folder.path())).await.unwrap();
    let mut city = SampleCity::found();
    let ids = [city.officer("officer-3").person.clone()];
    let [id] = &ids;
    let mut tx = store.write().await.unwrap();
    let held = city.authority.person(id).unwrap();
    write_person(&mut tx, id, held, &[first_name(id)]).await.unwrap();
    assert_eq!(people_differences(&mut tx, &city.authority, &ids).await.unwrap(), [""; 0]);
    let leave = city.person_body(PersonAction::Leave, id, "ln-office");
    city.done(&leave, &["security-1", "security-2"]);
    let found = people_differences(&mut tx, &city.authority, &ids).await.unwrap();
    assert_eq!(found, [format!("person {id}")]);
    let left = city.authority.person(id).unwrap();
    write_leaver(&mut tx, id, left).await.unwrap();
    assert!(left.left && left.roles.is_empty());
    assert_eq!(people_differences(&mut tx, &city.authority, &ids).await.unwrap(), [""; 0]);
    rewrite(&mut tx, &city.authority).await.unwrap();
    let opened = disclosures(&mut tx, id, left).await.unwrap();
    assert_eq!(opened, Some(vec![first_name(id)]));
    assert_eq!(people_differences(&mut tx, &city.authority, &ids).await.unwrap(), [""; 0]);
}
