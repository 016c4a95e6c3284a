//! The authorization matrix: everybody who may knock, at every route, page and form of every host.

use crate::{Office, Officer, Official};
use http::StatusCode;
use mtls::Client;
use mtls::tls::Identity;
use serde_json::{Value, json};

/// Role × host × route × `allowed`, or the code of the refusal: one line each.
pub async fn made(office: &Office) -> String {
    let actors = actors(office).await;
    let letter = office.letter(&office.register("李丹", "sz-office").await, "official");
    let mut matrix = String::from("# role × host × route × allowed, or the code of the refusal\n");
    for (role, [identity, again]) in actors {
        let site = office.staff_site(again);
        let staff = office.client(&office.trust.portal_staff, identity);
        for route in ra_portal::routes().filter(|route| route.host == "staff") {
            let told = tried(&staff, route.path, &sample(route.path, &letter)).await;
            matrix.push_str(&format!("{role:<24}{:<8}{:<34}{told}\n", route.host, route.path));
        }
        for path in ra_portal::staff::PAGES {
            let told = shown(&staff, path).await;
            matrix.push_str(&format!("{role:<24}{:<8}{path:<34}{told}\n", "staff"));
        }
        for path in ra_portal::staff::FORMS.iter().chain(&ra_portal::public::FORMS) {
            let told = posted(&site, path).await;
            matrix.push_str(&format!("{role:<24}{:<8}POST {path:<30} {told}\n", "staff"));
        }
    }
    let public = office.client(&office.trust.portal_public, None);
    for (role, known) in [("letter", true), ("nobody", false)] {
        for route in ra_portal::routes().filter(|route| route.host == "public") {
            let mut message = sample(route.path, &letter);
            if !known && message.get("key").is_some() {
                message["key"] = json!("AAAA");
            }
            let told = tried(&public, route.path, &message).await;
            matrix.push_str(&format!("{role:<24}{:<8}{:<34}{told}\n", route.host, route.path));
        }
    }
    for path in ra_portal::public::PAGES {
        let told = shown(&public, path).await;
        matrix.push_str(&format!("{:<24}{:<8}{path:<34}{told}\n", "nobody", "public"));
    }
    let site = office.public_site();
    for path in ra_portal::public::FORMS.iter().chain(&ra_portal::staff::FORMS) {
        let told = posted(&site, path).await;
        matrix.push_str(&format!("{:<24}{:<8}POST {path:<30} {told}\n", "nobody", "public"));
    }
    let of_issuer = ca_api(office, &letter).await;
    each_route_is_in(&of_issuer);
    matrix + &of_issuer
}

/// Everybody who may knock, each with what they show, twice.
async fn actors(office: &Office) -> Vec<(String, [Option<Identity>; 2])> {
    let (official, collected) = office.official("王小明", "sz-office").await;
    let both = |officer: &Officer| [Some(officer.identity()), Some(officer.identity())];
    let mut actors: Vec<(String, [Option<Identity>; 2])> = vec![("nobody".into(), [None, None])];
    for (role, file) in [
        ("registration-officer", "officer-1"),
        ("security-administrator", "security-1"),
        ("system-administrator", "system"),
        ("auditor", "auditor"),
    ] {
        actors.push((role.into(), both(&office.first(file))));
    }
    actors.push(("official".into(), both(&office.officer(official, &collected))));
    for role in ["unit-handler", "application-owner"] {
        let person = office.register("刘洋", "sz-office").await;
        let (order, _) = office.draft(&["role", "grant", &person, role, "--scope", "sz-office"]);
        office.approve_by_security(&order).await;
        let applied = office.letter(&person, "staff");
        let order = office.apply(&applied).await;
        office.approve_by_both(&order).await;
        let collected = office.collect(&applied).await;
        actors.push((role.into(), both(&office.officer(applied, &collected))));
    }
    actors.push(("foreign".into(), both(&office.foreign())));
    actors
}

