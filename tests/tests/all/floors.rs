//! Floors: whoever signs a history remembers in a directory of its own how far it went.

use tests::Office;
use tests::processes::until;

/// A database that went back below what the log signed is signed no second history, and the log
/// says so.
#[tokio::test]
async fn a_database_that_went_back_is_signed_no_second_history() {
    let mut office = Office::open().await;
    let copy = office.path("copy.db");
    office.copy_database(&copy).await;
    office.register("王小明", "sz-office").await;
    let database = office.database().await;
    until("everything is in the tree", async || {
        let waiting: (i64,) =
            sqlx::query_as("select count(*) from log_pending").fetch_one(&database).await.unwrap();
        waiting.0 == 0
    })
    .await;
    for name in ["portal-staff", "portal-public", "issuer", "status", "log"] {
        office.stop(name);
    }
    database.close().await;
    let published = std::fs::read(office.path("ca/public/log/control/checkpoint")).unwrap();
    office.put_back(&copy);
    let database = office.database().await;
    let head = async || -> (i64, String) {
        let head = "select size, checkpoint from log_head where log_id = 'control'";
        sqlx::query_as(head).fetch_one(&database).await.unwrap()
    };
    let before = head().await;
    sqlx::query(
        "insert into log_pending (log_id, record_id, record, salt, entry) \
         select 'control', $1, record, salt, entry from log_entry \
         where log_id = 'control' and idx = 1",
    )
    .bind(vec![7u8; 16])
    .execute(&database)
    .await
    .unwrap();
    office.spawn("log", &[]);
    let admin = office.admin("log");
    until("the log says what is wrong", async || {
        admin.get("/readyz").await.is_ok_and(|answer| {
            String::from_utf8_lossy(answer.body()).contains("no second history is signed")
        })
    })
    .await;
    assert_eq!(head().await, before, "a second history was signed");
    let now = std::fs::read(office.path("ca/public/log/control/checkpoint")).unwrap();
    assert_eq!(now, published, "a second history was published");
}
