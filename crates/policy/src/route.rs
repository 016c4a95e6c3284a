//! Route templates: which requests there are, what they do, and which record they name.

use crate::path::CanonicalPath;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One route of an application, as `APPLICATION.toml` says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The route is for requests of this HTTP method; `CONNECT` is a tunnel, and no request.
    pub method: String,
    /// Template: `/documents/{unit}/{document}`; a capture takes one segment.
    pub path: String,
    /// The route is for this action of the schema.
    pub action: String,
    /// The record, with captures; empty for the application itself.
    #[serde(default)]
    pub resource: String,
    /// The unit that the record belongs to, with captures; the agent's city if empty.
    #[serde(default)]
    pub unit: String,
    /// Whether the connection may become a WebSocket.
    #[serde(default)]
    pub websocket: bool,
    /// The route's action in Chinese, for people.
    pub zh: String,
    /// The route's action in English, for people.
    pub en: String,
}

/// A request that fits a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch<'a> {
    /// The route that the request fits.
    pub route: &'a Route,
    /// The record that the request is about, `APPLICATION/RECORD`.
    pub resource: String,
    /// Unit id; empty for the city.
    pub unit: String,
}

/// The routes of an application, exact templates before captures.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    application: String,
    routes: Vec<Route>,
}

impl Routes {
    /// Takes routes; gives what is wrong with them.
    pub(crate) fn new(application: &str, routes: Vec<Route>) -> Result<Self, String> {
        for (position, route) in routes.iter().enumerate() {
            check(route).map_err(|what| format!("{} {}: {what}", route.method, route.path))?;
            let again = routes.iter().skip(position + 1).any(|other| {
                other.method == route.method && shape(&other.path) == shape(&route.path)
            });
            if again {
                return Err(format!("{} {} stands twice", route.method, route.path));
            }
        }
        let mut routes = routes;
        // A literal segment decides before a capture in the same place.
        routes.sort_by_key(|route| shape(&route.path));
        Ok(Self { application: application.to_owned(), routes })
    }

    /// Every route of the application, exact templates before captures.
    pub fn all(&self) -> &[Route] {
        &self.routes
    }

    /// The route of a request. HEAD asks what GET would answer (RFC 9110 9.3.2): without a route of
    /// its own it has the route of GET, and is judged as GET.
    pub fn find(&self, method: &str, path: &CanonicalPath) -> Option<RouteMatch<'_>> {
        let found = self.find_exactly(method, path);
        match method {
            "HEAD" => found.or_else(|| self.find_exactly("GET", path)),
            _ => found,
        }
    }

    fn find_exactly(&self, method: &str, path: &CanonicalPath) -> Option<RouteMatch<'_>> {
        let mut fitting = self.routes.iter().filter(|route| route.method == method);
        fitting.find_map(|route| {
            let captures = captures(&route.path, path.segments())?;
            let resource = match route.resource.as_str() {
                "" => self.application.clone(),
                template => format!("{}/{}", self.application, fill(template, &captures)),
            };
            Some(RouteMatch { route, resource, unit: fill(&route.unit, &captures) })
        })
    }
}

fn parts(template: &str) -> Vec<&str> {
    match template.strip_prefix('/').unwrap_or_default() {
        "" => Vec::new(),
        rest => rest.split('/').collect(),
    }
}

fn name(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

/// Literal parts as they are, captures alike and behind every literal.
fn shape(template: &str) -> Vec<(bool, String)> {
    let part = |part: &&str| match name(part) {
        Some(_) => (true, String::new()),
        None => (false, (*part).to_owned()),
    };
    parts(template).iter().map(part).collect()
}

fn captures<'a>(template: &'a str, segments: &'a [String]) -> Option<BTreeMap<&'a str, &'a str>> {
    let parts = parts(template);
    if parts.len() != segments.len() {
        return None;
    }
    let mut captures = BTreeMap::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        match name(part) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => {
                captures.insert(name, segment.as_str());
            }
            None if part == segment => {}
            None => return None,
        }
    }
    Some(captures)
}

fn fill(template: &str, captures: &BTreeMap<&str, &str>) -> String {
    // In one pass: what a capture holds is never a template itself.
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        text.push_str(before);
        text.push_str(captures.get(name).copied().unwrap_or_default());
        rest = after;
    }
    text + rest
}

/// Whether a route is that of a tunnel, which its gate knows by a name.
fn is_tunnel(route: &Route) -> bool {
    let name = route.path.strip_prefix('/').unwrap_or_default();
    !route.websocket && is_tunnel_name(name)
}

/// Whether this may be the name of a tunnel: small letters, digits and hyphens, 1 to 32 of them.
pub fn is_tunnel_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

