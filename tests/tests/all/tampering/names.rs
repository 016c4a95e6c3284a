//! Hands that name people in rows: whoever searches, or lists, reads the names that authority
//! holds, and the id of whom no name opens.

use std::process::Command;
use tests::desk::Desk;
use tests::processes::until;
use tests::{Office, binary};

/// What an auditor's own program finds about a person.
fn searched(office: &Office, person: &str) -> String {
    let mut command = Command::new(binary("yinxin"));
    command.args(["audit", "search", "--log", "control", "--person", person]);
    command.arg("--trust").arg(office.path("ca/trust.json"));
    for (option, end) in [("--cert", "pem"), ("--key", "key"), ("--passphrase-file", "passphrase")]
    {
        command.arg(option).arg(office.path(&format!("people/auditor.{end}")));
    }
    let output = command.env("XDG_STATE_HOME", office.path("state")).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn listed(office: &Office, words: &[&str]) -> String {
    String::from_utf8(office.ca(words).stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_name_nobody_in_a_search() {
    const COMMITTED: &str = "王小明";
    const WRITTEN: &str = "赵副市长";
    let office = Office::open().await;
    let person = office.register(COMMITTED, "sz-office").await;
    office.letter(&person, "official");
    until("the index has it", async || searched(&office, &person).contains(COMMITTED)).await;

    let site = office.staff_site(Some(office.first("auditor").identity()));
    let desk = Desk::open(&office, "auditor").await;
    let page = format!("/audit?log=control&who={person}");
    let database = office.database().await;
    let changes = [
        ("update person set name = $1", COMMITTED),
        // What opens nothing brings no name, and the row's own is not taken in its place.
        ("update person set disclosures = '[]', name = $1", person.as_str()),
    ];
    for (change, told) in changes {
        sqlx::query(change).bind(WRITTEN).execute(&database).await.unwrap();
        let all = [
            ("a search", searched(&office, &person)),
            ("a desk", desk.get(&page).await.text),
            ("a page", site.get(&page, "").await.text),
            ("a list", listed(&office, &["person", "list"])),
            ("a list for machines", listed(&office, &["--json", "person", "list"])),
        ];
        for (of, text) in all {
            assert!(!text.contains(WRITTEN), "{of}: {text}");
            assert!(text.contains(told), "{of}: {text}");
        }
    }
    // Nor is what a row says that an order is about, and of a unit.
    sqlx::query("update ordered set about = $1").bind(WRITTEN).execute(&database).await.unwrap();
    let orders = listed(&office, &["order", "list", "--only", "all"]);
    assert!(!orders.contains(WRITTEN) && orders.contains(COMMITTED), "{orders}");
    let unit = "update unit set name = $1, open = 0 where unit_id = 'sz-office'";
    sqlx::query(unit).bind(WRITTEN).execute(&database).await.unwrap();
    let units = listed(&office, &["unit", "list"]);
    assert!(!units.contains(WRITTEN) && !units.contains("已撤销"), "{units}");
}
