//! Lists of an order have an end, before anybody looks at what is in them, and a name stands beside
//! what an order names.

use crate::commitment::{Disclosure, NotDisclosed};
use crate::display_name::DisplayName;
use crate::order::{
    Body, ENDING_MAX, LEADS_MAX, LENDS_MAX, LENT_MAX, NAMES_MAX, NamedPerson, NamedUnit, Order,
    OrderError, REACH_MAX, REVOKED_MAX,
};
use serde_json::{Value, json};

fn order(kind: &str, body: Value, before: Option<Value>) -> Order {
    let mut order = json!({
        "v": 1, "kind": kind, "issuer": "issuing-1", "order": "0000000000000000",
        "version": 1, "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "expires": "2026-12-01T00:00:00Z",
        "drafter": "operator:0", "basis": { "people": [], "units": [] }, "body": body,
    });
    if let Some(before) = before {
        order["basis"]["before"] = before;
    }
    serde_json::from_value(order).unwrap()
}

fn revoking(count: usize) -> Order {
    let body = json!({
        "person": "0123456789ABCDEF", "serials": vec!["00aa"; count], "reason": "superseded",
        "evidence": "AA",
    });
    order("revoke", body, Some(json!({ "roles": [], "lent": [], "certificates": [] })))
}

/// A role is withdrawn from somebody to whom so much is lent, and who lends so much.
fn withdrawing(lent: usize, lends: usize) -> Order {
    let one = |at: usize| {
        json!({
            "person": format!("{at:016}"), "role": "official", "scope": "office",
            "from": "2026-12-01T00:00:00Z", "until": "2026-12-02T00:00:00Z",
        })
    };
    let body = json!({
        "action": "withdraw", "person": "0123456789ABCDEF", "role": "official", "scope": "office",
    });
    let many = |count: usize| -> Vec<Value> { (0..count).map(one).collect() };
    let (lent, lends) = (many(lent), many(lends));
    let before = json!({ "roles": [], "certificates": [], "lent": lent, "lends": lends });
    let mut order = order("role", body, Some(before));
    order.basis.units = vec![NamedUnit { unit: "office".into(), name: "科".into() }];
    order
}

/// A unit closes with so many systems.
fn closing(systems: usize) -> Order {
    let body = json!({
        "action": "close", "unit": "office", "county": false, "name": "科", "parent": "",
    });
    let systems = vec![json!({ "system": "site", "name": "网站" }); systems];
    let before = json!({ "county": false, "parent": "", "open": true, "systems": systems });
    let mut order = order("unit", body, Some(before));
    order.basis.units = vec![NamedUnit { unit: "office".into(), name: "科".into() }];
    order
}

/// A unit moves, and so many roles of one person reach it from then on.
fn moving(roles: usize) -> Order {
    let mut order = closing(0);
    order.body["action"] = json!("move");
    let role = json!({ "person": "0123456789ABCDEF", "role": "official", "scope": "office" });
    let moved = json!({
        "units": 0, "people": 0, "certificates": 0, "systems": 0, "loses": [],
        "gains": vec![role; roles], "enters": [], "leaves": [],
    });
    order.basis.before.as_mut().unwrap()["moved"] = moved;
    order.basis.people = vec![NamedPerson {
        person: "0123456789ABCDEF".into(),
        unit: "office".into(),
        name: serde_json::from_value(json!("AA")).unwrap(),
    }];
    order
}

/// Somebody goes who is in charge of so many systems.
fn leading(kind: &str, systems: usize) -> Order {
    let mut order = withdrawing(0, 0);
    if kind == "person" {
        order.body = json!({
            "action": "leave", "person": "0123456789ABCDEF", "version": 2, "unit": "office",
            "name": "AA", "evidence": "AA",
        });
    }
    order.kind = kind.into();
    let leads = vec![json!({ "system": "site", "name": "网站" }); systems];
    order.basis.before.as_mut().unwrap()["leads"] = json!(leads);
    order
}

