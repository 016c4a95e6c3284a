//! `yinxin whoami`: as whom commands act here, and which city they believe; nobody is asked.

use crate::clock::now;
use crate::contexts::Contexts;
use crate::exit::Failure;
use crate::files::{self, Own};
use crate::output::Output;
use pki::oid;

/// Arguments of `yinxin whoami`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin whoami")]
pub struct Arguments {
    #[command(flatten)]
    own: Own,
}

pub(crate) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let (cert, key) = arguments.own.paths()?;
    let chain = arguments.own.chain()?;
    let leaf = files::leaf(&chain)?;
    let subject = leaf.subject();
    let name = subject.common_name().unwrap_or_default();
    let person = subject.person().unwrap_or_default();
    let units = subject.values(oid::ORGANIZATIONAL_UNIT);
    let until = records::time::seconds(leaf.not_after());
    let over = now() > leaf.not_after();
    let root = chain.last().map(|root| root.sha256());
    let context = arguments.own.context_name().map(str::to_owned).or_else(|| {
        let contexts = Contexts::read().ok()?;
        let (name, context) = contexts.current()?;
        (context.cert == cert).then(|| name.to_owned())
    });
    if let Some(context) = &context {
        output.fact(("身份", "context"), context);
    }
    output.fact(("姓名", "name"), &name);
    output.fact(("编号", "person"), person);
    for unit in &units {
        output.fact(("单位编号", "unit id"), unit);
    }
    output.fact(("序列号", "serial"), leaf.serial());
    output.time(("有效期至", "until"), &until);
    if over {
        output.said("证书已过期", "the certificate has expired");
    }
    output.fact(("城市", "city"), &trust.city);
    if trust.sample {
        output.said("示例城市，证书没有任何效力", "a sample city: its certificates mean nothing");
    }
    output.fact(("工作台", "staff pages"), &trust.portal_staff);
    output.fact(("密钥", "key"), key.display());
    output.json(&serde_json::json!({
        "context": context, "name": name, "person": person, "units": units,
        "serial": leaf.serial().to_string(), "not_after": until, "expired": over,
        "city": trust.city, "sample": trust.sample, "portal_staff": trust.portal_staff,
        "cert": cert, "key": key,
    }));
    if root != trust.root_sha256.digest() {
        return Err(Failure::usage(
            "证书不属于信任文件所说的城市。",
            "the certificate's root is not the one of the trust file",
        ));
    }
    Ok(())
}
