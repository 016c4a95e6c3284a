//! How commands fail: one sentence in both languages, a code, the next command, an exit code.

mod refused;

use keys::KeyFileError;
use records::exit::{CONFLICT, DENIED, NOT_FOUND, USAGE};
use records::export::NotTrusted;
use records::{Code, Problem};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use system::file::ExposedFile;
use system::language::halves;
use system::layout::{Span, filled};
use system::{speech, terminal};

/// Why a command did not do it.
#[derive(Debug)]
pub(crate) struct Failure(Box<ExitReport>);

#[derive(Debug)]
struct ExitReport {
    exit: u8,
    code: String,
    zh: String,
    en: String,
    /// Where it is several things, each by itself; people read each in a line of its own.
    each: Vec<(String, String)>,
    reference: String,
    next: String,
}

impl Failure {
    fn new(exit: u8, code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let (reference, next, each) = (String::new(), String::new(), Vec::new());
        let (code, zh, en) = (code.into(), zh.into(), en.into());
        Self(Box::new(ExitReport { exit, code, zh, en, each, reference, next }))
    }

    /// What was typed is wrong.
    pub(crate) fn usage(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(USAGE, "usage", zh, en)
    }

    /// Several things are wrong with what was typed, each in Chinese and in English.
    pub(crate) fn several(each: Vec<(String, String)>) -> Self {
        let joined = |texts: Vec<&str>| texts.join("\n");
        let zh = joined(each.iter().map(|(zh, _)| zh.as_str()).collect());
        let en = joined(each.iter().map(|(_, en)| en.as_str()).collect());
        let mut failure = Self::usage(zh, en);
        failure.0.each = each;
        failure
    }

    /// A file that cannot be used as what it was given for: which one it is, and why.
    pub(crate) fn about(path: &Path, zh: &str, error: &dyn Display) -> Self {
        let (why_zh, why_en) = reason(error);
        let path = path.display();
        Self::usage(format!("{path}：{zh}：{why_zh}。"), format!("{path}: {why_en}"))
    }

    /// What could not be done, and why.
    pub(crate) fn because(zh: &str, error: &dyn Display) -> Self {
        let (why_zh, why_en) = reason(error);
        Self::usage(format!("{zh}：{why_zh}。"), why_en)
    }

    /// What was asked for is not there.
    pub(crate) fn not_found(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(NOT_FOUND, "not-found", zh, en)
    }

    /// It is there already.
    pub(crate) fn conflict(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(CONFLICT, "conflict", zh, en)
    }

    /// What arrived cannot be believed, and nothing was asked for yet.
    pub(crate) fn not_trusted(error: &NotTrusted) -> Self {
        let (zh, en) = reason(error);
        let zh = format!("内容不可信，未作任何操作：{zh}。");
        Self::new(DENIED, "not-trusted", zh, format!("not trusted: {en}"))
    }

    /// What was asked for was sent, and what came back cannot be believed: it may have been done.
    pub(crate) fn sent(error: &NotTrusted) -> Self {
        let (zh, en) = reason(error);
        let zh = format!("已经发出，但答复不可信，不能证明结果（{zh}）。");
        let zh = format!("{zh}请视为已经办理，并向登记处核实。");
        let en = format!("it was sent, and what came back proves nothing ({en})");
        let en = format!("{en}: treat it as done, and ask the registration office");
        Self::new(DENIED, "not-trusted", zh, en)
    }

    /// It is done, and only the file of what proves it could not be written.
    pub(crate) fn unkept(path: &Path, error: &std::io::Error) -> Self {
        let path = path.display();
        let zh = format!("已经办妥，只是文件 {path} 未能写出，其内容已在上面给出：{error}。");
        let en = format!("it is done; only {path} could not be written, and stands above: {error}");
        Self::new(CONFLICT, "file-unwritten", zh, en)
    }

    /// What arrived is not proven, or a part of it.
    pub(crate) fn unproven(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(DENIED, "not-trusted", zh, en)
    }

    /// It is not believed, for a reason with a code of its own.
    pub(crate) fn denied(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(DENIED, code, zh, en)
    }

    /// It is not finished.
    pub(crate) fn not_ready() -> Self {
        Self::from(Problem::new(Code::NotReady, String::new()))
    }

    /// The command to type next.
    pub(crate) fn next(mut self, command: impl Into<String>) -> Self {
        self.0.next = command.into();
        self
    }

    /// The same, where nothing better is known.
    pub(crate) fn or_next(self, command: impl Into<String>) -> Self {
        if self.0.next.is_empty() { self.next(command) } else { self }
    }

