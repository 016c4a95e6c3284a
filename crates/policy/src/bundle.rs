//! A bundle: one schema, and for every application its rules, routes and examples. Whatever is
//! wrong with any of them refuses the whole.

use crate::application::{Application, Rule};
use crate::conditions::Conditions;
use crate::example::{self, Example, TestedExample};
use crate::fault::{BundleError, Cure, line_of, line_with, statements};
use crate::nesting::too_deep;
use crate::period::{grain, reads_authentication, reads_delegations};
use crate::replay::ReplaySummary;
use crate::route::{Route, Routes};
use crate::schema_size::is_too_large;
use crate::slice::RuleSlices;
use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

const FOLDER: &str = "access/";
const SCHEMA: &str = "access/schema.cedarschema";
const CALENDAR: &str = "access/calendar.toml";
const NETWORKS: &str = "access/networks.toml";

fn wrong(file: &str, what: impl ToString, cure: Cure) -> BundleError {
    BundleError::at(file, 0, what, cure)
}

/// An id of an application as gates are registered for one (`docs/formats.md` 4). Another would be
/// nobody's, and could be read as one that is.
fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&id.len()) && id.bytes().all(plain)
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
    replays: Vec<ReplaySummary>,
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
        let (bundle, tested) = Self::read_and_test(version, files)?;
        let failed = tested.into_iter().find_map(TestedExample::failed);
        failed.map_or(Ok(bundle), Err)
    }

    /// The same, where an example that gives something else is told among the others.
    pub fn read_and_test<N, C>(
        version: u32,
        files: impl IntoIterator<Item = (N, C)>,
    ) -> Result<(Self, Vec<TestedExample>), BundleError>
    where
        N: Into<String>,
        C: Into<String>,
    {
        let files: BTreeMap<String, String> =
            files.into_iter().map(|(name, content)| (name.into(), content.into())).collect();
        let missing = || wrong(SCHEMA, "is missing", Cure::AddFile);
        let schema = files.get(SCHEMA).ok_or_else(missing)?;
        not_too_deep(SCHEMA, schema)?;
        if is_too_large(schema) {
            let told = "says too much, or has a type in which another one is named";
            return Err(wrong(SCHEMA, told, Cure::Cedar));
        }
        let (schema, _) = Schema::from_cedarschema_str(schema)
            .map_err(|error| wrong(SCHEMA, error, Cure::Cedar))?;
        let mut bundle =
            Self { version, applications: BTreeMap::new(), examples: 0, replays: Vec::new() };
        let of = |name: &'static str| files.get(name).map(|text| (name, text.as_str()));
        let conditions = Arc::new(Conditions::read(of(CALENDAR), of(NETWORKS))?);
        for (name, content) in &files {
            let stray = || wrong(name, "does not belong here", Cure::RemoveFile);
            let plain = name.strip_prefix(FOLDER).filter(|plain| !plain.contains('/'));
            match plain.ok_or_else(stray)?.split_once('.') {
                Some((_, "cedarschema")) if name == SCHEMA => {}
                Some((_, "toml")) if [CALENDAR, NETWORKS].contains(&name.as_str()) => {}
                Some((id, "cedar")) if is_id(id) => {
                    let shared = (&schema, &conditions);
                    let application = application(id, &files, content, shared)?;
                    bundle.applications.insert(id.to_owned(), application);
                }
                Some((id, "toml" | "examples.toml"))
                    if files.contains_key(&format!("{FOLDER}{id}.cedar")) => {}
                Some((id, "replay.toml")) if files.contains_key(&format!("{FOLDER}{id}.cedar")) => {
                    let said: ReplaySummary = toml::from_str(content)
                        .map_err(|error| BundleError::toml(name, content, &error))?;
                    if said.application != id {
                        return Err(stray());
                    }
                    bundle.replays.push(said);
                }
                _ => return Err(stray()),
            }
        }
        let mut tested = Vec::new();
        for (id, application) in &bundle.applications {
            tested.extend(examples(&files, id, application)?);
        }
        bundle.examples = tested.len();
        Ok((bundle, tested))
    }

    /// The version of the bundle, which an order raised.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many examples it passed.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// What replays of other rules found that lie beside these; nobody signed them.
    pub fn replays(&self) -> &[ReplaySummary] {
        &self.replays
    }

    /// The rules of an application.
    pub fn application(&self, id: &str) -> Option<&Application> {
        self.applications.get(id)
    }
}

/// What comes of the examples of an application.
fn examples(
    files: &BTreeMap<String, String>,
    id: &str,
    application: &Application,
) -> Result<Vec<TestedExample>, BundleError> {
    let name = format!("{FOLDER}{id}.examples.toml");
    let text = files.get(&name).ok_or_else(|| wrong(&name, "is missing", Cure::AddFile))?;
    let read: ExampleFile =
        toml::from_str(text).map_err(|error| BundleError::toml(&name, text, &error))?;
    example::run(application, &read.unit, (name.as_str(), text.as_str()), &read.example)
        .map_err(|what| wrong(&name, what, Cure::Example))
}

