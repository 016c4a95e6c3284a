//! The pages that say how the city stands, and those that decline: what the CA says now, to whom it
//! concerns.

use portal_api::Pages;
use records::export::ReviewFlag;
use std::time::{Duration, Instant};
use tests::gate::{Application, Gate};
use tests::processes::until;
use tests::{Office, Officer, web::Page};

fn refused(page: &Page, status: u16, code: &str) {
    assert_eq!(page.status, status, "{}", page.text);
    assert!(page.text.contains(code), "{}", page.text);
}

/// What works says so; what is late says what to type, as soon as the CA's clock sees it.
#[tokio::test]
async fn officers_see_how_the_city_stands() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    office.start("notices", &[]).await;
    office.start("portal-machines", &[]).await;
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    until("the gate is heard of, and everybody answers", async || {
        let page = site.get("/state", "").await;
        page.text.contains("下列各项正常") && page.text.contains("tag good")
    })
    .await;
    let page = site.get("/state", "").await;
    // It says whom it speaks by.
    assert!(page.text.contains("/readyz") && !page.text.contains("一切正常"), "{}", page.text);
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
        page.text.contains("日志写入停止") && page.text.contains("已失联")
    };
    until("the page says what stands still", late).await;
    let page = site.get("/state", "").await;
    for command in ["ca-server serve log", "agent serve"] {
        assert!(page.text.contains(command), "{}", page.text);
    }
    assert!(site.get("/applications", "").await.text.contains("已失联"));
}

