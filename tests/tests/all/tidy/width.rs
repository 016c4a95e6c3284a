//! Lines, comments too, fit a column of a hundred signs, so that two files fit beside each other.

use super::sources::{crates, pages, shown};

const LINE_CHARS_MAX: usize = 100;

#[test]
fn lines_fit() {
    let mut long = Vec::new();
    for path in crates().iter().flat_map(|one| one.files()) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > LINE_CHARS_MAX && !is_one_literal(line) {
                long.push(format!("{}:{}", shown(&path), number + 1));
            }
        }
    }
    assert!(long.is_empty(), "longer than {LINE_CHARS_MAX}:\n{}", long.join("\n"));
}

/// Pages as well: their paragraphs and lists; rows of tables and what stands in a frame cannot be
/// broken.
#[test]
fn paragraphs_fit() {
    let mut long = Vec::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut framed = false;
        for (number, line) in text.lines().enumerate() {
            framed ^= line.starts_with("```");
            let is_prose = !framed && !line.starts_with("    ") && !line.starts_with('|');
            let is_long = line.chars().count() > LINE_CHARS_MAX && line.trim().contains(' ');
            if is_prose && is_long {
                long.push(format!("{}:{}", shown(&path), number + 1));
            }
        }
    }
    assert!(long.is_empty(), "longer than {LINE_CHARS_MAX}:\n{}", long.join("\n"));
}

#[test]
fn only_one_literal_may_be_longer() {
    let long = "a".repeat(LINE_CHARS_MAX);
    assert!(is_one_literal(&format!("    \"{long}\",")));
    assert!(is_one_literal(&format!("    r#\"{long}\"#)")));
    assert!(is_one_literal(&format!("    menu_item \"菜单\" \"{long}\";")));
    assert!(is_one_literal(&format!("//! https://example.org/{long}")));
    assert!(!is_one_literal(&format!("// {}", "word ".repeat(30))));
    assert!(!is_one_literal(&format!("    let text = call(\"{long}\");")));
    assert!(!is_one_literal(&format!("    \"{long}\", \"{long}\"")));
}

/// A line that cannot be broken: one text in quotes, one word of a comment, one row of a table of
/// words (a name and its sentence in each language).
fn is_one_literal(line: &str) -> bool {
    let line = line.trim();
    let marks = ["//!", "///", "//"];
    if let Some(comment) = marks.iter().find_map(|mark| line.strip_prefix(mark)) {
        return !comment.trim().contains(' ');
    }
    let shape = shape(line);
    let shape = shape.trim_end_matches([',', ';', ')']);
    matches!(shape, "\"" | "b\"" | "r\"" | "r#\"#") || is_row(shape)
}

/// Names and at least two texts in quotes with nothing between them, as tables of words are
/// written.
fn is_row(shape: &str) -> bool {
    let parts: Vec<&str> = shape.split(' ').collect();
    let names = parts.iter().filter(|part| is_name(part)).count();
    let texts = parts.iter().filter(|part| **part == "\"").count();
    texts >= 2 && names + texts == parts.len()
}

/// The line with each text in quotes made one quote.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    let (mut inside, mut escaped) = (false, false);
    for letter in line.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' if inside => inside = false,
            '"' => {
                inside = true;
                shape.push('"');
            }
            _ if inside => {}
            _ => shape.push(letter),
        }
    }
    // A text that goes on in the next line can be broken here.
    if inside { line.to_owned() } else { shape }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}