/// However long a list is, what judges an order takes as long as for one of so many.
#[test]
fn lists_of_an_order_have_an_end() {
    assert!(revoking(REVOKED_MAX).parts().is_ok());
    assert_eq!(revoking(REVOKED_MAX + 1).parts().unwrap_err(), OrderError::Header);
    let issue = |count: usize| {
        let name = json!({ "kind": "mail", "value": "AA" });
        let body = json!({
            "person": "0123456789ABCDEF", "person_version": 1, "label": "cli", "key": "AA",
            "profile": { "id": "official", "version": 1, "digest": "AA" },
            "subject": { "c": "CN", "o": "市", "ou": [], "cn": "AA", "sn": "0" },
            "names": vec![name; count], "validity_days": 1, "evidence": "AA",
        });
        Body::read("issue", &body).unwrap()
    };
    assert!(issue(NAMES_MAX).is_bounded() && !issue(NAMES_MAX + 1).is_bounded());
    assert!(withdrawing(LENT_MAX, LENDS_MAX).parts().is_ok());
    assert!(withdrawing(LENT_MAX + 1, 0).parts().is_err());
    assert!(withdrawing(0, LENDS_MAX + 1).parts().is_err());
    assert!(closing(ENDING_MAX).parts().is_ok());
    assert!(closing(ENDING_MAX + 1).parts().is_err());
    assert!(moving(REACH_MAX).parts().is_ok());
    assert!(moving(REACH_MAX + 1).parts().is_err());
    let ruling = |rules: usize| {
        let mut order = moving(1);
        let rule = json!({ "application": "exchange", "rule": "own-unit" });
        order.basis.before.as_mut().unwrap()["moved"]["follows"] = json!(vec![rule; rules]);
        order
    };
    assert!(ruling(REACH_MAX).parts().is_ok());
    assert!(ruling(REACH_MAX + 1).parts().is_err());
    assert!(leading("person", LEADS_MAX).parts().is_ok());
    assert!(leading("person", LEADS_MAX + 1).parts().is_err());
}

/// What goes with a unit that moves stands in an order that moves it, and in no other; of which
/// systems somebody is in charge in one about them alone.
#[test]
fn what_follows_is_told_where_it_follows() {
    let mut untold = moving(1);
    untold.basis.before.as_mut().unwrap().as_object_mut().unwrap().remove("moved");
    untold.basis.people.clear();
    assert!(untold.parts().is_err(), "a move of which nobody reads what goes with it");
    let mut closes = moving(0);
    closes.basis.people.clear();
    assert!(closes.parts().is_ok());
    closes.body["action"] = json!("close");
    assert!(closes.parts().is_err());
    let mut unnamed = moving(1);
    unnamed.basis.people.clear();
    assert!(unnamed.parts().is_err(), "who gets a say has a name");
    assert!(leading("role", 0).parts().is_ok());
    assert!(leading("role", 1).parts().is_err());
    // What no approver of a role is shown stands in no such order.
    for unshown in ["mail", "number"] {
        for (kind, is_shown) in [("person", true), ("role", false)] {
            let mut order = leading(kind, 0);
            order.basis.before.as_mut().unwrap()[unshown] = json!("AA");
            assert_eq!(order.parts().is_ok(), is_shown, "{kind} {unshown}");
        }
    }
}

/// What something is called stands only beside an id that the order names, once, in the order of
/// ids, and can be read.
#[test]
fn a_name_stands_beside_what_an_order_names() {
    let called = |id: &str, zh: &str| DisplayName {
        id: id.into(),
        zh: zh.into(),
        en: "Document exchange".into(),
    };
    let gate = |applications: Vec<DisplayName>| {
        let body = json!({
            "action": "close", "agent": "gate-1", "unit": "office", "application": "exchange",
            "hosts": ["app.example"], "units": ["office"], "token_sha256": "", "renewals": 0,
        });
        let before = json!({
            "unit": "office", "application": "other", "hosts": ["app.example"],
            "units": ["office"], "keys": [], "open": true,
        });
        let mut order = order("agent", body, Some(before));
        order.basis.units = vec![NamedUnit { unit: "office".into(), name: "科".into() }];
        order.basis.applications = applications;
        order
    };
    let (exchange, other) = (called("exchange", "公文交换"), called("other", "信访"));
    assert!(gate(Vec::new()).parts().is_ok());
    assert!(gate(vec![exchange.clone(), other.clone()]).parts().is_ok());
    let wrong = [
        vec![other.clone(), exchange.clone()],
        vec![exchange.clone(), exchange.clone()],
        vec![called("petitions", "信访")],
        vec![called("exchange", "")],
        vec![called("exchange", "公文\u{202e}交换")],
    ];
    for applications in wrong {
        assert!(gate(applications.clone()).parts().is_err(), "{applications:?}");
    }
    let mut elsewhere = gate(Vec::new());
    elsewhere.basis.profiles = vec![called("official", "公职人员证书")];
    assert!(elsewhere.parts().is_err());
}

/// More disclosures than commitments are refused before one of them is looked at.
#[test]
fn an_order_has_no_more_disclosures_than_commitments() {
    let one = |path: &str| Disclosure::new(path, [0; 32], json!("x"));
    let mut more = vec![one("/x"); 100_000];
    // It has one commitment: the first disclosure too many is named, not the first that is wrong.
    more[1] = one("/y");
    let (order, refused) = (revoking(1), NotDisclosed("/y".to_owned()));
    assert_eq!(order.check_disclosures(&more), Err(refused.clone()));
    let body = order.body().unwrap();
    assert_eq!(order.check_disclosures_of(&body, &more), Err(refused), "read before or not");
}
