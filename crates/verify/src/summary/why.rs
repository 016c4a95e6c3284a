//! Why something does not hold, in Chinese. In English it is said as its check says it, which is
//! also what machines get; what is read and has no valid form says that itself in both languages.

/// What checks say, and what that is in Chinese.
const WHY: [(&str, &str); 65] = [
    ("a signature in it is not by whom it must be", "其中有签名不出自应签署者"),
    ("another city than the trust file names", "不是信任文件所指的城市"),
    ("another connection shows the same signature", "另一个连接出示了同一签名"),
    ("another root than the trust file names", "不是信任文件所指的根证书"),
    ("another run tells how it ended", "由另一段记录说明其结束"),
    ("certificate, person and decision do not belong together", "证书、人员与判定互不相符"),
    ("disclosed twice", "披露了两次"),
    ("it does not belong to this request", "不属于此次请求"),
    ("it ended before it was decided", "结束早于判定"),
    ("it has more than 64 MiB", "超过 64 MiB"),
    ("it holds no certificate", "其中没有证书"),
    ("it is another certificate than the record names", "不是记录所指的证书"),
    ("it is no archive of tar, or not a whole one", "不是 tar 归档，或不完整"),
    ("it is no founding statement", "不是建立声明"),
    ("it is not disclosed", "没有披露"),
    ("it is not the one that the decision names", "不是判定所指的那一份"),
    ("it is not the one that was issued", "不是所签发的那一张"),
    ("it is not the root of the founding statement", "不是建立声明中的根证书"),
    ("it is not what the log holds there", "与日志此处所存的不符"),
    ("it is not what was committed to", "与所承诺的内容不符"),
    ("it is of no version of TLS that a gate speaks", "不是网关所用的 TLS 版本"),
    ("it is cut off", "不完整"),
    ("it is there twice", "重复出现"),
    ("it is there twice, or not in the log's order", "重复出现，或不按日志的次序"),
    ("its agent says it twice", "其网关说了两次"),
    ("its record is not there", "缺少其记录"),
    ("its record, or what it was issued under, is not there", "缺少其记录或签发所依据的内容"),
    ("leaf 0 is not there", "缺少第 0 条"),
    ("more pieces than a request has", "段数多于一次请求所有"),
    ("no agent records this", "不是网关会作的记录"),
    ("no authority of this city signed it", "不是本市的证书机构所签"),
    ("no certificate", "不是证书"),
    ("no run that its agent signed holds the connection", "网关签署的记录中没有这个连接"),
    ("no run that its agent signed holds the decision", "网关签署的记录中没有这个判定"),
    ("none for this application", "没有此应用的"),
    ("not a plain file", "不是普通文件"),
    ("nothing is in it", "其中没有内容"),
    ("of another version", "版本不同"),
    ("other bytes were signed than its intent names", "所签的内容与签发意向不符"),
    ("the agent did not join with this key", "网关加入时用的不是此密钥"),
    ("the agent's certificate is not recorded", "没有网关证书的记录"),
    ("the agent's order is not there", "缺少网关的办件"),
    ("the bundle that the decision names is not there", "缺少判定所指的规则包"),
    ("the certificate was not good then", "证书当时不在有效期内"),
    ("the certificate was revoked", "证书已被吊销"),
    ("the connection is of another run, or later", "连接属于另一段记录，或在其后"),
    ("the end of a request that was denied", "说的是被拒绝的请求的结束"),
    ("the end of another agent's request", "说的是另一网关的请求的结束"),
    ("the file is not there", "缺少此文件"),
    ("the issuing key did not sign it", "不是签发密钥所签"),
    ("the log's key did not sign it", "不是日志密钥所签"),
    ("the people snapshot was not good then", "人员数据当时不在有效期内"),
    ("the person was not in that unit then", "此人当时不在该单位"),
    ("the person's key did not open this connection", "打开此连接的不是此人的密钥"),
    ("the registry key did not sign it", "不是登记密钥所签"),
    ("no order suspended the application then", "当时没有办件使此应用停用"),
    ("the order by which it passed is not there", "缺少据以放行的办件"),
    ("the order by which it passed says otherwise", "据以放行的办件所写与此不符"),
    ("the revocation list was not good then", "吊销列表当时不在有效期内"),
    ("the root key did not sign it", "不是根密钥所签"),
    ("there are no access records", "没有访问记录"),
    ("there is no manifest", "没有清单"),
    ("to another host than the application's", "访问的不是此应用的主机"),
    ("what is disclosed of is not there", "缺少披露所指的记录"),
    ("what passed by an order is no denial of rules", "据办件放行的，本来不是被规则拒绝"),
];

/// Those that go on with what they are about.
const BEGINNINGS: [(&str, &str); 4] = [
    ("it names no key of ", "没有写明其密钥："),
    ("no rules can be read: ", "规则无法读取："),
    ("the rules give ", "按规则应为："),
    ("what it rests on is not there or does not carry it ", "所依据的内容缺失，或不足以支持它 "),
];

/// What a check says, in Chinese; nothing for any other text.
pub(crate) fn zh(why: &str) -> Option<String> {
    if let Some((_, zh)) = WHY.iter().find(|(en, _)| *en == why) {
        return Some((*zh).to_owned());
    }
    let begins = BEGINNINGS.iter().find_map(|(en, zh)| Some((zh, why.strip_prefix(en)?)));
    begins.map(|(zh, rest)| format!("{zh}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    /// Names of what is checked, where they stand beside what is said of it.
    const ITEMS: [&str; 6] = [
        "access checkpoint",
        "control 0",
        "agent's certificate",
        "control checkpoint",
        "founding statement",
        "revocation list",
    ];

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if !path.ends_with("why.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
            }
        }
    }

    /// Texts of several words in what makes a failure.
    fn said() -> BTreeSet<String> {
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let makes = [
            "Failed::altered(",
            "Failed::missing(",
            "Failed::new(",
            "untrusted(",
            "odd(",
            "whole(",
            "let why =",
        ];
        let mut said = BTreeSet::new();
        for text in &texts {
            for one in makes {
                for (at, _) in text.match_indices(one) {
                    let rest = &text[at..];
                    let end = if one == "let why =" { "};" } else { ")" };
                    let until = rest.find(end).unwrap_or(rest.len());
                    let quoted = rest[..until].split('"').skip(1).step_by(2);
                    said.extend(quoted.filter(|text| text.contains(' ')).map(str::to_owned));
                }
            }
        }
        said.retain(|text| !text.contains('{') && !ITEMS.contains(&text.as_str()));
        said
    }

    #[test]
    fn why_something_does_not_hold_is_said_in_both_languages() {
        let said = said();
        assert!(said.len() > 40, "{said:?}");
        let untold: Vec<&String> = said.iter().filter(|text| zh(text).is_none()).collect();
        assert!(untold.is_empty(), "without Chinese: {untold:?}");
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let idle: Vec<&str> = WHY
            .iter()
            .map(|(en, _)| *en)
            .filter(|en| !texts.iter().any(|text| text.contains(&format!("\"{en}\""))))
            .collect();
        assert!(idle.is_empty(), "no check says {idle:?}");
        assert_eq!(zh("expected value at line 1"), None, "what a library says");
        assert_eq!(zh("it names no key of access").unwrap(), "没有写明其密钥：access");
    }
}
