//! Where the server is, where key and certificate are, and what is said of them.

use super::pair::KeyPair;
use crate::exit::Failure;
use crate::output::Output;
use crate::request::algorithm;
use pki::Certificate;
use pki::algorithm::Algorithm;
use std::path::{Path, PathBuf};
use system::speech::Command;

/// The algorithm of a key of which nothing is said.
const ALGORITHM: &str = "p256";

/// Where the server is, and where key and certificate are.
#[derive(clap::Args)]
pub(crate) struct MachinePlace {
    /// The address of EST, as https://HOST/.well-known/est. 地址
    #[arg(long, env = "YINXIN_EST_URL")]
    pub(super) url: String,
    /// Where the key is (PKCS#8 in clear, mode 0600). 密钥文件
    #[arg(long, default_value = "own.key")]
    pub(super) key: PathBuf,
    /// Where the certificate is, with its issuing CA (PEM). 证书文件
    #[arg(long, default_value = "own.pem")]
    pub(super) out: PathBuf,
    /// p256, p384, ed25519, rsa2048, rsa3072 or rsa4096, as the profile allows. 算法
    #[arg(long, default_value = ALGORITHM)]
    algorithm: String,
    /// Wait this many seconds for the certificate. 等待秒数
    #[arg(long, default_value_t = 60, value_parser = crate::clock::wait())]
    pub(super) wait: u64,
}

impl MachinePlace {
    pub(super) fn pair(&self) -> KeyPair {
        KeyPair::new(&self.key, &self.out)
    }

    pub(super) fn algorithm(&self) -> Result<&'static Algorithm, Failure> {
        algorithm(&self.algorithm)
    }

    /// The renewal as a timer runs it, which stands in no folder of whoever typed this: for the
    /// same files, by their whole names, and for a key of the same kind.
    pub(super) fn renewal(&self) -> Command {
        let whole = |path: &Path| {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            whole.display().to_string()
        };
        let renew = "yinxin system renew --if-due --key {} --out {} --url {}";
        let command = Command::new(renew, &[&whole(&self.key), &whole(&self.out), &self.url]);
        match self.algorithm == ALGORITHM {
            true => command,
            false => command.with(&[("--algorithm", self.algorithm.clone())]),
        }
    }

    /// Where it stands whom the system believes, once it has a certificate.
    pub(super) fn trust_file(&self) -> PathBuf {
        PathBuf::from(format!("{}.trust.json", self.out.display()))
    }
}

/// From when on a certificate had better be renewed: a third of its life, as gates do it, so that
/// two thirds are left for whatever goes wrong.
pub(super) fn renew_from(leaf: &Certificate) -> u64 {
    let life = leaf.not_after().saturating_sub(leaf.not_before());
    leaf.not_before().saturating_add(life / 3)
}

/// Says what is there now; `stage` is `issued`, `early` where nothing was to be done.
pub(super) fn tell(output: Output, place: &MachinePlace, leaf: &Certificate, stage: &str) {
    let names: Vec<String> = leaf.hosts().iter().map(ToString::to_string).collect();
    let until = records::time::seconds(leaf.not_after());
    let from = records::time::seconds(renew_from(leaf));
    output.fact(("证书", "certificate"), place.out.display());
    output.fact(("密钥", "key"), place.key.display());
    output.fact(("名称", "names"), names.join(", "));
    output.fact(("序列号", "serial"), leaf.serial());
    output.time(("有效期至", "until"), &until);
    output.time(("可续期时间", "renew it from"), &from);
    output.json(&serde_json::json!({
        "stage": stage, "certificate": place.out, "key": place.key, "names": names,
        "serial": leaf.serial().to_string(), "not_after": until, "renew_from": from,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::speech::quoted;

    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        place: MachinePlace,
    }

    /// It runs wherever it is run, and asks for a key of the kind that is there.
    #[test]
    fn the_renewal_that_is_told_needs_no_folder() {
        let told = |more: &[&str]| {
            let words = [&["yinxin", "--url", "https://est.example/est"][..], more].concat();
            let typed = <Typed as clap::Parser>::parse_from(words);
            typed.place.renewal().as_str().to_owned()
        };
        let whole = |name: &str| quoted(&std::env::current_dir().unwrap().join(name));
        let [key, out] = ["own.key", "my own.pem"].map(whole);
        let begins = ["yinxin", "system renew --if-due", "--key", &key].join(" ");
        let plain = format!("{begins} --out {out} --url https://est.example/est");
        assert_eq!(told(&["--out", "my own.pem"]), plain);
        assert!(out.ends_with("/my own.pem'"), "{out}");
        let other = told(&["--out", "my own.pem", "--algorithm", "rsa3072"]);
        assert_eq!(other, format!("{plain} --algorithm rsa3072"));
    }
}
