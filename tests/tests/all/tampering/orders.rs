//! Hands in the rows of orders, as operators and officers name them.

use super::brakes::execute;
use records::Order;
use records::order::Body;
use tests::Office;
use tests::processes::until;

fn said(office: &Office, words: &[&str]) -> String {
    String::from_utf8(office.ca(words).stdout).unwrap()
}

/// Rows say of an order that it is done, of another kind and over, and approved by somebody else;
/// then they give its id to another one. Operators read what the log says, and nobody takes back,
/// exports or fetches another order than the one that they name; whoever closes a portal closes the
/// one that is there.
#[tokio::test]
async fn no_row_tells_of_another_order() {
    let office = Office::open().await;
    let words =
        |name| ["person", "create", "--name", name, "--unit", "sz-office", "--evidence", "x"];
    let (mine, _) = office.draft(&words("王小明"));
    let (other, nobody) = office.draft(&words("李丹"));
    let officer = office.first("officer-1");
    office.approve(&officer, &mine).await.unwrap();
    let show = ["--json", "order", "show", mine.as_str()];
    until("the approval counts", async || said(&office, &show).contains(&officer.person)).await;
    let before = said(&office, &show);
    assert!(before.contains("\"open\"") && before.contains("王小明"), "{before}");

    let database = office.database().await;
    for hand in [
        "update ordered set state = 'done', kind = 'revoke', expires = 1, about = 'x'".to_owned(),
        format!(
            "insert into approval (order_digest, person_id, approval, received) \
             select order_digest, '{nobody}', approval, 1 from approval"
        ),
    ] {
        execute(&database, &hand).await;
        assert_eq!(said(&office, &show), before, "{hand}");
        let open = said(&office, &["order", "list"]);
        assert!(open.contains(&mine) && open.contains(&other), "{hand}: {open}");
        let done = said(&office, &["order", "list", "--only", "done"]);
        assert!(!done.contains(&mine) && !done.contains(&other), "{hand}: {done}");
    }

    let id = "update ordered set order_id";
    execute(&database, &format!("{id} = '0000000000000001' where order_id = '{other}'")).await;
    execute(&database, &format!("{id} = '{other}' where order_id = '{mine}'")).await;
    let out = office.path("order.json");
    let out = out.to_str().unwrap();
    for words in [&["order", "withdraw", &other][..], &["order", "export", &other, "--out", out]] {
        assert_eq!(office.ca(words).status.code(), Some(4), "{words:?}");
    }
    // Officers get the one that bears it, whatever its row says.
    let fetched = office.staff(&officer).fetch(&other).await.unwrap();
    assert_eq!(Order::read(&fetched.signed.order.0).unwrap().order, other);
    assert_eq!(said(&office, &show), before, "nobody took it back");
    assert!(said(&office, &["order", "show", &other]).contains("李丹 · "));

    let moved = "update portal set public_host = 'x.localhost', unit_id = 'sz-office'";
    execute(&database, moved).await;
    let (closing, _) = office.draft(&["portal", "close", "portal-1"]);
    let found = sqlx::query_as("select order_bytes from ordered where order_id = $1");
    let (bytes,): (Vec<u8>,) = found.bind(&closing).fetch_one(&database).await.unwrap();
    match Order::read(&bytes).unwrap().body().unwrap() {
        Body::Portal(body) => {
            assert_ne!(body.public_host, "x.localhost");
            assert_ne!(body.unit, "sz-office");
        }
        other => panic!("{other:?}"),
    }
}
