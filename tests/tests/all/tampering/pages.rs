//! Hands in what pages tell about certificates and their holders: whose one is, who may read it,
//! who approved it, and what somebody was told.

use super::brakes::execute;
use crate::forms::refused;
use pki::Certificate;
use records::enrolment::CollectedCertificate;
use tests::Office;
use tests::processes::{is_postgres, until};
use tests::web::{Site, encode};

fn leaf(collected: &CollectedCertificate) -> Certificate {
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
        assert!(page.text.contains("official"), "{hand}: {}", page.text);
        assert!(!page.text.contains("1970-01-01") && !page.text.contains("1970年"), "{hand}");
        refused(&site.get(&theirs, "").await, 403, "approver-scope");
    }
}

/// Rows add somebody to those who approved, put somebody in an officer's place or leave one out,
/// have one act for somebody, or point a certificate to another order: the page tells those whose
/// approvals carried it, or that it can tell nobody.
#[tokio::test]
async fn no_row_tells_an_approver() {
    const NOBODY: &str = "此处没有可核实的批准人";
    const FOUNDING: &str = "建立声明";
    let office = Office::open().await;
    let (stranger, collected) = office.official("王大山", "sz-finance").await;
    let other = leaf(&collected).serial().to_string();
    let (_, collected) = office.official("王小明", "sz-office").await;
    let own = leaf(&collected).serial().to_string();
    let officer = office.first("officer-1");
    let site = office.staff_site(Some(officer.identity()));
    let page = async |serial: &str| {
        let page = site.get(&format!("/certificates/{serial}"), "").await;
        assert_eq!(page.status, 200, "{}", page.text);
        page.text
    };
    let first = page(&officer.leaf().serial().to_string()).await;
    assert!(first.contains(FOUNDING) && !first.contains(NOBODY), "{first}");

    let database = office.database().await;
    let hands = hands((&stranger.letter.person, &officer.person), (&own, &other));
    for (hand, tells) in hands {
        for table in ["consumed_approval", "certificate"] {
            execute(&database, &format!("create table hand_{table} as select * from {table}"))
                .await;
        }
        execute(&database, &hand).await;
        let told = page(&own).await;
        let both = told.contains("陈登记") && told.contains("赵审核");
        assert_eq!((both, told.contains(NOBODY)), (tells, !tells), "{hand}: {told}");
        assert!(!told.contains("王大山") && !told.contains(FOUNDING), "{hand}: {told}");
        for table in ["consumed_approval", "certificate"] {
            execute(&database, &format!("delete from {table}")).await;
            execute(&database, &format!("insert into {table} select * from hand_{table}")).await;
            execute(&database, &format!("drop table hand_{table}")).await;
        }
    }
    let told = page(&own).await;
    assert!(told.contains("陈登记") && told.contains("赵审核"), "{told}");
}

/// How a hand has somebody told who approved nothing, and whether the page tells who did.
fn hands((nobody, known): (&str, &str), (own, other): (&str, &str)) -> [(String, bool); 6] {
    let insert = format!(
        "insert into consumed_approval \
         (person_id, order_digest, acting_for, batch, batch_rows, opened, mac) \
         select '{nobody}', order_digest, acting_for, batch, batch_rows, opened"
    );
    let of = format!("from consumed_approval where person_id = '{known}'");
    let exchange = "update consumed_approval set person_id";
    [
        (format!("{insert}, mac {of}"), false),
        (format!("{insert}, null {of}"), true),
        (format!("{exchange} = '{nobody}' where person_id = '{known}'"), false),
        (format!("update consumed_approval set acting_for = '{nobody}'"), false),
        (format!("delete {of}"), false),
        (
            format!(
                "update certificate set under = (select c.under from certificate c \
                 where c.serial = '{other}') where serial = '{own}'"
            ),
            false,
        ),
    ]
}

/// Rows give a notice to somebody else, and add one that was never made: on their own page people
/// read of those that the log says were sent to them.
#[tokio::test]
async fn no_row_tells_what_somebody_was_told() {
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    let own = office.staff_site(Some(office.officer(official, &collected).identity()));
    let (other, collected) = office.official("王大山", "sz-finance").await;
    let stranger = other.letter.person.clone();
    let theirs = office.staff_site(Some(office.officer(other, &collected).identity()));
    let issued = "证书已签发";
    for site in [&own, &theirs] {
        let told = async || site.get("/certificate", "").await.text.contains(issued);
        until("the page says what was sent", told).await;
    }

    let database = office.database().await;
    let said = match is_postgres() {
        true => "convert_to('{\"kind\":\"revoked\"}', 'UTF8')",
        false => "cast('{\"kind\":\"revoked\"}' as blob)",
    };
    execute(&database, &format!("update notice set notice = {said}")).await;
    assert!(!own.get("/certificate", "").await.text.contains("证书已吊销"));
    let moved = format!("update notice set person_id = '{person}' where person_id = '{stranger}'");
    execute(&database, &moved).await;
    let counted = own.get("/certificate", "").await.text.matches(issued).count();
    assert_eq!(counted, 1, "only their own");
}
