//! A bundle: one schema, and for every application its rules, routes and examples. Whatever is
//! wrong with any of them refuses the whole.

use crate::application::{Application, Rule};
use crate::example::{self, Example};
use crate::period::grain;
use crate::route::{Route, Routes};
use crate::slice::RuleSlices;
use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

const FOLDER: &str = "access/";
const SCHEMA: &str = "access/schema.cedarschema";

/// Why a bundle is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct BundleError {
    /// The error is in this file of the bundle.
    pub file: String,
    /// The error says what is wrong there, for whoever writes rules.
    pub what: String,
}

fn wrong(file: &str, what: impl ToString) -> BundleError {
    BundleError { file: file.to_owned(), what: what.to_string() }
}

/// An application's head in `APPLICATION.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplicationFile {
    application: String,
    zh: String,
    en: String,
    grants_zh: String,
    grants_en: String,
    #[serde(default)]
    route: Vec<Route>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleFile {
    #[serde(default)]
    unit: Vec<example::Unit>,
    #[serde(default)]
    example: Vec<Example>,
}

/// A bundle that was checked.
#[derive(Clone, Debug)]
pub struct Bundle {
    version: u32,
    applications: BTreeMap<String, Application>,
    examples: usize,
}

impl Bundle {
    /// Reads and checks a bundle's files, named by their path.
    pub fn read<N, C>(
        version: u32,
        files: impl IntoIterator<Item = (N, C)>,
    ) -> Result<Self, BundleError>
    where
        N: Into<String>,
        C: Into<String>,
    {
        let files: BTreeMap<String, String> =
            files.into_iter().map(|(name, content)| (name.into(), content.into())).collect();
        let schema = files.get(SCHEMA).ok_or_else(|| wrong(SCHEMA, "is missing"))?;
        let (schema, _) =
            Schema::from_cedarschema_str(schema).map_err(|error| wrong(SCHEMA, error))?;
        let mut bundle = Self { version, applications: BTreeMap::new(), examples: 0 };
        for (name, content) in &files {
            let plain = name.strip_prefix(FOLDER).filter(|plain| !plain.contains('/'));
            let plain = plain.ok_or_else(|| wrong(name, "does not belong here"))?;
            match plain.split_once('.') {
                Some((_, "cedarschema")) if name == SCHEMA => {}
                Some((id, "cedar")) => {
                    let application = application(id, &files, content, &schema)?;
                    bundle.applications.insert(id.to_owned(), application);
                }
                Some((id, "toml" | "examples.toml"))
                    if files.contains_key(&format!("{FOLDER}{id}.cedar")) => {}
                _ => return Err(wrong(name, "does not belong here")),
            }
        }
        for id in bundle.applications.keys() {
            let name = format!("{FOLDER}{id}.examples.toml");
            let text = files.get(&name).ok_or_else(|| wrong(&name, "is missing"))?;
            let read: ExampleFile = toml::from_str(text).map_err(|error| wrong(&name, error))?;
            let application = bundle.applications.get(id).ok_or_else(|| wrong(&name, "?"))?;
            example::run(application, &read.unit, &read.example)
                .map_err(|what| wrong(&name, what))?;
            bundle.examples += read.example.len();
        }
        Ok(bundle)
    }

    /// The version of the bundle, which an order raised.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many examples it passed.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// The rules of an application.
    pub fn application(&self, id: &str) -> Option<&Application> {
        self.applications.get(id)
    }
}

fn application(
    id: &str,
    files: &BTreeMap<String, String>,
    cedar: &str,
    schema: &Schema,
) -> Result<Application, BundleError> {
    let name = format!("{FOLDER}{id}.toml");
    let text = files.get(&name).ok_or_else(|| wrong(&name, "is missing"))?;
    let head: ApplicationFile = toml::from_str(text).map_err(|error| wrong(&name, error))?;
    if head.application != id {
        return Err(wrong(&name, "is about another application"));
    }
    let routes = Routes::new(id, head.route).map_err(|what| wrong(&name, what))?;
    let actions: Vec<String> =
        schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
    if let Some(route) = routes.all().iter().find(|route| !actions.contains(&route.action)) {
        return Err(wrong(&name, format!("the schema has no action `{}`", route.action)));
    }
    let cedar_name = format!("{FOLDER}{id}.cedar");
    let (policies, rules) = named(cedar).map_err(|what| wrong(&cedar_name, what))?;
    let set = PolicySet::from_policies(policies.iter().cloned())
        .map_err(|error| wrong(&cedar_name, error))?;
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(wrong(&cedar_name, error));
    }
    Ok(Application {
        id: id.to_owned(),
        zh: head.zh,
        en: head.en,
        grants_zh: head.grants_zh,
        grants_en: head.grants_en,
        routes,
        rules,
        sliced: RuleSlices::new(policies),
        grain: grain(cedar),
    })
}

/// The policies under the ids of their annotations, and what people are told about each.
fn named(cedar: &str) -> Result<(Vec<Policy>, BTreeMap<String, Rule>), String> {
    let set = PolicySet::from_str(cedar).map_err(|error| error.to_string())?;
    if set.templates().next().is_some() {
        return Err("templates are not used here".into());
    }
    let mut rules = BTreeMap::new();
    let mut policies = Vec::new();
    for policy in set.policies() {
        let text = |name: &str| {
            let value = policy.annotation(name).filter(|value| !value.is_empty());
            value.map(str::to_owned).ok_or_else(|| format!("a rule lacks @{name}"))
        };
        let rule = Rule { id: text("id")?, zh: text("zh")?, en: text("en")? };
        let id = rule.id.clone();
        if rules.insert(id.clone(), rule).is_some() {
            return Err(format!("two rules are called `{id}`"));
        }
        policies.push(policy.new_id(PolicyId::new(&id)));
    }
    Ok((policies, rules))
}
