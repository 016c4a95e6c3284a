//! The pages that say how the city stands, and those that decline: what the CA says now, to whom it concerns.

use tests::processes::until;
use tests::{Office, web::Page};

fn refused(page: &Page, status: u16, code: &str) {
    assert_eq!(page.status, status, "{}", page.text);
    assert!(page.text.contains(code), "{}", page.text);
}

/// What works says so; what is late says what to type, as soon as the CA's clock sees it.
#[tokio::test]
async fn officers_see_how_the_city_stands() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    until("the gate is heard of", async || {
        let page = site.get("/state", "").await;
        page.text.contains("一切正常") && page.text.contains("tag good")
    })
    .await;
    let page = site.get("/state", "").await;
    assert!(page.text.contains("gate-1") && page.text.contains("issuing-1"), "{}", page.text);
    let page = site.get("/applications", "").await;
    assert!(page.text.contains("正常服务") && page.text.contains("exchange"), "{}", page.text);

    // A minute without the log and the gate.
    office.kill("agent");
    office.kill("log");
    office.ca(&["person", "create", "--name", "李丹", "--unit", "sz-office", "--evidence", "x"]);
    office.stop("issuer");
    office.spawn("issuer", &[("YINXIN_CLOCK_OFFSET", "61")]);
    let late = async || {
        let page = site.get("/state", "").await;
        page.text.contains("定序停止") && page.text.contains("已失联")
    };
    until("the page says what stands still", late).await;
    let page = site.get("/state", "").await;
    for command in ["ca-server serve log", "agent serve"] {
        assert!(page.text.contains(command), "{}", page.text);
    }
    assert!(site.get("/applications", "").await.text.contains("已失联"));
}

/// The owner of an application sees the gates of their unit and no others; who has no role sees none.
#[tokio::test]
async fn owners_see_their_own_applications() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    let owner = async |scope: &str| {
        let applied = office.register_officer("郑应用", "application-owner", scope).await;
        let order = office.apply(&applied).await;
        office.approve_by_both(&order).await;
        let collected = office.collect(&applied).await;
        office.staff_site(Some(office.officer(applied, &collected).identity()))
    };
    let (near, far) = (owner("sz-office").await, owner("sz-finance").await);
    for path in ["/state", "/applications"] {
        assert!(near.get(path, "").await.text.contains("gate-1"), "{path}");
        let page = far.get(path, "").await;
        assert!(page.status == 200 && !page.text.contains("gate-1"), "{path}: {}", page.text);
    }
    let (official, collected) = office.official("王小明", "sz-office").await;
    let official = office.staff_site(Some(office.officer(official, &collected).identity()));
    refused(&official.get("/applications", "").await, 403, "not-your-route");
}

/// Before anybody signs a decline the page shows what will be signed; without a passkey it says what to type.
/// What is hostile in a reason does nothing there, nor for whoever applied.
#[tokio::test]
async fn declining_is_shown_before_it_is_signed() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    let address = format!("/orders/{order}/decline");
    let hostile = "<b>单位\u{202e}不对</b>'; rm\r\n第二行";
    let form = [("outcome", "returned"), ("reason", hostile)];
    let page = site.post(&address, "", &form).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let command = format!("yinxin return {order} --reason &#39;&#60;b&#62;单位‹U+202E›不对");
    assert!(page.text.contains(&command) && page.text.contains("rm 第二行"), "{}", page.text);
    assert!(!page.text.contains("<b>") && !page.text.contains('\u{202e}'));
    for (outcome, reason) in [("returned", " \r\n "), ("approved", "x"), ("", "x")] {
        let form = [("outcome", outcome), ("reason", reason)];
        refused(&site.post(&address, "", &form).await, 400, "malformed");
    }
    let long = "长".repeat(501);
    let form_long = [("outcome", "rejected"), ("reason", long.as_str())];
    refused(&site.post(&address, "", &form_long).await, 400, "malformed");
    let unknown = site.post("/orders/0000000000000000/decline", "", &form).await;
    refused(&unknown, 404, "order-unknown");
    let forged = [
        ("statement", "AA"),
        ("salt", "AA"),
        ("reason", "x"),
        ("credential", "AA"),
        ("authenticator_data", "AA"),
        ("client_data", "AA"),
        ("signature", "AA"),
    ];
    refused(&site.post(&format!("{address}d"), "", &forged).await, 400, "malformed");
    let auditor = office.staff_site(Some(office.first("auditor").identity()));
    refused(&auditor.post(&address, "", &form).await, 403, "not-your-route");
    // Nothing happened to the order.
    office.approve_by_both(&order).await;
    office.collect(&official).await;
}