fn check(route: &Route) -> Result<(), &'static str> {
    let method = route.method.bytes().all(|b| b.is_ascii_uppercase()) && !route.method.is_empty();
    if !method {
        return Err("no method that a gate forwards");
    }
    if route.method == "CONNECT" && !is_tunnel(route) {
        return Err("CONNECT is a tunnel of a gate: `/NAME`, small letters, digits and hyphens");
    }
    let path = route.path.starts_with('/') && !route.path.contains("//");
    let parts = parts(&route.path);
    let names: Vec<&str> = parts.iter().filter_map(|part| name(part)).collect();
    let fine = |part: &&str| match name(part) {
        Some(name) => !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
        None => !part.contains(['{', '}', '%', '\\', ';']) && !matches!(*part, "." | ".."),
    };
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if !path || !parts.iter().all(fine) || sorted.len() != names.len() {
        return Err("no path template");
    }
    let known = |template: &str| {
        let mut rest = template.to_owned();
        for name in &names {
            rest = rest.replace(&format!("{{{name}}}"), "");
        }
        !rest.contains(['{', '}'])
    };
    if !known(&route.resource) || !known(&route.unit) {
        return Err("a capture that the path does not have");
    }
    if route.zh.is_empty() || route.en.is_empty() {
        return Err("say what it does in both languages");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Route {
        Route {
            method: method.into(),
            path: path.into(),
            action: "read".into(),
            resource: String::new(),
            unit: String::new(),
            websocket: false,
            zh: "读".into(),
            en: "read".into(),
        }
    }

    #[test]
    fn a_literal_decides_before_a_capture_and_nothing_else_fits() {
        let mut named = route("GET", "/documents/{unit}/{document}");
        named.resource = "{unit}/{document}".into();
        named.unit = "{unit}".into();
        let fixed = route("GET", "/documents/{unit}/new");
        let routes = Routes::new("exchange", vec![named, fixed]).unwrap();
        let find = |method: &str, path: &str| {
            let path = CanonicalPath::read(path).unwrap();
            let matched = routes.find(method, &path)?;
            Some((matched.route.path.clone(), matched.resource, matched.unit))
        };
        let (path, resource, unit) = find("GET", "/documents/office/1").unwrap();
        assert_eq!((path.as_str(), unit.as_str()), ("/documents/{unit}/{document}", "office"));
        assert_eq!(resource, "exchange/office/1");
        assert_eq!(find("GET", "/documents/office/new").unwrap().0, "/documents/{unit}/new");
        let (_, resource, _) = find("GET", "/documents/office/%7Bunit%7D").unwrap();
        assert_eq!(resource, "exchange/office/{unit}");
        assert_eq!(find("HEAD", "/documents/office/1"), find("GET", "/documents/office/1"));
        assert_eq!(find("POST", "/documents/office/1"), None);
        assert_eq!(find("OPTIONS", "/documents/office/1"), None);
        assert_eq!(find("GET", "/documents/office/1/"), None);
        assert_eq!(find("GET", "/documents/office/"), None);
        assert_eq!(find("GET", "/Documents/office/1"), None);
    }

    #[test]
    fn options_has_the_route_that_names_it_and_no_other() {
        let mut asks = route("OPTIONS", "/read");
        asks.action = "ask".into();
        let all = vec![asks, route("GET", "/read"), route("GET", "/own"), route("POST", "/send")];
        let routes = Routes::new("x", all).unwrap();
        let action = |method: &str, path: &str| {
            let path = CanonicalPath::read(path).unwrap();
            routes.find(method, &path).map(|matched| matched.route.action.as_str())
        };
        assert_eq!(action("OPTIONS", "/read"), Some("ask"));
        assert_eq!(action("GET", "/read"), Some("read"));
        assert_eq!(action("OPTIONS", "/own"), None);
        assert_eq!(action("OPTIONS", "/send"), None);
    }

    #[test]
    fn head_follows_get_unless_it_has_a_route_of_its_own() {
        let mut own = route("HEAD", "/own");
        own.action = "probe".into();
        let all = vec![own, route("GET", "/own"), route("GET", "/read"), route("POST", "/send")];
        let routes = Routes::new("x", all).unwrap();
        let action = |path: &str| {
            let path = CanonicalPath::read(path).unwrap();
            routes.find("HEAD", &path).map(|matched| matched.route.action.as_str())
        };
        assert_eq!(action("/own"), Some("probe"));
        assert_eq!(action("/read"), Some("read"));
        assert_eq!(action("/send"), None);
    }

    /// A tunnel is found by its name and by no request: no method of one is `CONNECT`.
    #[test]
    fn a_tunnel_has_a_route_of_its_own() {
        let all = vec![route("CONNECT", "/database"), route("GET", "/database")];
        let routes = Routes::new("x", all).unwrap();
        let path = CanonicalPath::read("/database").unwrap();
        let method = |of| routes.find(of, &path).map(|found| found.route.method.as_str());
        assert_eq!((method("CONNECT"), method("HEAD")), (Some("CONNECT"), Some("GET")));
        assert_eq!(method("POST"), None);
    }

    #[test]
    fn wrong_templates_are_refused() {
        for path in ["x", "//", "/{a}/{a}", "/{}", "/a%2f", "/..", "/{A}"] {
            assert!(Routes::new("x", vec![route("GET", path)]).is_err(), "{path}");
        }
        for path in ["/", "/a/b", "/{name}", "/A", "/a_b", "/database/"] {
            assert!(Routes::new("x", vec![route("CONNECT", path)]).is_err(), "{path}");
        }
        let mut both = route("CONNECT", "/database");
        both.websocket = true;
        assert!(Routes::new("x", vec![both]).is_err());
        let twice = vec![route("GET", "/{a}"), route("GET", "/{b}")];
        assert!(Routes::new("x", twice).is_err());
        let mut unknown = route("GET", "/{a}");
        unknown.resource = "{b}".into();
        assert!(Routes::new("x", vec![unknown]).is_err());
    }
}