/// The same for ca-api: process × route.
async fn ca_api(office: &Office, letter: &Official) -> String {
    let issuer = office.issuer_address();
    let officer = office.first("officer-1");
    let routes = ca_routes(&officer, letter);
    let identity = |process: &str| match process.strip_prefix("portal-") {
        Some(process) => {
            let path = |end: &str| office.path(&format!("portal/{process}.{end}"));
            Identity::from_files(&path("pem"), &path("key")).unwrap()
        }
        None => officer.identity(),
    };
    let mut matrix = String::new();
    for process in ["portal-public", "portal-staff", "registration-officer"] {
        let client = office.client(&issuer, Some(identity(process)));
        for (route, message) in &routes {
            let told = tried(&client, route, message).await;
            matrix.push_str(&format!("{process:<24}{:<8}{route:<34}{told}\n", "ca-api"));
        }
    }
    matrix
}

/// Each route of ca-api, with something that is asked there.
fn ca_routes(officer: &Officer, letter: &Official) -> Vec<(&'static str, Value)> {
    use ca_api::{both, handler, organisation, public, staff, systems};
    let certificate = records::Bytes::from(officer.leaf().der());
    let as_officer =
        |message: Value| json!({ "certificate": certificate.clone(), "message": message });
    let renew = json!({
        "authorization": "renew-log-log", "challenge": "AA", "request": "AA", "asked_by": "AA",
        "signature": "AA",
    });
    vec![
        (public::LOOK_UP, sample(portal_api::public::LOOK_UP, letter)),
        (public::SUBMIT, sample(portal_api::public::SUBMIT, letter)),
        (public::COLLECT, sample(portal_api::public::COLLECT, letter)),
        (public::JOIN, joining()),
        (public::RENEWAL_TERMS, sample(portal_api::public::RENEWAL_TERMS, letter)),
        (public::RENEW_CERTIFICATE, sample(portal_api::public::RENEW_CERTIFICATE, letter)),
        (staff::WHO, as_officer(Value::Null)),
        (staff::HOLDER, as_officer(Value::Null)),
        (staff::MINE, as_officer(Value::Null)),
        (staff::LIST, as_officer(sample(portal_api::staff::LIST, letter))),
        (staff::FETCH, as_officer(sample(portal_api::staff::FETCH, letter))),
        (staff::BATCH, as_officer(sample(portal_api::staff::BATCH, letter))),
        (staff::APPROVE, as_officer(sample(portal_api::staff::APPROVE, letter))),
        (staff::DECLINE, as_officer(sample(portal_api::staff::DECLINE, letter))),
        (staff::CERTIFY, as_officer(sample(portal_api::staff::CERTIFY, letter))),
        (staff::PASSKEYS, as_officer(Value::Null)),
        (staff::FIND, as_officer(json!({ "text": "x", "after": "" }))),
        (staff::CERTIFICATE, as_officer(json!({ "serial": "01" }))),
        (
            staff::REVOKE,
            as_officer(json!({ "serial": "01", "reason": "superseded", "evidence": "x" })),
        ),
        (staff::WISH, as_officer(sample(portal_api::staff::WISH, letter))),
        (staff::SUSPEND, as_officer(json!({ "serial": "01", "reason": "superseded" }))),
        (staff::STATE, as_officer(Value::Null)),
        (handler::PEOPLE, as_officer(json!({ "text": "x", "after": "" }))),
        (handler::PERSON, as_officer(sample(portal_api::staff::PERSON, letter))),
        (organisation::DOSSIER, as_officer(json!({ "person": "0000000000000000", "after": "" }))),
        (organisation::CONSEQUENCES, as_officer(json!({ "person": "0000000000000000" }))),
        (organisation::UNIT, as_officer(json!({ "unit": "", "after": "" }))),
        (systems::SYSTEMS, as_officer(json!({ "after": "" }))),
        (systems::SYSTEM, as_officer(json!({ "system": "none", "after": "" }))),
        (handler::RECORDS, as_officer(sample(portal_api::staff::RECORDS, letter))),
        (handler::NUMBERS, as_officer(sample(portal_api::staff::NUMBERS, letter))),
        (handler::SUSPENSION, as_officer(sample(portal_api::staff::SUSPENSION, letter))),
        (handler::PREVIEW, as_officer(sample(portal_api::staff::PREVIEW, letter))),
        (handler::DRAFT, as_officer(sample(portal_api::staff::DRAFT, letter))),
        (handler::DRAFT_MANY, as_officer(sample(portal_api::staff::DRAFT_MANY, letter))),
        (handler::RECEIPT, as_officer(sample(portal_api::staff::RECEIPT, letter))),
        (handler::DRAFTS, as_officer(json!({ "after": "" }))),
        (handler::WITHDRAW, as_officer(sample(portal_api::staff::WITHDRAW, letter))),
        (both::RENEW, renew),
    ]
}

