//! `yinxin cert show`

use crate::clock::now;
use crate::exit::Failure;
use crate::files;
use crate::output::Output;
use data_encoding::HEXLOWER;
use pki::oid;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The certificate (PEM). 证书文件
    file: PathBuf,
}

pub(super) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let chain = files::chain(&arguments.file)?;
    for (position, certificate) in chain.iter().enumerate() {
        let subject = certificate.subject();
        let name = subject.common_name().unwrap_or_default();
        let units = subject.values(oid::ORGANIZATIONAL_UNIT);
        let issuer = certificate.issuer().common_name().unwrap_or_default();
        let from = records::time::seconds(certificate.not_before());
        let until = records::time::seconds(certificate.not_after());
        let over = now() > certificate.not_after();
        let hex = HEXLOWER.encode(&certificate.sha256());
        output.line(&format!("── {position} ─ {name}"));
        if let Some(person) = subject.person() {
            output.fact(("   编号", "person"), person);
        }
        output.fact(("   单位", "unit"), units.join(" › "));
        output.fact(("   序列号", "serial"), certificate.serial());
        output.fact(("   签发者", "issuer"), &issuer);
        let over_text = if over { " （已过期 expired）" } else { "" };
        output.fact(("   有效期", "valid"), format!("{from} – {until}{over_text}"));
        output.fact(("   密钥", "key"), certificate.key().algorithm().name);
        output.fact(("   指纹", "SHA-256"), &hex);
        output.json(&serde_json::json!({
            "position": position, "name": name, "person": subject.person(), "units": units,
            "serial": certificate.serial().to_string(), "issuer": issuer, "not_before": from,
            "not_after": until, "expired": over, "key": certificate.key().algorithm().name,
            "sha256": hex,
        }));
    }
    Ok(())
}
