//! `yinxin system enroll`: by user and password, as the system's file has them.

use super::est::EstClient;
use super::place::{MachinePlace, tell};
use crate::exit::{Failure, file_failure};
use crate::files;
use crate::output::Output;
use data_encoding::BASE64;
use pki::host::Host;
use records::machine::SystemFile;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Arguments of `yinxin system enroll`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin system enroll --file db.system.json \
    --url https://acme.example.gov.cn/.well-known/est --host db.example.gov.cn\n\
    A system file brings one certificate. Where that ended, or its key is lost, have the system \
    registered anew; the same command with the new file and --replace brings another one. \
    / 一份系统文件只能领一张证书。证书已过期或密钥丢失时，请操作员重新登记本系统，\
    再以新的系统文件加上 --replace 运行。\n\
    The system file is a password; nobody else may be able to open it, and renewals need it no \
    more. / 系统文件等同于密码，他人不得可读；续期不再需要它。")]
pub struct Arguments {
    /// The system file that the operator handed over (SYSTEM.system.json). 系统文件
    #[arg(long)]
    file: PathBuf,
    /// A name or address to be certified; say it again for each. 域名或地址
    #[arg(long = "host", required = true)]
    hosts: Vec<String>,
    /// Key and certificate that are there give way to the new ones. 替换原有密钥和证书
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    place: MachinePlace,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let file: SystemFile = files::secret_document(&arguments.file)?;
    let (place, pair) = (&arguments.place, arguments.place.pair());
    let hosts = hosts(&arguments.hosts)?;
    if let Some(leaf) = pair.settle()? {
        // A run before was stopped behind the answer.
        tell(output, place, &leaf, "issued");
        return Ok(());
    }
    if !arguments.replace {
        pair.check_vacant()?;
    }
    let (_, request) = pair.begin(place.algorithm()?, &hosts)?;
    let est = EstClient::new(&place.url, &file.trust, (None, place.wait))?;
    let user = Zeroizing::new(format!("{}:{}", file.kid, file.est_password));
    let basic = format!("Basic {}", BASE64.encode(user.as_bytes()));
    let chain = est.ask("/simpleenroll", &request, &[("authorization", basic)]).await?;
    let trust = serde_json::to_vec_pretty(&file.trust)
        .map_err(|error| Failure::because("无法写出信任文件", &error))?;
    let trust_file = place.trust_file();
    system::file::replace(&trust_file, &trust)
        .map_err(|error| file_failure(&trust_file, &error))?;
    let leaf = pair.keep(&chain)?;
    tell(output, place, &leaf, "issued");
    output.said(
        "以后由定时任务运行续期命令即可，系统文件请删除",
        "have this command run daily from now on, and remove the system file",
    );
    output.next(&place.renewal());
    Ok(())
}

/// What is to be certified, each once.
fn hosts(texts: &[String]) -> Result<Vec<Host>, Failure> {
    let mut hosts = Vec::new();
    for text in texts {
        let host = Host::read_for(text, true)
            .map_err(|error| Failure::because("不是域名或地址", &error))?;
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_each_once() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            hosts(&texts).map(|hosts| hosts.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let all = ["a.acme.test", "10.0.0.1", "a.acme.test", "*.acme.test", "::1"];
        assert_eq!(read(&all).unwrap(), ["a.acme.test", "10.0.0.1", "*.acme.test", "::1"]);
        for bad in ["A.acme.test", "https://a.acme.test", "a.acme.test:443", ""] {
            assert!(read(&[bad]).is_err(), "{bad}");
        }
    }
}
