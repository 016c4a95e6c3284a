//! How near each path of this host is to a brake. What is near has places of its own, as what it
//! asks of the CA has there (`ca_api::Reach`).

use crate::pages::asset;
use ca_api::Reach;
use portal_api::staff::{
    APPROVE, BATCH, DRAFT, DRAFT_MANY, FETCH, LIST, PERSON, PREVIEW, RECORDS, WISH, WITHDRAW,
};

/// What is near, as its route is written; everything else leads to no brake.
pub(super) const NEAR: [(&str, Reach); 32] = [
    ("/certificate/suspend", Reach::Brake),
    ("/certificates/{serial}/revoke", Reach::Brake),
    ("/certificates/{serial}/suspended", Reach::Brake),
    ("/certificates/{serial}/wished", Reach::Brake),
    ("/drafts/make", Reach::Brake),
    ("/drafts/withdrawn", Reach::Brake),
    ("/orders/batch", Reach::Brake),
    ("/orders/{order}/approve", Reach::Brake),
    ("/people/roster/sign", Reach::Brake),
    (APPROVE, Reach::Brake),
    (BATCH, Reach::Brake),
    (DRAFT, Reach::Brake),
    (DRAFT_MANY, Reach::Brake),
    (WISH, Reach::Brake),
    (WITHDRAW, Reach::Brake),
    ("/", Reach::LeadsToBrake),
    ("/certificates", Reach::LeadsToBrake),
    ("/certificates/{serial}", Reach::LeadsToBrake),
    ("/certificates/{serial}/suspend", Reach::LeadsToBrake),
    ("/drafts/check", Reach::LeadsToBrake),
    ("/drafts/withdraw", Reach::LeadsToBrake),
    ("/orders/{order}", Reach::LeadsToBrake),
    ("/people/changes", Reach::LeadsToBrake),
    ("/people/roster/again", Reach::LeadsToBrake),
    ("/people/{person}", Reach::LeadsToBrake),
    ("/systems", Reach::LeadsToBrake),
    ("/systems/{system}", Reach::LeadsToBrake),
    (FETCH, Reach::LeadsToBrake),
    (LIST, Reach::LeadsToBrake),
    (PERSON, Reach::LeadsToBrake),
    (PREVIEW, Reach::LeadsToBrake),
    (RECORDS, Reach::LeadsToBrake),
];

/// Paths that are no person's page, although they stand where one would.
const NOBODYS: [&str; 2] = ["/people/new", "/people/roster"];

/// How near a path is.
fn reach(path: &str) -> Reach {
    if NOBODYS.contains(&path) {
        return Reach::Other;
    }
    let near = NEAR.iter().find(|(route, _)| *route == path);
    let near = near.or_else(|| NEAR.iter().find(|(route, _)| fits(route, path)));
    near.map_or(Reach::Other, |(_, reach)| *reach)
}

/// Whether a path may stop something, or leads there, or is a script that such a page needs.
pub fn is_brake(path: &str) -> bool {
    asset::is_one(path) || reach(path) != Reach::Other
}

