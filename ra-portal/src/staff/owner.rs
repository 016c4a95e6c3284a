//! Words of the pages of systems, and what cures what a client was refused.

use crate::pages::{Language, words};
use portal_api::plain;

words! {
    OwnerWords {
        title "信息系统" "Systems";
        lead "您主管的系统，以及属于您管辖范围的系统。" "Systems in your charge, and those within your scope.";
        nothing "没有您主管或管辖的系统。系统由签发主机上的操作员登记。" "No system is in your charge or within your scope. An operator of the CA's host registers one.";
        system "系统" "System";
        unit "单位" "Unit";
        leader "主管人" "In charge";
        state "状态" "State";
        until "授权至" "Authorized until";
        certificates "有效证书" "Certificates";
        soonest "最早到期" "First to end";
        seen "最近来访（本门户所记）" "Came last (this portal's word)";
        never "没有记录" "not known";
        next "下一页" "More";
        back "← 返回系统" "← Back to the systems";
        facts "常设授权" "Standing authorization";
        names "域名" "Names";
        addresses "地址" "Addresses";
        none "无" "none";
        wildcards "通配符" "Wildcards";
        allowed "允许" "allowed";
        refused "不允许" "not allowed";
        challenges "域名验证" "Challenges";
        asked "每个域名都要验证" "each name is validated";
        vouched "由办件担保，无须验证" "the order vouches for the names";
        profile "证书模板" "Profile";
        week "本周已用 / 上限（周一零时 UTC 起）" "Used this week / most (from Monday, 0:00 UTC)";
        live "有效证书 / 上限" "Certificates that count / most";
        accounts "账户 / 上限" "Accounts / most";
        newest "最近一次签发（日志所记）" "Last certificate (as the log has it)";
        spent "已用完，新的申请会被拒绝" "used up: more is refused";
        no_certificates "没有有效证书。" "It has no certificate that counts.";
        names_of "证书中的名称" "Names in it";
        valid "有效期" "Valid";
        renewal "更新时间（ARI）" "Renewal (ARI)";
        overdue "已到更新时间，程序还没有来" "its time has come, and its client has not";
        by_account "ACME" "ACME";
        by_other "EST 或其他" "EST or another";
        on_its_way "签发中" "on its way";
        suspended "已冻结" "suspended";
        troubles "最近的问题" "Last problems";
        troubles_what "本门户所记，只供查找原因，签发机构不据此办理；保留 30 天，每种一行。" "This portal's word, to find causes by; the CA decides nothing by it. Kept for 30 days, a line a kind.";
        no_troubles "没有记录到问题。" "Nothing was recorded.";
        unread "暂时无法读取，请稍后再看。" "This cannot be read now; look again later.";
        last "最近一次" "Last";
        times "次数" "Times";
        act "办理" "Asked for";
        said "答复" "Answer";
        cure "怎样解决" "What helps";
        claimed "来者没有证明自己是这个系统" "whoever came had not shown to be this system";
        setup "客户程序的设置" "How to set a client up";
        setup_what "以下文字可以直接复制。EAB_HMAC 和 MAIL 由您替换：EAB_HMAC 是系统文件中的 eab_hmac，只在签发主机上，由操作员当面交付，本门户没有；root.pem 由公众门户 /root 页面的 root.cer 得到：openssl x509 -inform DER -in root.cer -out root.pem，并核对指纹。" "These texts can be copied. You replace EAB_HMAC and MAIL: EAB_HMAC is eab_hmac of the system file, which is on the CA's host only and which an operator hands over in person; this portal does not have it. root.pem is made of root.cer from the page /root of the public host: openssl x509 -inform DER -in root.cer -out root.pem. Compare its fingerprint.";
        no_machines "本门户没有开设系统用的 ACME 服务。" "This portal serves no ACME.";
    }
}

/// The state of a system in words.
pub(super) fn state(language: Language, state: &str) -> String {
    let said = plain::own_state(state);
    language.of_both(said.zh, said.en)
}

