//! What access rules say about units, read from their text: which ones they name, and whether they
//! ask who is below whom. Whoever moves a unit is told of it, and nothing is decided by it: what is
//! in force was read whole by `policy`, which decides.

use crate::record::File;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// What an access rule, or a route of an application, says about units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleUnits {
    /// Application id.
    pub application: String,
    /// The rule's id; of a route its method and path.
    pub rule: String,
    /// Units that it names.
    pub units: BTreeSet<String>,
    /// Units over which it names a role.
    pub scopes: BTreeSet<String>,
    /// Whether it asks who is below whom, or holds a role there, of a unit that it does not name.
    pub follows: bool,
}

/// What stands behind `in` and is no entity by name.
const ASKED: [&str; 4] = ["principal", "resource", "context", "if"];

/// A piece of a rule's text.
#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// The head of an application's routes, as far as units stand in it.
#[derive(Deserialize)]
struct RoutesText {
    application: String,
    #[serde(default)]
    route: Vec<RouteText>,
}

#[derive(Deserialize)]
struct RouteText {
    method: String,
    path: String,
    #[serde(default)]
    unit: String,
}

impl RuleUnits {
    /// Of every rule and route of a bundle that says something about units.
    pub fn of(files: &[File]) -> Vec<Self> {
        let mut all = Vec::new();
        for file in files {
            let Some(name) = file.name.strip_prefix("access/") else { continue };
            if let Some(application) = name.strip_suffix(".cedar") {
                let tokens = tokens(&file.content);
                let rules = tokens.split(|one| *one == Token::Sign(';'));
                all.extend(rules.map(|rule| Self::of_rule(application, rule)));
            } else if let Some(application) = name.strip_suffix(".toml") {
                all.extend(of_routes(application, &file.content));
            }
        }
        all.retain(|one| one.follows || !one.units.is_empty() || !one.scopes.is_empty());
        all
    }

    fn of_rule(application: &str, rule: &[Token]) -> Self {
        let mut said = Self { application: application.to_owned(), ..Self::default() };
        let mut rest = rule;
        while let [_, behind @ ..] = rest {
            match rest {
                [Token::Sign('@'), Token::Word(name), Token::Sign('('), Token::Text(id), ..]
                    if name == "id" =>
                {
                    said.rule.clone_from(id);
                }
                [Token::Word(kind), Token::Sign(':'), Token::Sign(':'), Token::Text(name), ..] => {
                    said.name_entity(kind, name);
                }
                [left, Token::Word(word), right @ ..] if word == "in" && is_asked_of(left) => {
                    said.follows |= !is_named(right);
                }
                _ => {}
            }
            rest = behind;
        }
        said
    }

    fn name_entity(&mut self, kind: &str, name: &str) {
        match kind {
            "Unit" => self.units.extend([name.to_owned()]),
            "Role" => self.scopes.extend(name.rsplit_once('@').map(|(_, scope)| scope.to_owned())),
            _ => {}
        }
    }
}

/// Routes whose record is always of the one unit that they name.
fn of_routes(application: &str, text: &str) -> Vec<RuleUnits> {
    let Ok(read) = toml::from_str::<RoutesText>(text) else { return Vec::new() };
    let is_of = read.application == application;
    let routes = read.route.into_iter().filter(|route| is_of && !route.unit.is_empty());
    let named = routes.filter(|route| !route.unit.contains('{'));
    let said = |route: RouteText| RuleUnits {
        application: application.to_owned(),
        rule: format!("{} {}", route.method, route.path),
        units: BTreeSet::from([route.unit]),
        ..RuleUnits::default()
    };
    named.map(said).collect()
}

/// Whether `in` behind it asks of people or records: actions are in groups of their own, and an
/// annotation asks nothing.
fn is_asked_of(left: &Token) -> bool {
    match left {
        Token::Word(word) => word != "action",
        Token::Sign(sign) => *sign != '@',
        Token::Text(_) => true,
    }
}

/// Whether what stands behind `in` are entities by name, one or several.
fn is_named(right: &[Token]) -> bool {
    match right {
        [Token::Sign('['), several @ ..] => {
            let mut all = several.iter().take_while(|one| **one != Token::Sign(']'));
            !all.any(|one| matches!(one, Token::Word(word) if ASKED.contains(&word.as_str())))
        }
        _ => matches!(right, [Token::Word(_), Token::Sign(':'), ..]),
    }
}

