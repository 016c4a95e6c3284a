//! `yinxin system renew`: by the certificate that is there, for a new key with the same names.

use super::est::EstClient;
use super::place::{MachinePlace, renew_from, tell};
use crate::clock::now;
use crate::exit::Failure;
use crate::files;
use crate::output::Output;
use mtls::tls::Identity;
use pki::{Certificate, Signer};
use std::path::PathBuf;

/// Arguments of `yinxin system renew`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin system renew --if-due \
    --url https://acme.example.gov.cn/.well-known/est\n\
    From a third of its life on a certificate is renewed; with --if-due the command may run every \
    day, and does nothing before. / 证书用过三分之一即可续期；加上 --if-due 可每天运行，\
    未到时不作任何操作。\n\
    One that ended renews nothing / 证书已过期时不能续期，须重新领证: \
    yinxin system enroll --help")]
pub struct Arguments {
    /// Do nothing before a third of the certificate's life. 到期前不作操作
    #[arg(long)]
    if_due: bool,
    /// The trust file; the one that was kept with the first certificate otherwise. 信任文件
    #[arg(long, env = "YINXIN_TRUST")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    place: MachinePlace,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let (place, pair) = (&arguments.place, arguments.place.pair());
    if let Some(leaf) = pair.settle()? {
        tell(output, place, &leaf, "issued");
        return Ok(());
    }
    let chain = files::chain(&place.out)?;
    let leaf = files::leaf(&chain)?;
    if now() > leaf.not_after() {
        return Err(Failure::denied(
            "certificate-expired",
            "证书已过期，不能用来续期，须请操作员重新登记本系统，凭新的系统文件领证。",
            "the certificate has ended and renews nothing: have the system registered anew, and \
             ask for another one by its new file, with --replace",
        )
        .next("yinxin system enroll --help"));
    }
    if arguments.if_due && now() < renew_from(leaf) {
        tell(output, place, leaf, "early");
        return Ok(());
    }
    let identity = identity(place, &chain)?;
    let trust = match &arguments.trust {
        Some(path) => files::document(path)?,
        None => files::document(&place.trust_file())?,
    };
    let (_, request) = pair.begin(place.algorithm()?, &leaf.hosts())?;
    let est = EstClient::new(&place.url, &trust, (Some(identity), place.wait))?;
    let chain = est.ask("/simplereenroll", &request, &[]).await?;
    let next = pair.keep(&chain)?;
    tell(output, place, &next, "issued");
    Ok(())
}

/// The certificate that is there, with its key.
fn identity(place: &MachinePlace, chain: &[Certificate]) -> Result<Identity, Failure> {
    let signer = keys::open_plain(&place.key)?;
    let leaf = files::leaf(chain)?;
    if leaf.key().sha256() != signer.public_key().sha256() {
        let (key, out) = (place.key.display(), place.out.display());
        return Err(Failure::usage(
            format!("{out} 不是密钥 {key} 的证书，二者不匹配。"),
            format!("{key}: the key does not belong to the certificate in {out}"),
        ));
    }
    let chain = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
    Ok(Identity::from_der(chain, signer.pkcs8())?)
}
