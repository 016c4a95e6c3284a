//! `yinxin cert export --p12`

use crate::exit::Failure;
use crate::files::OwnKey;
use crate::output::Output;
use crate::{files, prompt};
use pki::pkcs12::{Random, write};
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(
    after_help = "例 / example: yinxin cert export --p12 my.p12 --cert my.pem --key my.key\n\
    The file holds your key: delete it after importing. / 导入后请删除该文件。"
)]
pub(super) struct Arguments {
    /// Where the PKCS#12 file goes. 目标文件
    #[arg(long)]
    p12: PathBuf,
    /// File whose first line is the password of the PKCS#12 file; asked for otherwise. 密码文件
    #[arg(long)]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    own: OwnKey,
}

pub(super) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    files::check_vacant(&arguments.p12)?;
    let opened = arguments.own.open()?;
    let password = prompt::new_passphrase(arguments.password_file.as_deref())?;
    let draw = system::random::bytes::<16>;
    let random = Random { salts: [draw()?, draw()?, draw()?], ivs: [draw()?, draw()?] };
    let name = opened.leaf()?.subject().common_name().unwrap_or_default();
    let file = write(opened.exported_key(), &opened.chain, &name, &password, &random)
        .map_err(|error| Failure::because("无法生成 PKCS#12", &error))?;
    files::write_new(&arguments.p12, &file)?;
    output.fact(("已导出", "exported"), arguments.p12.display());
    output.said("导入浏览器后请删除该文件", "delete the file after importing it");
    output.json(&serde_json::json!({ "p12": arguments.p12 }));
    Ok(())
}
