//! The same files, as `yinxin cert show` tells them to whoever reads Chinese and to whoever reads
//! English.

use std::path::Path;
use std::process::Command;
use tests::binary;

/// What is read is shown, the person's own certificate first; what is not is refused in each
/// language with the file's name, and with the command that converts it where there is one.
pub(super) fn in_each_language(path: &Path, is_read: bool) {
    let name = path.display().to_string();
    let [zh, en] = ["zh_CN.UTF-8", "en_US.UTF-8"].map(|language| {
        let (done, said) = shown(path, language);
        assert_eq!(done, is_read, "{name}: {said}");
        said
    });
    if is_read {
        // Whoever issued it stands behind it, and the root last.
        let own = [&zh, &en].map(|said| said.split("root").next().unwrap().contains("王小明"));
        assert!(own == [true; 2] || !name.contains("/chain."), "{name}: {zh} {en}");
        return;
    }
    let is_chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    assert!(zh.contains(&name) && zh.contains(is_chinese), "{name}: {zh}");
    assert!(en.contains(&name) && !en.contains(is_chinese), "{name}: {en}");
    let command = |said: &str| said.split('`').nth(1).map(str::to_owned);
    assert_eq!(command(&zh), command(&en), "{name}: {zh} {en}");
}

fn shown(path: &Path, language: &str) -> (bool, String) {
    let mut command = Command::new(binary("yinxin"));
    command.args(["cert", "show"]).arg(path).env("LANG", language);
    for name in ["LC_ALL", "LC_MESSAGES", "YINXIN_LANG"] {
        command.env_remove(name);
    }
    let done = command.output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(said).unwrap())
}
