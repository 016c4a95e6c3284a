//! `yinxin trust export`: the files that web servers and libraries take, by the signed bundle and
//! the newest lists. Nothing that cannot be believed is written, and nothing goes back behind what
//! the folder has; run again it brings all of it up to date.

use super::{fetch, kept, list};
use crate::clock::now;
use crate::exit::{Failure, file_failure};
use crate::files::Own;
use crate::output::Output;
use pki::certificate::pem;
use records::trust::Trust;
use records::trust_bundle::{SignedTrustBundle, TrustBundle};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The bundle as it was believed.
const BUNDLE: &str = "trust-bundle.json";
/// The authorities, PEM.
const AUTHORITIES: &str = "ca.pem";
/// A list of each of them, PEM.
const LISTS: &str = "crl.pem";
/// The certificate policy that the profile's certificates have, dotted.
const POLICY: &str = "policy";

/// Arguments of `yinxin trust export`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin trust export --from URL --profile \
    system --out FOLDER --trust trust.json")]
pub struct TrustExportArguments {
    /// Address where lists are published or of the portal, or the bundle's file.
    /// 发布地址、门户地址，或信任包文件
    #[arg(long, value_name = "URL|FILE")]
    from: String,
    /// For certificates of this profile. 证书模板
    #[arg(long, default_value = "system")]
    profile: String,
    /// The folder of the files. 目录
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    own: Own,
}

pub(super) async fn run(output: Output, arguments: &TrustExportArguments) -> Result<(), Failure> {
    let (trust, now, out) = (arguments.own.trust()?, now(), &arguments.out);
    let signed = fetch::bundle(&arguments.from, &trust).await?;
    let bundle = believed(&signed, &trust, out, now)?;
    let authorities = bundle.authorities_of(&arguments.profile);
    let purpose = bundle.purposes.iter().find(|one| one.profile == arguments.profile);
    let Some(purpose) = purpose else {
        let profile = &arguments.profile;
        return Err(Failure::not_found(
            format!("信任包中没有证书模板 {profile}。"),
            format!("the bundle has no profile {profile}"),
        ));
    };
    let mut lists = Vec::new();
    for authority in &authorities {
        let path = out.join(format!("{}.crl", authority.id));
        lists.push((list::fetched(authority, &path, now).await?, path));
    }
    std::fs::create_dir_all(out).map_err(|error| file_failure(out, &error))?;
    for (list, path) in &lists {
        fetch::put(path, list.der())?;
    }
    // Lists first: an authority is not believed before what it revoked is known.
    let all: String = lists.iter().map(|(list, _)| pem("X509 CRL", list.der())).collect();
    fetch::put(&out.join(LISTS), all.as_bytes())?;
    let all: String =
        authorities.iter().map(|one| pem("CERTIFICATE", &one.certificate.0)).collect();
    fetch::put(&out.join(AUTHORITIES), all.as_bytes())?;
    fetch::put(&out.join(POLICY), format!("{}\n", purpose.policy).as_bytes())?;
    let kept = serde_json::to_vec(&signed).map_err(std::io::Error::other);
    let kept = kept.map_err(|error| file_failure(&out.join(BUNDLE), &error))?;
    fetch::put(&out.join(BUNDLE), &kept)?;
    output.said("已导出", "written");
    fetch::tell(output, &bundle);
    output.json(&json!({
        "version": bundle.version, "until": bundle.until, "policy": purpose.policy,
        "authorities": authorities.iter().map(|one| &one.id).collect::<Vec<_>>(),
        "lists": lists.iter().map(|(list, _)| list.number()).collect::<Vec<_>>(),
    }));
    Ok(())
}

/// The bundle, if it is this city's and not behind the one of the folder.
fn believed(
    signed: &SignedTrustBundle,
    trust: &Trust,
    out: &Path,
    now: u64,
) -> Result<TrustBundle, Failure> {
    let bundle = signed.open(trust, now).map_err(|error| Failure::not_trusted(&error))?;
    match kept::bundle(&out.join(BUNDLE), trust)? {
        Some(before) if before > bundle.version => Err(Failure::unproven(
            "信任包比已有的旧，没有写入。",
            "the bundle is older than the one that is here; nothing was written",
        )),
        _ => Ok(bundle),
    }
}