    /// What of it a page shows.
    pub(crate) fn problem(&self) -> Problem {
        let told = &self.0;
        Problem {
            code: told.code.clone(),
            zh: told.zh.clone(),
            en: told.en.clone(),
            reference: told.reference.clone(),
        }
    }

    /// What people read, a line each in either language.
    fn told(&self) -> Vec<(&str, &str)> {
        match self.0.each.as_slice() {
            [] => vec![(self.0.zh.as_str(), self.0.en.as_str())],
            each => each.iter().map(|(zh, en)| (zh.as_str(), en.as_str())).collect(),
        }
    }

    /// Prints it and gives the exit code.
    pub(crate) fn tell(&self, json: bool) -> ExitCode {
        let told = &self.0;
        if json {
            let value = serde_json::json!({
                "code": told.code, "zh": told.zh, "en": told.en,
                "reference": told.reference, "next": told.next, "exit": told.exit,
            });
            terminal::json_complaint(&value.to_string());
        } else {
            let whole = |text: &str| [Span::Foreign(text.to_owned())];
            for (zh, en) in self.told() {
                speech::failed("✗ ", &whole(zh), &whole(en));
            }
            if !told.reference.is_empty() {
                let texts = [told.reference.as_str(), &told.code];
                let [zh, en] = ["编号: {} [{}]", "reference: {} [{}]"];
                speech::failed("  ", &filled(zh, &texts), &filled(en, &texts));
            }
            let next = if told.next.is_empty() { "yinxin --help" } else { &told.next };
            speech::next_after_failure("  ", next);
        }
        ExitCode::from(told.exit)
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let (zh, en) = reason(&error);
        let zh = format!("{zh}。");
        match error {
            KeyFileError::Exists(_) => {
                Self::new(CONFLICT, "key-exists", zh, en).next("choose another --key / 另选文件名")
            }
            KeyFileError::Passphrase(_) => Self::new(DENIED, "wrong-passphrase", zh, en),
            KeyFileError::Costly(_) => Self::new(DENIED, "too-costly", zh, en),
            KeyFileError::File { path, error } => file_failure(path.as_ref(), &error),
            _ => Self::usage(zh, en),
        }
    }
}

impl From<system::NoRandomness> for Failure {
    fn from(error: system::NoRandomness) -> Self {
        Self::because("无法继续", &error)
    }
}

impl From<mtls::tls::TlsError> for Failure {
    fn from(error: mtls::tls::TlsError) -> Self {
        Self::because("证书或密钥无法用于连接", &error)
    }
}

/// Why it was not done, in Chinese and in English; what the operating system says stands in its own
/// words.
fn reason(error: &dyn Display) -> (String, String) {
    let told = error.to_string();
    match told.contains("(os error ") {
        true => (told.clone(), told),
        false => halves(&told),
    }
}

