//! `yinxin cert show`: what a file says, whoever made it. Each value stands alone in a row of its
//! own: it can be anybody's certificate.

use crate::clock::now;
use crate::exit::Failure;
use crate::files;
use crate::output::Output;
use data_encoding::HEXLOWER;
use pki::{Certificate, oid};
use portal_api::plain::{BilingualText, Fact, FactValue};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin cert show my.pem")]
pub(super) struct Arguments {
    /// The certificate (PEM). 证书文件
    file: PathBuf,
}

pub(super) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let chain = files::chain(&arguments.file)?;
    for (position, certificate) in chain.iter().enumerate() {
        let seen = Seen::of(certificate, now());
        let heading = BilingualText {
            zh: format!("证书 {position}"),
            en: format!("certificate {position}"),
        };
        output.facts(&heading, &seen.facts());
        output.json(&seen.document(position));
    }
    Ok(())
}

/// What a certificate says.
struct Seen {
    name: String,
    person: Option<String>,
    /// The units of the certificate, highest first.
    units: Vec<String>,
    serial: String,
    issuer: String,
    from: String,
    until: String,
    over: bool,
    key: &'static str,
    sha256: String,
}

impl Seen {
    fn of(certificate: &Certificate, now: u64) -> Self {
        let subject = certificate.subject();
        Self {
            name: subject.common_name().unwrap_or_default(),
            person: subject.person().map(str::to_owned),
            units: subject.values(oid::ORGANIZATIONAL_UNIT),
            serial: certificate.serial().to_string(),
            issuer: certificate.issuer().common_name().unwrap_or_default(),
            from: records::time::seconds(certificate.not_before()),
            until: records::time::seconds(certificate.not_after()),
            over: now > certificate.not_after(),
            key: certificate.key().algorithm().name,
            sha256: HEXLOWER.encode(&certificate.sha256()),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::new(("名称", "name"), &self.name)];
        facts.extend(self.person.iter().map(|person| Fact::new(("编号", "person"), person)));
        facts.extend(self.units.iter().map(|unit| Fact::new(("单位编号", "unit id"), unit)));
        facts.extend([
            Fact::new(("序列号", "serial"), &self.serial),
            Fact::new(("签发者", "issuer"), &self.issuer),
            Fact::new(("有效期自", "valid from"), FactValue::time(&self.from)),
            Fact::new(("有效期至", "valid until"), FactValue::time(&self.until)),
        ]);
        if self.over {
            let over = BilingualText { zh: "证书已过期".into(), en: "it has expired".into() };
            facts.push(Fact::new(("状态", "state"), over));
        }
        facts.push(Fact::new(("密钥", "key"), self.key));
        facts.push(Fact::new(("指纹", "SHA-256"), &self.sha256));
        facts
    }

    fn document(&self, position: usize) -> Value {
        json!({
            "position": position, "name": self.name, "person": self.person, "units": self.units,
            "serial": self.serial, "issuer": self.issuer, "not_before": self.from,
            "not_after": self.until, "expired": self.over, "key": self.key,
            "sha256": self.sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::lines;

    fn shown(name: &str, units: &[&str]) -> Vec<String> {
        let text = |text: &str| text.to_owned();
        let seen = Seen {
            name: text(name),
            person: None,
            units: units.iter().map(|unit| text(unit)).collect(),
            serial: text("01"),
            issuer: text("issuing"),
            from: text("2026-01-01T00:00:00Z"),
            until: text("2027-01-01T00:00:00Z"),
            over: false,
            key: "P-256",
            sha256: text("00"),
        };
        lines(&seen.facts(), 60)
    }

    /// Whatever a stranger wrote into a certificate stands behind its own name: it is no heading,
    /// no row, and one unit is not two.
    #[test]
    fn nothing_in_a_certificate_is_read_as_more_than_it_is() {
        let plain = shown("王小明", &["sz", "sz-office"]);
        for name in ["x\n── 证书 1 / certificate 1", "─ 1 ─ 根 / root", "x  编号 / person: 0123"]
        {
            let forged = shown(name, &["sz", "sz-office"]);
            assert!(forged.iter().all(|line| line.starts_with("   ")), "{forged:?}");
            let is_id = |l: &String| l.starts_with("   编号") || l.starts_with("   person");
            assert!(!forged.iter().any(is_id), "{forged:?}");
        }
        assert_eq!(shown("王小明", &["sz › sz-office"]).len() + 1, plain.len());
        assert_ne!(shown("王小明", &["sz", "a · b"]), shown("王小明", &["sz", "a", "b"]));
    }
}
