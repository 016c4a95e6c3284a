//! Why a bundle is not accepted, for whoever writes rules: in which file, at which line, and what
//! mends it.

use core::fmt;

/// Why a bundle is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleError {
    /// The error is in this file of the bundle.
    pub file: String,
    /// At this line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// The error says what is wrong there, for whoever writes rules.
    pub what: String,
    /// What mends it, where that is known.
    pub cure: Option<Cure>,
}

/// What mends an error of a rule file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// A file is missing.
    AddFile,
    /// A file that no bundle has.
    RemoveFile,
    /// The text is no TOML, or has a field that is unknown or of another type.
    Toml,
    /// The text is no Cedar.
    Cedar,
    /// A rule lacks its name or a sentence.
    Annotate,
    /// Two rules have one name.
    Rename,
    /// A rule speaks of what the schema does not have.
    Schema,
    /// An example gives something else.
    Example,
    /// A route is none.
    Route,
    /// A day of the calendar is none.
    Day,
    /// A network is none.
    Network,
}

impl Cure {
    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::AddFile => "补上这个文件",
            Self::RemoveFile => {
                "移走这个文件，或改成应用编号加 .cedar、.toml、.examples.toml 的名称"
            }
            Self::Toml => "按该行前后的写法改正字段名、引号或类型",
            Self::Cedar => "检查该规则的括号、引号和结尾的分号",
            Self::Annotate => "在该规则前写上 @id(\"…\")、@zh(\"…\")、@en(\"…\")",
            Self::Rename => "为其中一条规则另取 @id",
            Self::Schema => "改用 schema.cedarschema 中的名称，或先在其中加上",
            Self::Example => "改规则，或改例子的 wants 与 rule，使二者一致",
            Self::Route => "按 docs/gate.md 的写法改正路由",
            Self::Day => "日期写作 2027-01-01，且在 from 与 until 之间，不得重复",
            Self::Network => "地址范围写作 10.1.0.0/16，名称不得重复，并写明 zh 与 en",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::AddFile => "add the file",
            Self::RemoveFile => {
                "move it away, or call it by an application's id with .cedar, .toml or .examples.toml"
            }
            Self::Toml => "mend the field, its quotes or its type, like the lines around it",
            Self::Cedar => {
                "look at the rule's parentheses and quotes, and the semicolon at its end"
            }
            Self::Annotate => "write @id(\"…\"), @zh(\"…\") and @en(\"…\") in front of the rule",
            Self::Rename => "give one of the rules another @id",
            Self::Schema => "use a name of schema.cedarschema, or add it there first",
            Self::Example => "change the rule, or what the example wants, so that they agree",
            Self::Route => "write the route as docs/gate.md says",
            Self::Day => "write days like 2027-01-01, between from and until, each once",
            Self::Network => {
                "write ranges like 10.1.0.0/16, each name once, and what it is in zh and en"
            }
        }
    }
}

impl BundleError {
    /// At a line; 0 is the whole file.
    pub(crate) fn at(file: &str, line: usize, what: impl ToString, cure: Cure) -> Self {
        Self { file: file.to_owned(), line, what: what.to_string(), cure: Some(cure) }
    }

    /// Of a file's text that is no TOML of its form.
    pub(crate) fn toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(0, |span| line_of(text, span.start));
        Self::at(file, line, error.message(), Cure::Toml)
    }
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

impl core::error::Error for BundleError {}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().iter().take(byte);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// The line in which something stands first, from 1; 0 where it does not.
pub(crate) fn line_with(text: &str, wanted: &str) -> usize {
    text.find(wanted).map_or(0, |byte| line_of(text, byte))
}

/// The statements of a rule file, each with the line in which it begins.
pub(crate) fn statements(cedar: &str) -> Vec<(usize, &str)> {
    let (mut all, mut begins, mut in_text, mut in_comment, mut escaped) =
        (Vec::new(), 0, false, false, false);
    let mut before = ' ';
    for (at, one) in cedar.char_indices() {
        match one {
            '\n' => in_comment = false,
            _ if in_comment => {}
            '"' if !escaped => in_text = !in_text,
            '/' if !in_text && before == '/' => in_comment = true,
            ';' if !in_text => {
                let end = at + one.len_utf8();
                all.extend(cedar.get(begins..end).map(|text| (begins, text)));
                begins = end;
            }
            _ => {}
        }
        escaped = in_text && one == '\\' && !escaped;
        before = one;
    }
    let rest = cedar.get(begins..).unwrap_or_default();
    if !without_comments(rest).is_empty() {
        all.push((begins, rest));
    }
    // Each byte is looked at once, however many statements there are.
    let mut numbered = Vec::with_capacity(all.len());
    let (mut line, mut seen) = (1, 0);
    for (begins, text) in all {
        let at = begins + lead(text);
        let passed = cedar.as_bytes().get(seen..at).unwrap_or_default();
        line += passed.iter().filter(|byte| **byte == b'\n').count();
        seen = at;
        numbered.push((line, text));
    }
    numbered
}

/// How many bytes of blanks and comments stand before a statement.
fn lead(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        match rest.trim_start().strip_prefix("//") {
            Some(comment) => at += 2 + comment.find('\n').unwrap_or(comment.len()),
            None => return at,
        }
    }
}

fn without_comments(text: &str) -> &str {
    text.get(lead(text)..).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_outside_of_texts_and_comments() {
        let cedar = "// a; b\n\npermit (principal, action, resource)\n\
                     when { \"a;\\\";\" == \"\" };\n\
                     // c;\nforbid (principal, action, resource);\n// end;\n";
        let lines: Vec<usize> = statements(cedar).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [3, 6]);
        assert_eq!(statements("permit (").len(), 1);
        assert!(statements("// nothing;\n").is_empty());
    }

    #[test]
    fn an_error_names_its_line() {
        let error = BundleError::at("access/a.cedar", 7, "is none", Cure::Cedar);
        assert_eq!(error.to_string(), "access/a.cedar:7: is none");
        let whole = BundleError { line: 0, ..error };
        assert_eq!(whole.to_string(), "access/a.cedar: is none");
        assert_eq!((line_with("a\nb\n", "b"), line_with("a", "b")), (2, 0));
    }
}