fn joining() -> Value {
    json!({ "agent": "x", "challenge": "AA", "request": "AA", "value": "AA" })
}

/// Every route of the issuer that a portal could ask has its lines: a new one is not forgotten.
fn each_route_is_in(matrix: &str) {
    for name in ["both", "handler", "organisation", "public", "staff", "systems"] {
        let path = crate::workspace().join(format!("crates/ca-api/src/{name}.rs"));
        let text = std::fs::read_to_string(path).unwrap();
        let routes = text.split("= \"/v1/").skip(1).map(|rest| rest.split('"').next().unwrap());
        for route in routes {
            assert!(matrix.contains(&format!(" /v1/{route} ")), "no line of /v1/{route}");
        }
    }
}

/// A message that is right in form; whether it is allowed is what the matrix asks.
fn sample(path: &str, official: &Official) -> Value {
    if path == portal_api::public::SUBMIT {
        let message = official.submit(&vec![0; 16].into(), &official.request(), "cli");
        return serde_json::to_value(message).unwrap();
    }
    if let Some(asked) = asked(path) {
        return asked;
    }
    if path == portal_api::public::RENEW_CERTIFICATE {
        return json!({
            "certificate": "AA", "challenge": "AA", "request": "AA", "label": "cli",
            "signature": "AA",
        });
    }
    let signed = json!({
        "v": 1, "method": "certificate", "statement": "AA", "certificate": "AA",
        "signature": "AA",
    });
    if path == portal_api::staff::PREVIEW {
        let statement = json!({
            "v": 1, "founding": "AA", "certificate": "AA", "kind": "letter",
            "body": { "person": "0000000000000000", "profile": "official" }, "nonce": "AA",
            "time": "2026-11-24T08:00:00Z",
        });
        return json!({ "statement": statement, "disclosures": [] });
    }
    if path == portal_api::staff::DRAFT {
        return json!({ "draft": signed, "disclosures": [] });
    }
    if path == portal_api::staff::DRAFT_MANY {
        return json!({ "draft": signed, "rows": [] });
    }
    if path == portal_api::staff::BATCH {
        return json!({ "rows": [records::Bytes::from([0; 32])] });
    }
    if path == portal_api::staff::WITHDRAW {
        return signed;
    }
    if path == portal_api::staff::APPROVE {
        return json!({
            "v": 1, "method": "certificate", "order": "AA", "certificate": "AA",
            "signature": "AA",
        });
    }
    if path == portal_api::staff::DECLINE {
        let reason = json!({ "path": "/reason", "salt": "AA", "value": "x" });
        return json!({ "decline": signed, "reason": reason });
    }
    if path == portal_api::staff::WISH {
        let evidence = json!({ "path": "/evidence", "salt": "AA", "value": "x" });
        return json!({ "wish": signed, "evidence": evidence });
    }
    if path == portal_api::staff::CERTIFY {
        return json!({ "person": "x", "certificate": "AA", "statement": "AA", "signature": "AA" });
    }
    serde_json::to_value(official.look_up()).unwrap()
}