/// A file that cannot be read or written.
pub(crate) fn file_failure(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    let text = format!("{shown}: {error}");
    if let Some(exposed) = ExposedFile::of(error) {
        let told = format!("{shown}: it can be opened by others");
        let zh = format!("他人可以打开文件 {shown}，不予使用。");
        return Failure::new(DENIED, ExposedFile::CODE, zh, told).next(exposed.next());
    }
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(NOT_FOUND, "file-not-found", format!("找不到文件 {shown}。"), text)
        }
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(CONFLICT, "file-exists", format!("文件 {shown} 已存在，不会覆盖。"), text)
        }
        _ => {
            let (zh, en) = reason(error);
            Failure::usage(format!("文件 {shown} 无法读写：{zh}。"), format!("{shown}: {en}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each thing that is wrong with a file is a line, and no text in it makes another one;
    /// machines get all of it.
    #[test]
    fn each_thing_that_is_wrong_is_a_line() {
        let each = |text: &str| (format!("第 2 行：{text}"), format!("row 2: {text}"));
        let several = Failure::several(vec![each("a\nb"), each("c")]);
        assert_eq!(several.told(), [("第 2 行：a\nb", "row 2: a\nb"), ("第 2 行：c", "row 2: c")]);
        assert_eq!(several.problem().en, "row 2: a\nb\nrow 2: c");
        assert_eq!(Failure::usage("一", "one").told(), [("一", "one")]);
    }

    /// Only where nothing was sent, nothing was done.
    #[test]
    fn what_was_sent_is_not_told_as_nothing() {
        let told = |failure: Failure| [failure.0.zh, failure.0.en];
        let claims = |text: &String| text.contains("未作任何") || text.contains("nothing was done");
        assert!(told(Failure::not_trusted(&NotTrusted::Purpose)).iter().any(claims));
        let unkept = Failure::unkept(Path::new("r.json"), &std::io::ErrorKind::StorageFull.into());
        for texts in [told(Failure::sent(&NotTrusted::Purpose)), told(unkept)] {
            assert!(!texts.iter().any(claims), "{texts:?}");
        }
    }

    /// Whoever reads Chinese is told of which file it is, why it is refused and what makes one that
    /// is not, as whoever reads English is; what the system says stands in its own words.
    #[test]
    fn each_language_tells_the_whole_reason() {
        let path = Path::new("王小明.pem");
        let told = |failure: Failure| [failure.0.zh, failure.0.en];
        let store = pki::pem::read(&[0xfe, 0xed, 0xfe, 0xed], pki::pem::Kind::Certificate);
        let how = "`keytool -importkeystore -srckeystore OLD -destkeystore NEW";
        for text in told(Failure::about(path, "证书文件无法读取", &store.unwrap_err())) {
            assert!(text.starts_with("王小明.pem") && text.contains(how), "{text}");
        }
        let path = || "my.p12".to_owned();
        let (what, how) = ("三重 DES / triple DES".to_owned(), "openssl");
        let old = KeyFileError::Unsupported { path: path(), what, how };
        let [zh, en] = told(Failure::from(old));
        assert_eq!(zh, "my.p12：不支持：三重 DES；请用 `openssl` 转换。");
        assert_eq!(en, "my.p12: not supported: triple DES; convert it with `openssl`");
        for error in [
            KeyFileError::Exists(path()),
            KeyFileError::Malformed(path()),
            KeyFileError::Costly(path()),
            KeyFileError::Passphrase(path()),
            KeyFileError::Key { path: path(), error: keys::KeyRejected("坏 / bad".into()) },
        ] {
            let [zh, en] = told(Failure::from(error));
            assert!(zh.contains("my.p12") && en.contains("my.p12"), "{zh} {en}");
            assert!(!zh.contains(" / ") && en.is_ascii(), "{zh} {en}");
        }
        let system = std::io::Error::from_raw_os_error(21);
        let [zh, en] = told(file_failure(Path::new("x"), &system));
        assert_eq!(zh, format!("文件 x 无法读写：{system}。"));
        assert_eq!(en, format!("x: {system}"));
        let [zh, _] = told(Failure::because("无法生成请求", &"no luck today"));
        assert_eq!(zh, "无法生成请求：「no luck today」。", "a library's words are quoted");
    }

    /// No reason that is ours stands in English where Chinese is read, or quoted as a library's.
    #[test]
    fn each_reason_of_ours_is_in_each_language() {
        use records::json::{JsonError, read_part};
        use records::order::OrderError;
        let told = |failure: Failure| [failure.0.zh, failure.0.en];
        let shape = read_part::<u8>(b"[").unwrap_err();
        let of_json = [
            shape,
            JsonError::NotCanonical,
            JsonError::Number,
            JsonError::TooMany,
            JsonError::NotNormalized,
        ];
        let of_order = [
            OrderError::UnknownKind("a / b".into()),
            OrderError::Altered,
            OrderError::Wish,
            OrderError::Origin,
            OrderError::Draft,
            OrderError::Header,
        ];
        let of_order = of_json.map(OrderError::Json).into_iter().chain(of_order);
        let untrusted = [
            NotTrusted::Root,
            NotTrusted::Purpose,
            NotTrusted::City,
            NotTrusted::Checkpoint,
            NotTrusted::Inclusion,
            NotTrusted::Previous,
            NotTrusted::Rows,
            NotTrusted::Files,
            NotTrusted::Wish,
            NotTrusted::Renewal,
            NotTrusted::Moved,
            NotTrusted::Name,
            NotTrusted::OtherCity,
            NotTrusted::Authority,
            NotTrusted::Over,
        ];
        for error in untrusted.into_iter().chain(of_order.map(NotTrusted::Order)) {
            let [zh, en] = told(Failure::not_trusted(&error));
            assert!(!zh.contains('「') && !zh.contains(" / "), "{zh}");
            assert!(en.is_ascii() && en.starts_with("not trusted: "), "{en}");
        }
        let [zh, en] = told(Failure::from(system::NoRandomness));
        assert_eq!(zh, "无法继续：操作系统没有给出随机数。");
        assert_eq!(en, "the operating system gives no randomness");
    }
}
