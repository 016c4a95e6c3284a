//! The pages of systems: what who is in charge reads of them, and nobody else.

use super::{issued, leaf, ready};
use tests::answers;
use tests::machines::Site;
use tests::processes::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_charge_reads_what_a_system_has_and_was_refused() {
    let site = Site::open().await;
    let client = site.client();
    let names = ["www.acme.test", "127.0.0.1"];
    let (url, order) = ready(&site, &client, &names).await;
    let serial = leaf(&issued(&client, &url, &order, &names).await).serial().to_string();
    let refused = client.order(&["www.elsewhere.test"]).problem();
    assert_eq!(refused.1, "rejectedIdentifier");
    let leader = site.office.first("system");
    answers::hold_system(&site.office, &leader, "site").await;

    let pages = site.office.staff_site(Some(leader.identity()));
    let list = pages.get("/systems", "").await;
    assert!(list.status == 200 && list.text.contains("/systems/site"), "{}", list.text);
    // What was refused is this portal's word, and comes a few seconds later.
    let told = async || pages.get("/systems/site", "").await.text.contains("rejectedIdentifier");
    until("the page tells what was refused", told).await;
    let page = pages.get("/systems/site", "").await.text;
    for shown in [serial.as_str(), "www.acme.test", "127.0.0.1", "new-order", "1 / ", "改客户程序"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // Commands are filled in, but for the secret, which this portal does not have.
    for shown in [site.directory().as_str(), &site.secret.kid, "EAB_HMAC", "certbot", "win-acme"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains(&site.secret.hmac_text()) && !page.contains(&site.secret.password));
    let own = pages.get("/certificate", "").await.text;
    assert!(own.contains("href=\"/systems/site\""), "{own}");

    // Officers of its unit read it; those of the next office and officials read nothing of it.
    let near = site.office.staff_site(Some(site.office.first("officer-1").identity()));
    assert_eq!(near.get("/systems/site", "").await.status, 200);
    let applied = site.office.register_officer("周登记", "registration-officer", "sz-finance");
    let applied = applied.await;
    let order = site.office.apply(&applied).await;
    site.office.approve_by_both(&order).await;
    let collected = site.office.collect(&applied).await;
    let far = site.office.officer(applied, &collected);
    let far = site.office.staff_site(Some(far.identity()));
    let (official, collected) = site.office.official("王小明", "sz-office").await;
    let official = site.office.officer(official, &collected);
    let official = site.office.staff_site(Some(official.identity()));
    for stranger in [&far, &official] {
        let page = stranger.get("/systems/site", "").await;
        assert!(page.status == 404 && !page.text.contains("acme.test"), "{}", page.text);
        let list = stranger.get("/systems", "").await;
        assert!(list.status == 200 && !list.text.contains("/systems/site"), "{}", list.text);
    }
}

/// Whoever does not have the secret says that they are a system: its owner is told, as of somebody
/// who proved nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_nobody_proved_is_told_as_one() {
    let site = Site::open().await;
    let wrong = tests::machines::Secret { hmac: vec![7; 32], ..site.secret.clone() };
    let mut client = tests::machines::AcmeClient::new(&site.directory(), &site.root());
    assert_ne!(client.open_account(&wrong).status, 201);
    let leader = site.office.first("system");
    let pages = site.office.staff_site(Some(leader.identity()));
    let told = async || pages.get("/systems/site", "").await.text.contains("new-account");
    until("the page tells what was refused", told).await;
    let page = pages.get("/systems/site", "").await.text;
    assert!(page.contains("来者没有证明自己是这个系统"), "{page}");
    assert!(page.contains("没有记录"), "it did not come: {page}");
}

/// An officer of its unit finds a system's certificate, and drafts its revocation on the pages; two
/// approve it, never who is in charge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn officers_find_a_systems_certificate_and_draft_its_revocation() {
    let site = Site::open().await;
    let client = site.client();
    let (url, order) = ready(&site, &client, &["www.acme.test"]).await;
    let chain = issued(&client, &url, &order, &["www.acme.test"]).await;
    let certificate = leaf(&chain);
    let serial = certificate.serial().to_string();
    let name = acme::renewal::CertificateName::of(&certificate).unwrap();
    let info = format!("{}/{name}", client.url("renewalInfo"));
    let window = || client.fetch(&info).json()["suggestedWindow"].clone();
    let before = window();
    let officer = site.office.staff_site(Some(site.office.first("officer-1").identity()));
    for text in [serial.as_str(), "site"] {
        let found = officer.get(&format!("/certificates?find={text}"), "").await;
        let is_found = found.text.contains(&format!("/certificates/{serial}"));
        assert!(is_found && found.text.contains("/systems/site"), "{text}: {}", found.text);
    }
    let page = officer.get(&format!("/certificates/{serial}"), "").await;
    assert!(page.status == 200 && page.text.contains("网站"), "{}", page.text);
    assert!(!page.text.contains("id=\"suspend\""), "nobody suspends it: {}", page.text);
    let form = [("reason", "keyCompromise"), ("evidence", "值班报告")];
    let posted = officer.post(&format!("/certificates/{serial}/revoke"), "", &form).await;
    assert_eq!(posted.status, 303, "{}", posted.text);
    let path = posted.header("location").to_owned();
    let order = path.rsplit('/').next().unwrap().to_owned();
    let review = officer.get(&path, "").await.text;
    assert!(review.contains(&serial) && review.contains("site"), "{review}");
    let leader = site.office.first("system");
    assert!(site.office.approve(&leader, &order).await.is_err(), "who is in charge");
    for officer in ["officer-2", "security-1"] {
        site.office.approve(&site.office.first(officer), &order).await.unwrap();
    }
    site.office.carried_out(&order).await;
    site.office.listed(&serial).await;
    let page = officer.get(&format!("/certificates/{serial}"), "").await.text;
    assert!(page.contains("已吊销"), "{page}");
    // Its client, who did not revoke it, is told to come at once (RFC 9773 4.2).
    let (end, start) = (window()["end"].clone(), before["start"].clone());
    assert!(end.as_str().unwrap() < start.as_str().unwrap(), "{end} {start}");
}