/// What only asks for something, and is signed by nobody.
fn asked(path: &str) -> Option<Value> {
    use portal_api::{public, staff};
    Some(match path {
        public::RENEWAL_TERMS => json!({ "certificate": "AA" }),
        staff::MINE => Value::Null,
        staff::PEOPLE => json!({ "text": "x", "after": "" }),
        staff::PERSON => json!({ "person": "0000000000000000" }),
        staff::RECORDS => json!({ "people": ["0000000000000000"] }),
        staff::SUSPENSION => json!({ "serial": "01" }),
        staff::NUMBERS => json!({ "numbers": ["11010519491231002X"] }),
        staff::LIST | staff::DRAFTS => json!({ "after": "" }),
        staff::FETCH | staff::RECEIPT => json!({ "order": "0000000000000000" }),
        _ => return None,
    })
}

/// `allowed`, also where the sample itself is then found wrong; otherwise the code of who is
/// refused.
async fn tried(client: &Client, path: &str, message: &Value) -> String {
    let answer = client.post(path, serde_json::to_vec(message).unwrap()).await.unwrap();
    if answer.status().is_success() {
        return "allowed".into();
    }
    let problem: Value = serde_json::from_slice(answer.body()).unwrap();
    let code = problem["code"].as_str().unwrap().to_owned();
    let about_the_sample = [
        "order-unknown",
        "approval-signature",
        "challenge-used",
        "not-ready",
        "key-unknown",
        "not-found",
        "person-unknown",
    ];
    if about_the_sample.contains(&code.as_str()) { "allowed".into() } else { code }
}

/// What a page says: shown, where it leads, or the code of its refusal.
async fn shown(client: &Client, path: &str) -> String {
    let answer = client
        .get(
            &path
                .replace("{order}", "0000000000000000")
                .replace("{serial}", "01")
                .replace("{person}", "0000000000000000")
                .replace("{system}", "none")
                .replace("{template}", "template.csv"),
        )
        .await
        .unwrap();
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    let code = text.split("class=\"code\">").nth(1).and_then(|rest| rest.split('<').next());
    match answer.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => "allowed".into(),
        StatusCode::SEE_OTHER => {
            format!("→ {}", answer.headers()["location"].to_str().unwrap())
        }
        _ if ["order-unknown", "not-found", "person-unknown"].map(Some).contains(&code) => {
            "allowed".into()
        }
        _ => code.unwrap_or_default().to_owned(),
    }
}

/// The same for a form of the host's own page.
async fn posted(site: &crate::web::Site, path: &str) -> String {
    let form = [
        ("reference", "0000000000000000"),
        ("key", "AAAA"),
        ("digest", "AA"),
        ("credential", "AA"),
        ("authenticator_data", "AA"),
        ("client_data", "AA"),
        ("signature", "AA"),
        ("statement", "AA"),
        ("salt", "AA"),
        ("outcome", "returned"),
        ("reason", "superseded"),
        ("evidence", "x"),
        ("challenge", "AA"),
        ("what", "create"),
        ("name", "0000000000000000"),
        ("unit", "sz-office"),
        ("disclosures", "[]"),
        ("request", "AA"),
        ("bind", "AA"),
        ("language", "en"),
        ("kind", "issue"),
        ("action", ""),
        ("people", "0000000000000000"),
        ("back", "/"),
    ];
    let path = path
        .replace("{order}", "0000000000000000")
        .replace("{serial}", "01")
        .replace("{person}", "0000000000000000");
    // Forms with a table are not read as others.
    let empty = "姓名,证件号,单位\n";
    let table = "人员编号\n0000000000000000\n";
    let page = match path.as_str() {
        "/people/roster" => site.post_file(&path, &[("evidence", "x"), ("rows", empty)]).await,
        "/people/changes" => {
            let fields = [("what", "leave"), ("evidence", "x"), ("rows", table)];
            site.post_file(&path, &fields).await
        }
        _ => site.post(&path, "", &form).await,
    };
    let code = page.text.split("class=\"code\">").nth(1).and_then(|rest| rest.split('<').next());
    let json =
        || serde_json::from_str::<Value>(&page.text).ok()?["code"].as_str().map(str::to_owned);
    let code = code.map(str::to_owned).or_else(json).unwrap_or_default();
    match page.status {
        200 => "allowed".into(),
        303 => format!("→ {}", page.header("location")),
        status if code.is_empty() => status.to_string(),
        _ => code,
    }
}
