//! What else an order touches, without a word of its body: access rules that a unit comes under
//! which moves, and names that others have.

use super::{facts, in_english};
use sample_city::orders::{SampleOrder, all as samples};

/// Whoever moves a unit reads which rules in force name a unit above it from then on or no longer,
/// and which follow it without naming one: that nothing in a file of rules changes is no reason to
/// say nothing.
#[test]
fn rules_that_a_move_changes_are_shown() {
    let moves =
        |one: &SampleOrder| one.order["kind"] == "unit" && one.order["body"]["action"] == "move";
    let sample = samples().into_iter().find(moves).unwrap();
    let shown = facts(&sample.open(&sample.order).unwrap());
    let wanted = [
        ("from then on", "+Document exchange (exchange): county, names 洛南县 (luonan)"),
        ("no longer", "-Petitions (petitions): GET /seal, names 商州区 (shangzhou)"),
        ("to its new place", " Document exchange (exchange): own-unit"),
    ];
    for (term, line) in wanted {
        let of_rules =
            |text: &str| text.starts_with("access rules in force") && text.ends_with(term);
        let told = shown.iter().find(|fact| of_rules(&fact.term.en)).expect(term);
        let lines: Vec<String> = told.lines.iter().map(in_english).collect();
        let plain = |text: &str| text.replace(['「', '」', '"'], "");
        assert!(told.differs && lines.len() == 1, "{lines:?}");
        assert_eq!(plain(&lines[0]), line);
    }
    for count in ["5", "6", "7"] {
        let more = shown.iter().filter(|fact| fact.term.en.contains("which are not listed"));
        assert!(more.into_iter().any(|fact| fact.value.en() == count), "{count}");
    }
}

/// Whoever approves names for a system, a gate or a portal reads who has them already.
#[test]
fn names_that_others_have_are_shown() {
    for kind in ["system", "agent", "portal"] {
        let is_of = |one: &SampleOrder| one.order["kind"] == kind;
        let sample = samples().into_iter().find(is_of).unwrap();
        let shown = facts(&sample.open(&sample.order).unwrap());
        let told = shown.iter().find(|fact| fact.term.en.starts_with("names that others have"));
        let told = told.expect(kind);
        let lines: Vec<String> = told.lines.iter().map(in_english).collect();
        assert!(told.differs && lines.len() == 1, "{kind}: {lines:?}");
        for part in ["*.example", "system 「水情监测」 (water)"] {
            assert!(lines[0].contains(part), "{kind}: {lines:?}");
        }
        let more = |fact: &super::Fact| fact.term.en.starts_with("how many more such names");
        assert!(shown.iter().any(more), "{kind}");
    }
}

/// Whoever closes a portal reads what ends with it.
#[test]
fn what_ends_with_a_portal_is_shown() {
    let closes =
        |one: &SampleOrder| one.order["kind"] == "portal" && one.order["body"]["action"] == "close";
    let sample = samples().into_iter().find(closes).unwrap();
    let shown = facts(&sample.open(&sample.order).unwrap());
    assert!(shown.iter().any(|fact| fact.value.en().contains("passkeys that were made at its")));
}
