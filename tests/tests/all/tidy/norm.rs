//! What the page of the gate says of the national norm: each field that it names stands in the row
//! of its record in `docs/formats.md`.

use tests::workspace;

fn page(name: &str) -> String {
    std::fs::read_to_string(workspace().join("docs").join(name)).unwrap()
}

/// Names in code marks.
fn marked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn fields_that_the_norm_wants_are_recorded() {
    let (gate, formats) = (page("gate.md"), page("formats.md"));
    let (_, section) = gate.split_once("\n## Records by the national norm").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut fields = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let said = row.trim_matches('|').rsplit('|').next().unwrap();
        for one in said.split(';').filter(|one| one.contains('`')) {
            let marks = marked(one);
            let [kind, names @ ..] = marks.as_slice() else { panic!("{one}") };
            let of_kind = formats.lines().find(|line| line.starts_with(&format!("| `{kind}` | ")));
            let of_kind = of_kind.unwrap_or_else(|| panic!("no record `{kind}`"));
            for name in names {
                assert!(of_kind.contains(&format!("`{name}`")), "{kind}: {name}");
                fields += 1;
            }
        }
    }
    assert!(fields > 25, "{fields}");
}
