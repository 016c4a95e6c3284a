//! The samples, of which each field is changed, have every field that an order can have: what stood
//! in none of them no test would look at.

use records::DisplayName;
use records::order::{
    AgentBefore, AgentBody, ApprovalRulesBody, Basis, BundleBody, CertificateBefore, CommittedName,
    CredentialBody, DelegateBody, EmergencyBefore, EmergencyBody, EmergencyReviewBody,
    EndingSystem, FilesBefore, FollowingRule, IssueBody, LedSystem, LentBefore, ModeBefore,
    ModeBody, MovedUnit, NamedPerson, NamedUnit, NamingRule, PersonBefore, PersonBody,
    PortalBefore, PortalBody, ProfileBody, ProfileRef, ReachingDeputy, ReachingRole, ReleaseBody,
    Renewal, RevokeBody, RevokedSystem, RoleBody, SharedName, SubjectBody, SystemBefore,
    SystemBody, UnitBefore, UnitBody,
};
use records::rules::Holding;
use records::wish::Wish;
use sample_city::orders::all as samples;
use serde::de::DeserializeOwned;
use serde_json::{Value, json as j};
use std::collections::BTreeSet;

/// The fields of a type, as its reader names them to whoever brings another one.
fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    let told = serde_json::from_value::<T>(j!({ "?": 0 })).err().unwrap().to_string();
    let quoted: Vec<&str> = told.split('`').skip(1).step_by(2).collect();
    quoted.into_iter().filter(|name| *name != "?").map(str::to_owned).collect()
}

/// Every value at a path; `*` is each of a list.
fn found<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    path.split('/').skip(1).fold(vec![value], |all, part| match part {
        "*" => all.into_iter().filter_map(Value::as_array).flatten().collect(),
        part => all.into_iter().filter_map(|one| one.get(part)).collect(),
    })
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// Which fields stand filled in none of these orders at this path.
fn missing(orders: &[Value], (kinds, path): (&[&str], &str), all: BTreeSet<String>) -> Vec<String> {
    assert!(!all.is_empty(), "{path}");
    let of_kind = |order: &&Value| kinds.iter().any(|kind| order["kind"] == *kind);
    let values: Vec<&Value> =
        orders.iter().filter(of_kind).flat_map(|order| found(order, path)).collect();
    let stands =
        |field: &String| values.iter().any(|value| value.get(field).is_some_and(is_filled));
    let none = all.into_iter().filter(|field| !stands(field));
    none.map(|field| format!("{kinds:?} {path}/{field}")).collect()
}

fn named(fields: &[&str]) -> BTreeSet<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

#[test]
fn every_field_of_a_body_stands_in_a_sample() {
    let orders: Vec<Value> = samples().into_iter().map(|one| one.order).collect();
    let look = |kind: &str, path: &str, all| {
        let none: Vec<String> = Vec::new();
        assert_eq!(missing(&orders, (&[kind], path), all), none);
    };
    look("issue", "/body", fields::<IssueBody>());
    look("issue", "/body/profile", fields::<ProfileRef>());
    look("issue", "/body/subject", fields::<SubjectBody>());
    look("issue", "/body/names/*", fields::<CommittedName>());
    look("issue", "/body/renewal", fields::<Renewal>());
    look("unit", "/body", fields::<UnitBody>());
    look("person", "/body", fields::<PersonBody>());
    look("role", "/body", fields::<RoleBody>());
    look("delegate", "/body", fields::<DelegateBody>());
    look("profile", "/body", fields::<ProfileBody>());
    look("approval-rules", "/body", fields::<ApprovalRulesBody>());
    look("portal", "/body", fields::<PortalBody>());
    look("agent", "/body", fields::<AgentBody>());
    look("system", "/body", fields::<SystemBody>());
    look("mode", "/body", fields::<ModeBody>());
    look("emergency", "/body", fields::<EmergencyBody>());
    look("emergency-review", "/body", fields::<EmergencyReviewBody>());
    look("bundle", "/body", fields::<BundleBody>());
    look("revoke", "/body", fields::<RevokeBody>());
    look("revoke", "/body/system", fields::<RevokedSystem>());
    look("revoke", "/body/wish", fields::<Wish>());
    look("release", "/body", fields::<ReleaseBody>());
    look("credential", "/body", fields::<CredentialBody>());
}

#[test]
fn every_field_of_what_an_order_rests_on_stands_in_a_sample() {
    let orders: Vec<Value> = samples().into_iter().map(|one| one.order).collect();
    let every: Vec<&str> = orders.iter().filter_map(|order| order["kind"].as_str()).collect();
    let people = ["person", "role", "delegate", "issue", "revoke", "release"];
    let look = |kinds: &[&str], path: &str, all| {
        let none: Vec<String> = Vec::new();
        assert_eq!(missing(&orders, (kinds, path), all), none);
    };
    look(&every, "/basis", fields::<Basis>());
    look(&every, "/basis/people/*", fields::<NamedPerson>());
    look(&every, "/basis/units/*", fields::<NamedUnit>());
    look(&every, "/basis/profiles/*", fields::<DisplayName>());
    look(&every, "/basis/applications/*", fields::<DisplayName>());
    look(&every, "/basis/shared/*", fields::<SharedName>());
    look(&people, "/basis/before", fields::<PersonBefore>());
    look(&people, "/basis/before/roles/*", fields::<Holding>());
    look(&people, "/basis/before/certificates/*", fields::<CertificateBefore>());
    look(&people, "/basis/before/lent/*", fields::<LentBefore>());
    look(&people, "/basis/before/lends/*", fields::<LentBefore>());
    look(&people, "/basis/before/leads/*", fields::<LedSystem>());
    // Not each kind may have all of them; these it may.
    let own = ["mail", "number", "roles", "certificates", "lent", "lends", "leads", "more_leads"];
    look(&["person"], "/basis/before", named(&own));
    look(&["issue"], "/basis/before", named(&["roles", "lent", "lends", "leads", "more_leads"]));
    look(&["role"], "/basis/before", named(&["roles", "certificates", "lent", "lends", "above"]));
    look(&["delegate"], "/basis/before", named(&["roles", "certificates", "lent", "above"]));
    look(&["revoke"], "/basis/before", named(&["roles", "certificates", "lent"]));
    look(&["unit"], "/basis/before", fields::<UnitBefore>());
    look(&["unit"], "/basis/before/systems/*", fields::<EndingSystem>());
    let moved = "/basis/before/moved";
    look(&["unit"], moved, fields::<MovedUnit>());
    for reaching in ["gains", "loses"] {
        look(&["unit"], &format!("{moved}/{reaching}/*"), fields::<ReachingRole>());
        look(&["unit"], &format!("{moved}/{reaching}_lent/*"), fields::<ReachingDeputy>());
    }
    for ruling in ["begins", "ends"] {
        look(&["unit"], &format!("{moved}/{ruling}/*"), fields::<NamingRule>());
    }
    look(&["unit"], &format!("{moved}/follows/*"), fields::<FollowingRule>());
    for files in ["profile", "approval-rules", "bundle"] {
        look(&[files], "/basis/before", fields::<FilesBefore>());
    }
    look(&["portal"], "/basis/before", fields::<PortalBefore>());
    look(&["agent"], "/basis/before", fields::<AgentBefore>());
    look(&["system"], "/basis/before", fields::<SystemBefore>());
    look(&["mode"], "/basis/before", fields::<ModeBefore>());
    look(&["emergency-review"], "/basis/before", fields::<EmergencyBefore>());
}
