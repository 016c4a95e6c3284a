//! Sample pages and scripts of pages, in Debian's Chromium and Node.js, without anything behind
//! them.

use serde_json::Value;
use tests::browser::node;
use tests::workspace;

/// The page's own encoders, judged by golden vectors and OpenSSL.
#[test]
fn scripts_of_pages_agree_with_everybody_else() {
    node("assets.test.mjs", &[], &Value::Null);
}

/// What each script does with its form; and none is without a test of its own.
#[test]
fn scripts_do_what_their_forms_need() {
    node("forms.test.mjs", &[], &Value::Null);
    let folder = workspace().join("tests/browser");
    let tests: String = ["assets.test.mjs", "forms.test.mjs"]
        .map(|name| std::fs::read_to_string(folder.join(name)).unwrap())
        .concat();
    for entry in std::fs::read_dir(workspace().join("ra-portal/assets")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let tested = tests.contains(&format!("(\"{name}\")"));
        assert!(tested || !name.ends_with(".js"), "{name} has no test of its own");
    }
}

/// axe on every sample page, both languages, light and dark, on a narrow screen and on paper.
#[test]
fn nothing_keeps_anybody_from_using_a_page() {
    println!("{}", node("page_screenshots.mjs", &[], &Value::Null));
}
