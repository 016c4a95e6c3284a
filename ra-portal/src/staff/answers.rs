//! Sample pages look no better than life: what they are filled with is made as the CA's answers
//! about a running city are, field by field. Those are recorded by a story (`tests/src/answers.rs`)
//! in `tests/golden/answers.json` and `tests/golden/system-answers.json`.

use super::{
    certificates, consequence, dossier, holdings, organisation, people, queue, system, systems,
};
use ca_api::Certificates;
use records::export::OrderLines;
use sample_city::shape::{HOSTILE, Shape, shape};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// What the sample pages are filled with, by the name of the question.
fn samples() -> BTreeMap<&'static str, Value> {
    let (lines, more) = (queue::sample_lines(), String::new());
    let (found, none) = (certificates::sample_lines(), String::new());
    BTreeMap::from([
        ("mine", json!(holdings::sample_of_mine())),
        ("list", json!(OrderLines { lines, more })),
        ("find", json!(Certificates { lines: found, elsewhere: 3, more: none })),
        ("people", json!(people::sample_people())),
        ("dossier", json!(dossier::sample("王小明", true))),
        ("unit", json!(organisation::sample_unit())),
        ("systems", json!(systems::sample_systems())),
        ("system", json!(system::sample_facts(true))),
        ("consequences", json!(consequence::sample_told(true).1)),
    ])
}

/// Forms that say something: where the city had nothing, nothing is learned from it.
fn told(shape: &Shape, path: &str) -> Vec<String> {
    let forms = shape.get(path).into_iter().flatten();
    forms.filter(|form| !["", "null", HOSTILE].contains(&form.as_str())).cloned().collect()
}

#[test]
fn samples_are_made_as_a_running_city_answers() {
    let mut recorded: BTreeMap<String, Shape> = BTreeMap::new();
    for file in ["answers.json", "system-answers.json"] {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
        let text = std::fs::read_to_string(golden.join(file)).unwrap();
        let of_file: BTreeMap<String, Shape> = serde_json::from_str(&text).unwrap();
        recorded.extend(of_file);
    }
    for (name, sample) in samples() {
        let (own, life) = (shape(&sample), &recorded[name]);
        let mut compared = 0;
        for path in own.keys() {
            let known = told(life, path);
            if known.is_empty() {
                continue;
            }
            compared += 1;
            for form in told(&own, path) {
                assert!(known.contains(&form), "{name}{path}: {form}, in life {known:?}");
            }
        }
        assert!(compared * 5 > own.len(), "{name}: {compared} of {} were compared", own.len());
    }
}