/// What is full, and who does not answer, is told of all processes: of the CA's by the issuer, of
/// the portal's by the portal, of gates by what they recorded; on the CA's host without any portal.
#[tokio::test]
async fn what_is_full_is_told_of_all_processes() {
    let mut office = Office::open().await;
    office.joined(&["localhost"]).await;
    office.configure_gate(
        "[limits]\nconnections_unproven = 8\nunproven_of_source = 8\nhead_seconds = 60\n",
    );
    let application = Application::serve(office.port(14)).await;
    office.start("agent", &[]).await;
    let gate = Gate { port: office.port(12), application };
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    let shown = async || site.get("/state", "").await.text;
    // The row of a process, up to the next one.
    let row = |page: &str, process: &str| {
        let ends = [format!(">{process}</th>"), format!(">{process}</span></th>")];
        let (_, row) = ends.iter().find_map(|end| page.split_once(end.as_str())).unwrap();
        row.split("</tr>").next().unwrap().to_owned()
    };
    // Nobody started this one.
    until("whoever does not answer is told", async || {
        row(&shown().await, "notices").contains("无应答，自")
    })
    .await;
    let answers = || {
        let said = office.ca_json(&["status"]);
        let said = said["processes"].as_array().unwrap().iter();
        said.map(|one| one["answers"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(answers(), [true, true, true, false], "issuer, status, log, notices");
    office.start("notices", &[]).await;
    office.start("portal-machines", &[]).await;
    let portals = ["portal-staff", "portal-public", "portal-machines"];
    for process in ["issuer", "status", "log", "notices"].into_iter().chain(portals) {
        until(&format!("{process} answers"), async || {
            let row = row(&shown().await, process);
            row.contains("正常") && !row.contains("无应答")
        })
        .await;
    }
    let said = office.ca_json(&["status"]);
    assert!(said["processes"][3]["answers"] == true, "{said}");
    for process in ["status", "portal-public", "portal-machines"] {
        office.kill(process);
        until("who died is told, with when it answered last", async || {
            let row = row(&shown().await, process);
            row.contains("无应答，自") && !row.contains("从未")
        })
        .await;
        office.start(process, &[]).await;
    }
    // Strangers who say nothing hold the places at the gate.
    let mut strangers = Vec::new();
    for _ in 0..7 {
        strangers.push(gate.connect(&office, None, "localhost", "http/1.1").await);
    }
    until("the gate's record says that few places are left", async || {
        row(&shown().await, "gate-1").contains("连接: 将满")
    })
    .await;
    drop(strangers);
}

/// An agent that dies is seen within ten seconds, by a record that the log makes; one that lives
/// writes no record for it.
#[tokio::test]
async fn a_silence_is_seen_within_ten_seconds() {
    let mut office = Office::open().await;
    let _gate = office.gate().await;
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    let shows = async |what: &str| site.get("/state", "").await.text.contains(what);
    until("the gate is heard of", async || shows("tag good").await).await;
    // The first pulse may find a log that did not know it, and then the heartbeats are all there.
    until("it beats", async || office.of_kind("heartbeat").await >= 1).await;
    office.kill("agent");
    let began = Instant::now();
    until("the silence is recorded", async || office.of_kind("silent").await == 1).await;
    let took = began.elapsed();
    // Two seconds for a busy machine, and for the sequencer.
    assert!(took < Duration::from_secs(12), "{took:?}");
    until("the page says so", async || shows("已失联").await).await;
    let beats = office.of_kind("heartbeat").await;
    assert!(beats <= 6, "{beats} heartbeats of an agent where little changed");

    office.start("agent", &[]).await;
    until("it is back", async || !shows("已失联").await).await;
    assert_eq!(office.of_kind("silent").await, 1, "a silence is recorded once");
}

/// The list says which orders an officer has approved and which need a look; the page of one says
/// who approved it, and asks nobody for what would not count.
#[tokio::test]
async fn officers_see_how_far_an_order_is() {
    let office = Office::open().await;
    let (holder, _) = office.official("王小明", "sz-office").await;
    let person = holder.letter.person.as_str();
    let create = |unit: &str| {
        let words = ["person", "create", "--name", "王小明", "--unit", unit, "--evidence", "x"];
        office.draft(&words).0
    };
    let (namesake, elsewhere) = (create("sz-office"), create("sz-finance"));
    let renewal = office.apply(&office.letter(person, "official")).await;
    let moves = ["person", "move", person, "--unit", "sz-finance", "--evidence", "x"];
    let (order, _) = office.draft(&moves);
    office.approve_by_both(&order).await;
    let differs = office.apply(&office.letter(person, "official")).await;
    let officer = office.first("officer-1");
    office.approve(&officer, &namesake).await.unwrap();

    let list = office.staff(&officer).list(&mut Pages::begin()).await.unwrap().lines;
    let line = |order: &str| list.iter().find(|line| line.order == order).unwrap();
    assert_eq!(line(&namesake).look, Some(ReviewFlag::SameName));
    // Whom it is for has moved since it was made.
    assert_eq!((line(&elsewhere).look, line(&renewal).look), (None, Some(ReviewFlag::Moved)));
    assert_eq!(line(&differs).look, Some(ReviewFlag::Differs));
    assert!(line(&namesake).given && !line(&elsewhere).given);
    assert_eq!((line(&namesake).approvals, line(&elsewhere).approvals), (1, 0));

    let page = async |who: &Officer, path: &str| {
        office.staff_site(Some(who.identity())).get(path, "").await.text
    };
    let queue = page(&officer, "/").await;
    assert_eq!(queue.matches("您已批准").count(), 1, "{queue}");
    assert!(queue.contains("本单位已有同名人员") && queue.contains("与上一张证书不同"), "{queue}");
    let path = format!("/orders/{namesake}");
    let command = format!("yinxin approve {namesake}");
    let own = page(&officer, &path).await;
    assert!(own.contains("1 / 2") && own.contains("您已批准，还需其他人审批。"), "{own}");
    assert!(!own.contains(&command), "{own}");
    let others = page(&office.first("officer-2"), &path).await;
    assert!(others.contains("1 / 2") && others.contains(&command), "{others}");
    assert!(!others.contains("您已批准") && others.contains("本单位已有同名人员"), "{others}");

    // In a batch nothing of it is lost: neither in the list nor where it is looked at.
    let rows = vec![line(&differs).digest.clone(), line(&renewal).digest.clone()];
    let batch = office.staff(&officer).batch(&portal_api::Batch { rows }).await.unwrap().order;
    let list = office.staff(&officer).list(&mut Pages::begin()).await.unwrap().lines;
    let batched = list.iter().find(|line| line.order == batch).unwrap();
    assert_eq!(batched.look, Some(ReviewFlag::Moved), "the gravest of its orders");
    let export = office.staff(&officer).fetch(&batch).await.unwrap();
    assert_eq!(export.looks(), [Some(ReviewFlag::Differs), Some(ReviewFlag::Moved)]);
    let queue = page(&officer, "/").await;
    assert!(queue.contains("其中有办件：依据已变化"), "{queue}");
    let review = page(&officer, &format!("/orders/{batch}")).await;
    assert!(review.contains("与上一张证书不同") && review.contains("依据已变化"), "{review}");
}

/// The menu names the pages that its reader may use, and no others.
#[tokio::test]
async fn menus_name_what_their_readers_may_use() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let official = office.officer(official, &collected);
    let (officer, auditor) = (office.first("officer-1"), office.first("auditor"));
    let approver = [
        "/",
        "/certificates",
        "/people",
        "/organisation",
        "/systems",
        "/drafts",
        "/applications",
        "/state",
        "/passkeys",
        "/certificate",
    ]
    .as_slice();
    let audits = ["/applications", "/state", "/audit", "/passkeys", "/certificate"].as_slice();
    let own = ["/certificate"].as_slice();
    for (who, named) in [(official, own), (officer, approver), (auditor, audits)] {
        let site = office.staff_site(Some(who.identity()));
        let text = site.get("/certificate", "").await.text;
        let menu = text.split("<nav").nth(1).unwrap().split("</nav>").next().unwrap();
        let links: Vec<&str> = menu.split("href=\"").skip(1).collect();
        let links: Vec<&str> = links.iter().map(|link| link.split('"').next().unwrap()).collect();
        assert_eq!(links, named);
        for path in links {
            assert_eq!(site.get(path, "").await.status, 200, "{path}");
        }
    }
}

/// The owner of an application sees the gates of their unit and no others; who has no role sees
/// none.
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

/// Before anybody signs a decline the page shows what will be signed; without a passkey it says
/// what to type. What is hostile in a reason does nothing there, nor for whoever applied; what is
/// hidden in one is named, and nothing is shown to be signed.
#[tokio::test]
async fn declining_is_shown_before_it_is_signed() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let site = office.staff_site(Some(office.first("officer-1").identity()));
    let address = format!("/orders/{order}/decline");
    let hostile = "<b>单位不对</b>'; rm\r\n第二行";
    let form = [("outcome", "returned"), ("reason", hostile)];
    let page = site.post(&address, "", &form).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let command = format!("yinxin return {order} --reason &#39;&#60;b&#62;单位不对");
    assert!(page.text.contains(&command) && page.text.contains("rm 第二行"), "{}", page.text);
    assert!(!page.text.contains("<b>"), "{}", page.text);
    let form_hidden = [("outcome", "returned"), ("reason", "单位\u{202e}不对")];
    let page = site.post(&address, "", &form_hidden).await;
    refused(&page, 400, "malformed");
    assert!(page.text.contains("理由：不能有无法显示的字符 U+202E"), "{}", page.text);
    assert!(!page.text.contains('\u{202e}') && !page.text.contains("yinxin return"));
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
