//! How deep a rule is nested. Whoever reads Cedar goes one call deeper for each parenthesis and
//! each condition within another, and also for each condition behind another (`when`), and lets go
//! of what was read in the same way: a text of ever deeper rules would end the program that reads
//! it, before it is anybody's error.

/// So many brackets stand open in each other, or conditions in a rule.
const OPEN_MAX: usize = 32;
/// So many signs stand in a rule of which each takes what stands before it for a part.
const STEPS_MAX: usize = 1_024;
/// What a condition (`if`) costs of these: the next one stands within it, without a bracket.
const CONDITION_STEPS: usize = STEPS_MAX / OPEN_MAX;

/// The byte at which a text of rules, or of a schema, goes deeper than it may, if it does.
pub(crate) fn too_deep(text: &str, is_schema: bool) -> Option<usize> {
    let (mut open, mut steps): (usize, usize) = (0, 0);
    let (mut in_text, mut in_comment, mut escaped) = (false, false, false);
    let (mut earlier, mut before) = (' ', ' ');
    for (at, one) in text.char_indices() {
        match one {
            // Either ends a comment for those who read Cedar.
            '\n' | '\r' => in_comment = false,
            _ if in_comment => {}
            '"' if !escaped => in_text = !in_text,
            _ if in_text => {}
            '/' if before == '/' => in_comment = true,
            // Types stand in each other between these: a set of sets.
            '<' if is_schema => open += 1,
            '>' if is_schema => open = open.saturating_sub(1),
            '(' => open += 1,
            '{' | '[' => (open, steps) = (open + 1, steps + 1),
            ')' | ']' | '}' => open = open.saturating_sub(1),
            ';' => steps = 0,
            '!' | '-' | '+' | '*' | '.' | '&' | '|' | '<' | '>' | '=' => steps += 1,
            // The word, and not a part of another one, such as `certificate`.
            'f' if before == 'i' && !is_of_word(earlier) => steps += CONDITION_STEPS,
            _ => {}
        }
        if open > OPEN_MAX || steps > STEPS_MAX {
            return Some(at);
        }
        escaped = in_text && one == '\\' && !escaped;
        (earlier, before) = (before, one);
    }
    None
}

/// Whether a character is of a word, as Cedar reads them.
pub(crate) fn is_of_word(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(condition: &str) -> String {
        format!("permit (principal, action, resource) when {{ {condition} }};\n")
    }

    #[test]
    fn a_rule_is_nested_so_deep_and_no_deeper() {
        let within = |open: &str, count: usize, close: &str| {
            rule(&format!("{}true{}", open.repeat(count), close.repeat(count)))
        };
        let chain = |sign: &str, count: usize| rule(&vec!["true"; count + 1].join(sign));
        let is_deep = |text: &str| too_deep(text, false).is_some();
        // The braces of the rule are one of them, and one sign.
        for (open, close) in [("(", ")"), ("{a:", "}")] {
            assert!(!is_deep(&within(open, OPEN_MAX - 1, close)), "{open}");
            assert!(is_deep(&within(open, OPEN_MAX, close)), "{open}");
        }
        for (sign, signs) in [(".", 1), (" + ", 1), (" && ", 2), (" == ", 2)] {
            let most = (STEPS_MAX - 1) / signs;
            assert!(!is_deep(&chain(sign, most)), "{sign}");
            assert!(is_deep(&chain(sign, most + 1)), "{sign}");
        }
        let conditions = |count| within("if true then true else ", count, "");
        assert!(!is_deep(&conditions(OPEN_MAX - 1)) && is_deep(&conditions(OPEN_MAX)));
        let others = |count| {
            let more = "when { true } unless { false } ".repeat(count / 2);
            format!("permit (principal, action, resource) {more};")
        };
        assert!(!is_deep(&others(STEPS_MAX)) && is_deep(&others(STEPS_MAX + 2)), "behind others");
        let named = vec!["context.certificate == \"staff\""; 200].join(" || ");
        assert!(!is_deep(&rule(&named)), "a word with `if` in it is no condition");
        // Rules beside each other, elements of a set, texts and comments go no deeper.
        assert!(!is_deep(&chain(" && ", STEPS_MAX / 2 - 1).repeat(100)));
        let units = vec!["Unit::\"a\""; 2_000].join(", ");
        assert!(!is_deep(&rule(&format!("principal in [{units}]"))));
        let quoted = format!("\"{0}\\\"{0}\" == \"\"", "(".repeat(99));
        assert!(!is_deep(&rule(&quoted)));
        assert!(!is_deep(&format!("// {}\n{}", "(".repeat(99), rule("true"))));
        for end in ["\n", "\r", "\r\n"] {
            let behind = format!("// a{end}{}", within("(", 99, ")"));
            assert!(is_deep(&behind), "behind a comment: {end:?}");
        }
    }

    #[test]
    fn a_type_of_a_schema_is_nested_so_deep_and_no_deeper() {
        let sets = |count: usize| {
            format!("entity A {{ a: {}Bool{} }};", "Set<".repeat(count), ">".repeat(count))
        };
        assert_eq!(too_deep(&sets(OPEN_MAX - 1), true), None);
        assert!(too_deep(&sets(OPEN_MAX), true).is_some());
    }
}