/// Words, texts and signs of Cedar, without blanks and comments.
fn tokens(cedar: &str) -> Vec<Token> {
    let is_of_word = |one: &char| one.is_alphanumeric() || *one == '_';
    let (mut all, mut rest) = (Vec::new(), cedar.chars().peekable());
    while let Some(next) = rest.next() {
        match next {
            '/' if rest.peek() == Some(&'/') => {
                while rest.next_if(|one| !['\n', '\r'].contains(one)).is_some() {}
            }
            '"' => all.push(Token::Text(quoted(&mut rest))),
            one if is_of_word(&one) => {
                let mut word = String::from(one);
                while let Some(more) = rest.next_if(is_of_word) {
                    word.push(more);
                }
                all.push(Token::Word(word));
            }
            one if one.is_whitespace() => {}
            one => all.push(Token::Sign(one)),
        }
    }
    all
}

/// A text up to its closing quotation mark, as Cedar reads it.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            '"' => break,
            '\\' => text.extend(escaped(rest)),
            one => text.push(one),
        }
    }
    text
}

/// What an escape stands for; the end of a line, with the blanks behind it, for nothing.
fn escaped(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    let of_hex = |digits: &str| char::from_u32(u32::from_str_radix(digits, 16).ok()?);
    match rest.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        'x' => of_hex(&rest.take(2).collect::<String>()),
        'u' => {
            let digits: String = rest.take_while(|one| *one != '}').collect();
            of_hex(&digits.replace(['{', '_'], ""))
        }
        '\n' => {
            while rest.next_if(char::is_ascii_whitespace).is_some() {}
            None
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_cedar(cedar: &str) -> Vec<RuleUnits> {
        RuleUnits::of(&[File { name: "access/exchange.cedar".into(), content: cedar.into() }])
    }

    fn names(rule: &str, units: &[&str], scopes: &[&str], follows: bool) -> RuleUnits {
        let set = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        RuleUnits {
            application: "exchange".into(),
            rule: rule.into(),
            units: set(units),
            scopes: set(scopes),
            follows,
        }
    }

    /// Whatever names a unit is found, in the head of a rule or in a condition, however its text is
    /// spelled; what stands in comments and sentences is not.
    #[test]
    fn rules_are_read_for_the_units_that_they_name() {
        let cedar = r#"
            // Unit::"comment"; permit (principal in Unit::"comment", action, resource);
            @id("county") @zh("Unit::\"sentence\";") @en("in")
            permit (principal in Unit::"shangzhou", action in [Action::"read"], resource);
            @id("spelled") permit (principal, action, resource)
            when { [Unit :: "lu\u{6f_}na\x6e", Unit::"shang\
                    zhou"].contains(resource.unit) };
            @id("roles") forbid (principal, action, resource)
            unless { principal in [Role::"official@sz-office", Role::"auditor@luonan"] };
            @id("nobody") @in("") permit (principal, action == Action::"open", resource);
        "#;
        let county = names("county", &["shangzhou"], &[], false);
        let spelled = names("spelled", &["luonan", "shangzhou"], &[], false);
        let roles = names("roles", &[], &["luonan", "sz-office"], false);
        assert_eq!(of_cedar(cedar), [county, spelled, roles]);
        // A comment ends where Cedar has it end.
        let behind = "//\rpermit (principal in Unit::\"luonan\", action, resource);";
        assert_eq!(of_cedar(behind), [names("", &["luonan"], &[], false)]);
    }

    /// A rule that names no unit, and asks where somebody stands, follows the tree of units.
    #[test]
    fn what_asks_where_somebody_stands_follows_the_tree() {
        let rule = |when: &str| {
            format!("@id(\"one\") permit (principal, action, resource) when {{ {when} }};")
        };
        for when in [
            "principal in resource.unit",
            "principal in resource[\"unit-handler\"]",
            "principal in [Unit::\"luonan\", resource.unit]",
            "(principal) in (resource.unit)",
            "principal is Person in resource.unit",
        ] {
            assert!(of_cedar(&rule(when))[0].follows, "{when}");
        }
        assert!(of_cedar(&rule("context.hour < 6")).is_empty());
        assert!(!of_cedar(&rule("resource in Unit::\"luonan\""))[0].follows);
    }

    /// A route whose record is always of one unit names it as a rule does.
    #[test]
    fn routes_name_units_as_rules_do() {
        let route = |unit: &str| {
            let route = "[[route]]\nmethod = \"GET\"\npath = \"/seal\"\naction = \"open\"";
            let content = format!("application = \"exchange\"\nx = 1\n{route}\nunit = \"{unit}\"");
            [File { name: "access/exchange.toml".into(), content }]
        };
        let named = names("GET /seal", &["luonan"], &[], false);
        assert_eq!(RuleUnits::of(&route("luonan")), [named]);
        assert!(RuleUnits::of(&route("{unit}")).is_empty() && RuleUnits::of(&route("")).is_empty());
        let [file] = route("luonan");
        let other = File { name: "access/other.toml".into(), ..file };
        assert!(RuleUnits::of(&[other]).is_empty());
    }
}