/// Codes of refusals, and what helps: Chinese, English.
const CURES: [(&[&str], &str, &str); 17] = [
    (
        &["accountDoesNotExist", "externalAccountRequired", "system-secret"],
        "用系统文件中的 kid 和密钥（ACME：eab_hmac；EST：est_password）重新开户或登录。系统重新登记后，旧文件不再有效。",
        "Open the account, or log in, with kid and secret of the system file (ACME: eab_hmac; EST: est_password). Once a system is registered anew the old file is over.",
    ),
    (
        &["unauthorized", "system-closed"],
        "系统可能已关闭、到期或重新登记，或者 EAB 不是最新的：核对本页的状态和期限，用最新的系统文件重新开户。",
        "The system may be closed, over or registered anew, or the EAB is an old one: look at its state and end above, and open an account with the newest system file.",
    ),
    (
        &["rejectedIdentifier", "unsupportedIdentifier", "system-names"],
        "请求了授权之外的名称：改客户程序的域名，或请操作员重新登记系统。",
        "It asked for a name outside of the authorization: change the client's names, or have the system registered anew.",
    ),
    (
        &["rateLimited", "system-quota", "system-live", "system-accounts", "quota-used"],
        "数量已满：见上面“本周已用”“有效证书”“账户”三项。等到下周，吊销不用的证书，或请操作员提高上限。",
        "A number is used up, of the three above. Wait for the next week, revoke what is not used, or have the numbers raised by registering it anew.",
    ),
    (
        &[
            "badCSR",
            "key-weak",
            "key-published",
            "key-unknown",
            "key-not-allowed",
            "key-foreign",
            "key-used",
            "request-malformed",
            "request-signature",
            "request-exceeds",
        ],
        "证书请求的密钥或内容不被接受：用新的 P-256、P-384 或 RSA 2048 位以上的密钥，不用账户的密钥，只请求名称。",
        "The key or the content of the request is not taken: use a new key, P-256, P-384 or RSA of 2048 bits or more, not the account's, and ask for names only.",
    ),
    (
        &["badPublicKey", "badSignatureAlgorithm"],
        "换一个账户密钥：P-256、P-384、RSA 2048 位以上或 Ed25519。",
        "Use another key for the account: P-256, P-384, RSA of 2048 bits or more, or Ed25519.",
    ),
    (
        &["connection"],
        "本门户连不上被验证的主机：检查 80 和 443 端口、防火墙；内网地址须在 portal.toml 的 acme.private_ranges 中。",
        "This portal does not reach the host: look at ports 80 and 443 and at firewalls; addresses of an inner net have to be in acme.private_ranges of portal.toml.",
    ),
    (
        &["dns"],
        "域名查不到：检查解析记录，以及 portal.toml 的 acme.resolver。",
        "The name is not found: look at its records, and at acme.resolver of portal.toml.",
    ),
    (
        &["incorrectResponse", "tls"],
        "主机应答了，但不是客户程序放上的内容：检查网站目录、反向代理和多台主机。",
        "The host answered, but not what the client put there: look at the web root, at proxies and at other hosts of the name.",
    ),
    (
        &["caa", "system-caa"],
        "请域名管理员在 CAA 记录中允许本机构。",
        "Have the zone's CAA records allow this CA.",
    ),
    (
        &["invalidProfile", "unknown-profile"],
        "客户程序指定了别的证书模板：去掉该设置，或改成上面的模板。",
        "The client asks for another profile: take that setting out, or name the one above.",
    ),
    (
        &["system-challenge"],
        "办件要求验证域名，EST 做不到：改用 ACME，或请操作员以担保方式重新登记。",
        "Its order asks for challenges, which EST does not have: use ACME, or have the system registered with names that the order vouches for.",
    ),
    (
        &[
            "system-renewal",
            "certificate-foreign",
            "certificate-revoked",
            "certificate-expired",
            "code-used",
        ],
        "续期须用仍然有效的原证书，名称相同。EST 口令和 SCEP 挑战码只能用一次：没有可用的证书时，请操作员重新登记系统。",
        "A renewal is asked for with the old certificate while it counts, for the same names. A password of EST or a challenge of SCEP is good for one: without such a certificate, have the system registered anew.",
    ),
    (
        &["alreadyRevoked", "alreadyReplaced"],
        "已经办过，无须再办。",
        "It was done already; there is nothing to do.",
    ),
    (
        &["invalidContact", "unsupportedContact"],
        "联系方式只用 mailto: 和一个邮箱地址，也可以不写。",
        "A contact is mailto: with one mail address; none is fine too.",
    ),
    (
        &[
            "serverInternal",
            "unavailable",
            "not-ready",
            "too-busy",
            "clock-moved",
            "log-behind",
            "lint-failed",
        ],
        "本方暂时不可用，程序会再来；一再出现时请操作员看“运行状态”。",
        "It is ours, for a while, and the client comes again; if it goes on have an operator look at the state of the city.",
    ),
    (
        &[
            "malformed",
            "media-type",
            "too-large",
            "request-late",
            "orderNotReady",
            "method-not-allowed",
            "badRevocationReason",
        ],
        "客户程序的请求不合规范：更新程序，或换用下面的设置。",
        "The client's request is not as the protocol has it: update the program, or use one of the settings below.",
    ),
];

/// What helps against a refusal, where more is known than its words say.
pub(super) fn cure(language: Language, code: &str) -> String {
    let known = CURES.iter().find(|(codes, ..)| codes.contains(&code));
    known.map_or_else(String::new, |(_, zh, en)| language.of_both((*zh).into(), (*en).into()))
}

#[cfg(test)]
pub(super) fn sample_line(system: &str, name: &str) -> ca_api::systems::SystemLine {
    ca_api::systems::SystemLine {
        system: system.into(),
        name: name.into(),
        unit: ca_api::handler::UnitLine {
            unit: "sz-office".into(),
            name: "商州区 › 政府办公室".into(),
        },
        leader: ("0123456789ABCDEF".into(), "陈登记".into()),
        state: "in-force".into(),
        until: "2027-11-24T08:00:00Z".into(),
        certificates: 2,
        ends: "2026-12-24T08:00:00Z".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acme::ProblemKind;
    use records::Code;

    /// Whatever a client of ACME is refused with has a cure in words, and each cure names refusals
    /// that there are.
    #[test]
    fn every_problem_of_acme_has_a_cure() {
        let none = ["badNonce", "userActionRequired", "compound"];
        for kind in ProblemKind::ALL {
            let cured = !cure(Language::Chinese, kind.name()).is_empty();
            assert_ne!(cured, none.contains(&kind.name()), "{}", kind.name());
        }
        let known = |code: &str| {
            ProblemKind::ALL.iter().any(|kind| kind.name() == code)
                || Code::ALL.iter().any(|one| one.name() == code)
        };
        for (codes, zh, en) in CURES {
            assert!(!zh.is_empty() && !en.is_empty());
            for code in codes {
                assert!(known(code), "{code}");
            }
        }
    }
}