/// Whether a path is one of a route: what stands in braces is anything that is not empty.
fn fits(route: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let same = route.split('/').all(|wanted| {
        let segment = segments.next();
        segment.is_some_and(|it| it == wanted || (wanted.starts_with('{') && !it.is_empty()))
    });
    same && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::{FORMS, PAGES, ROUTES};
    use std::path::Path;

    #[test]
    fn whatever_may_be_a_brake_has_places_of_brakes_on_pages_too() {
        let pages = ["/people/0000000000000AA1", "/drafts/check", "/drafts/make", "/orders/batch"];
        for path in pages.into_iter().chain([PERSON, PREVIEW, DRAFT, DRAFT_MANY, BATCH]) {
            assert!(is_brake(path), "{path}: somebody leaves, or many are revoked");
        }
        for path in ["/orders/A/approve", "/orders/A", "/drafts/withdrawn", FETCH, WITHDRAW] {
            assert!(is_brake(path), "{path}");
        }
        for path in ["/", "/certificates", "/certificates/0A", "/certificates/0A/revoke", LIST] {
            assert!(is_brake(path), "{path}: on the way to an order or a wish");
        }
        for path in ["/systems", "/systems/site"] {
            assert!(is_brake(path), "{path}: to a certificate that is to be revoked");
        }
        for path in ["/people/changes", "/people/roster/again", "/people/roster/sign"] {
            assert!(is_brake(path), "{path}: many leave, or are revoked");
        }
        let rosters = ["/people", "/people/new", "/people/roster"];
        let others = ["/drafts", "/orders/", "/orders/A/decline", "/state", "/audit"];
        for path in rosters.into_iter().chain(others) {
            assert!(!is_brake(path), "{path}");
        }
    }

    /// A passkey is asked by a script: without it nobody signs on a page.
    #[test]
    fn what_a_page_of_a_brake_is_signed_with_has_places_of_brakes() {
        for name in ["app.css", "bytes.js", "form.js", "passkey.js"] {
            assert!(is_brake(&asset::address(name)), "{name}");
        }
        assert!(!is_brake("/assets/0/passkey.js") && !is_brake(&asset::address("other.js")));
    }

    #[test]
    fn what_is_near_is_there() {
        let routes = ROUTES.iter().map(|route| route.path);
        let there: Vec<&str> = PAGES.into_iter().chain(FORMS).chain(routes).collect();
        for (route, _) in NEAR {
            assert!(there.contains(&route), "{route}");
        }
    }

    /// Paths of the CA by the name of the client's function that calls them.
    fn calls() -> Vec<(String, String)> {
        let api = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ca-api/src");
        let read = |name: &str| std::fs::read_to_string(api.join(name)).unwrap();
        let path = |module: &str, name: &str| {
            let text = read(&format!("{module}.rs"));
            let (_, found) = text.split_once(&format!("pub const {name}: &str = \"")).unwrap();
            found.split('"').next().unwrap().to_owned()
        };
        let client = read("client.rs");
        let functions = client.split("pub async fn ").skip(1).filter_map(|function| {
            let name = function.split('(').next()?.to_owned();
            let (_, called) = function.split_once("ask(&self.0, ")?;
            let (module, constant) = called.split(',').next()?.split_once("::")?;
            Some((name, path(module, constant)))
        });
        functions.collect()
    }

    /// Whatever is read on the way to a brake leaves without this process's own event: a spool that
    /// is full, or a database that is away, would keep a telephone call from a suspension.
    #[test]
    fn what_leads_to_a_brake_waits_for_no_event() {
        let staff = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/staff");
        for page in [
            "revoke",
            "wished",
            "hold",
            "suspend",
            "issued",
            "certificates",
            "review",
            "approve",
            "queue",
            "batch",
            "systems",
            "system",
            "withdraw",
            "api/list",
            "api/fetch",
            "api/approve",
            "api/batch",
            "api/wish",
            "api/person",
            "api/records",
            "api/withdraw",
        ] {
            let text = std::fs::read_to_string(staff.join(format!("{page}.rs"))).unwrap();
            let kept = text.split(".recorded").skip(1);
            let waits = kept.filter(|call| call.starts_with('(')).count();
            assert_eq!(waits, 0, "{page} is kept from whoever reads it");
        }
    }

    /// Whatever the pages on the way to a brake ask of the CA has places of brakes there: one call
    /// of them that waited behind everything else would be all that an attacker needs.
    #[test]
    fn what_a_page_on_the_way_asks_has_places_of_brakes() {
        let calls = calls();
        assert!(calls.iter().any(|(name, path)| name == "wish" && path == ca_api::staff::WISH));
        let staff = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/staff");
        let mut asked = 0;
        for page in [
            "revoke",
            "wish",
            "wished",
            "hold",
            "suspend",
            "issued",
            "certificates",
            "review",
            "consequence",
            "approve",
            "queue",
            "batch",
            "person",
            "systems",
            "system",
            "draft_check",
            "draft_make",
            "withdraw",
            "../pages/menu",
            "api/list",
            "api/fetch",
            "api/approve",
            "api/batch",
            "api/wish",
            "api/person",
            "api/records",
            "api/preview",
            "api/draft",
            "api/draft_many",
            "api/withdraw",
        ] {
            let text = std::fs::read_to_string(staff.join(format!("{page}.rs"))).unwrap();
            for called in text.split("issuer.").skip(1) {
                let name = called.split('(').next().unwrap();
                let Some((_, path)) = calls.iter().find(|(known, _)| known == name) else {
                    continue;
                };
                assert!(ca_api::is_near_brake(path), "{page} asks {path}");
                asked += 1;
            }
        }
        assert!(asked > 20, "{asked}");
    }
}