fn application(
    id: &str,
    files: &BTreeMap<String, String>,
    cedar: &str,
    (schema, conditions): (&Schema, &Arc<Conditions>),
) -> Result<Application, BundleError> {
    let name = format!("{FOLDER}{id}.toml");
    let text = files.get(&name).ok_or_else(|| wrong(&name, "is missing", Cure::AddFile))?;
    let head: ApplicationFile =
        toml::from_str(text).map_err(|error| BundleError::toml(&name, text, &error))?;
    if head.application != id {
        let line = line_with(text, "application");
        return Err(BundleError::at(&name, line, "is about another application", Cure::Toml));
    }
    let of_route = |what: String| {
        let path = what.split(' ').nth(1).unwrap_or_default().trim_end_matches(':');
        let line = line_with(text, &format!("\"{path}\""));
        BundleError::at(&name, line, &what, Cure::Route)
    };
    let routes = Routes::new(id, head.route).map_err(of_route)?;
    let actions: Vec<String> =
        schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
    if let Some(route) = routes.all().iter().find(|route| !actions.contains(&route.action)) {
        let line = line_with(text, &format!("\"{}\"", route.action));
        let what = format!("the schema has no action `{}`", route.action);
        return Err(BundleError::at(&name, line, what, Cure::Schema));
    }
    let cedar_name = format!("{FOLDER}{id}.cedar");
    let (policies, rules) = named(&cedar_name, cedar)?;
    let set = PolicySet::from_policies(policies.iter().cloned())
        .map_err(|error| wrong(&cedar_name, error, Cure::Cedar))?;
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        let line = line_of_rule(cedar, error.policy_id().as_ref());
        return Err(BundleError::at(&cedar_name, line, error, Cure::Schema));
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
        reads_authentication: reads_authentication(cedar),
        reads_delegations: reads_delegations(cedar),
        conditions: conditions.clone(),
    })
}

/// Before anything is read of a text that would be read one call deeper for each of its brackets.
fn not_too_deep(file: &str, text: &str) -> Result<(), BundleError> {
    let deep = |at| BundleError::at(file, line_of(text, at), "is nested too deep", Cure::Cedar);
    too_deep(text, file == SCHEMA).map_or(Ok(()), |at| Err(deep(at)))
}

/// The policies under the ids of their annotations, and what people are told about each.
fn named(file: &str, cedar: &str) -> Result<(Vec<Policy>, BTreeMap<String, Rule>), BundleError> {
    not_too_deep(file, cedar)?;
    let set = PolicySet::from_str(cedar).map_err(|error| {
        let unread = |(_, text): &&(usize, &str)| PolicySet::from_str(text).is_err();
        let all = statements(cedar);
        let line = all.iter().find(unread).map_or(0, |(line, _)| *line);
        BundleError::at(file, line, error, Cure::Cedar)
    })?;
    if set.templates().next().is_some() {
        let line = line_with(cedar, "?");
        return Err(BundleError::at(file, line, "templates are not used here", Cure::Cedar));
    }
    let mut rules = BTreeMap::new();
    let mut policies = Vec::new();
    for policy in set.policies() {
        let text = |name: &str| {
            let value = policy.annotation(name).filter(|value| !value.is_empty());
            value.map(str::to_owned).ok_or_else(|| {
                let what = format!("a rule lacks @{name}");
                BundleError::at(file, line_without(cedar, name), what, Cure::Annotate)
            })
        };
        let rule = Rule { id: text("id")?, zh: text("zh")?, en: text("en")? };
        let id = rule.id.clone();
        if rules.insert(id.clone(), rule).is_some() {
            let (line, what) = (line_of_rule(cedar, &id), format!("two rules are called `{id}`"));
            return Err(BundleError::at(file, line, what, Cure::Rename));
        }
        policies.push(policy.new_id(PolicyId::new(&id)));
    }
    Ok((policies, rules))
}

/// The line in which the last rule of this id begins.
fn line_of_rule(cedar: &str, id: &str) -> usize {
    let named = format!("@id(\"{id}\")");
    let all = statements(cedar);
    all.iter().rev().find(|(_, text)| text.contains(&named)).map_or(0, |(line, _)| *line)
}

/// The line in which the first rule begins that lacks an annotation.
fn line_without(cedar: &str, annotation: &str) -> usize {
    let named = format!("@{annotation}(\"");
    let all = statements(cedar);
    all.iter().find(|(_, text)| !text.contains(&named)).map_or(0, |(line, _)| *line)
}
