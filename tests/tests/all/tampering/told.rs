//! Hands in what pages tell about certificates: whose one is, who may read it, and who approved it.

use super::brakes::execute;
use crate::forms::refused;
use pki::Certificate;
use records::enrolment::Collected;
use tests::Office;
use tests::web::{Site, encode};

fn leaf(collected: &Collected) -> Certificate {
    Certificate::read(&collected.chain[0].0).unwrap()
}

/// The serial number, and what stands of the certificate itself on its page and on no other.
fn known(one: &Certificate) -> (String, String) {
    let pem = one.pem();
    let signature = pem.lines().rev().filter(|line| !line.starts_with('-')).nth(1);
    (one.serial().to_string(), signature.unwrap().to_owned())
}

async fn found(site: &Site, text: &str) -> String {
    let page = site.get(&format!("/certificates?{}", encode(&[("find", text)])), "").await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

/// Rows give a certificate of another unit to somebody in an officer's care, and one of theirs away
/// with another's bytes: each is whose it was issued to. Its officer finds it also where its row is
/// gone, and another's is neither found nor read.
#[tokio::test]
async fn no_row_says_whose_certificate_it_is() {
    let office = Office::open().await;
    let (inside, collected) = office.official("王小明", "sz-office").await;
    let (own, own_bytes) = known(&leaf(&collected));
    let (outside, collected) = office.official("王大山", "sz-finance").await;
    let (other, other_bytes) = known(&leaf(&collected));
    let applied = office.register_officer("孙核验", "registration-officer", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let officer = office.officer(applied, &collected);
    let site = office.staff_site(Some(officer.identity()));
    let (ours, theirs) = (format!("/certificates/{own}"), format!("/certificates/{other}"));
    assert!(site.get(&ours, "").await.text.contains(&own_bytes));
    refused(&site.get(&theirs, "").await, 403, "approver-scope");

    let database = office.database().await;
    let (person, stranger) = (&inside.letter.person, &outside.letter.person);
    let given = "profile_id = 'staff', not_after = 1 where serial";
    let moved = "update person set unit_id = 'sz-office' where person_id";
    for hand in [
        format!("update certificate set subject = '{person}', {given} = '{other}'"),
        format!("update certificate set subject = '{stranger}', {given} = '{own}'"),
        format!("{moved} = '{stranger}'"),
        format!(
            "update certificate set certificate = (select c.certificate from certificate c \
             where c.serial = '{other}') where serial = '{own}'"
        ),
        "delete from certificate".into(),
    ] {
        execute(&database, &hand).await;
        for text in [person.as_str(), "王小明", "sz-office", &own] {
            let page = found(&site, text).await;
            assert!(page.contains(&ours) && !page.contains(&theirs), "{hand}: {text}: {page}");
        }
        for text in [stranger.as_str(), "王大山", &other] {
            let page = found(&site, text).await;
            let elsewhere = page.contains("管辖范围之外另有： 1");
            assert!(elsewhere && !page.contains(&theirs), "{hand}: {text}: {page}");
        }
        let page = site.get(&ours, "").await;
        assert!(page.status == 200 && page.text.contains("王小明"), "{hand}: {}", page.text);
        assert!(!page.text.contains(&other_bytes), "{hand}: another's bytes");
        assert!(page.text.contains("<dd>official</dd>"), "{hand}: {}", page.text);
        assert!(!page.text.contains("1970-01-01") && !page.text.contains("1970年"), "{hand}");
        refused(&site.get(&theirs, "").await, 403, "approver-scope");
    }
}
