//! `ca-server portal …`

use super::host::Host;
use crate::request_file;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use records::Bytes;
use records::order::PortalBody;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Registers a portal with the keys of its processes. 登记门户
    Register {
        /// Portal id. 门户编号
        portal: String,
        /// Id of the unit that runs it. 运行单位
        #[arg(long)]
        unit: String,
        /// Host of the public pages. 公众页面的主机名
        #[arg(long, value_parser = pki::host::Host::read_name)]
        public_host: String,
        /// PKCS#10 of the public process. 公众进程的证书请求
        #[arg(long)]
        public_request: PathBuf,
        /// Host of the staff pages. 工作人员页面的主机名
        #[arg(long, value_parser = pki::host::Host::read_name)]
        staff_host: String,
        /// PKCS#10 of the staff process. 工作人员进程的证书请求
        #[arg(long)]
        staff_request: PathBuf,
        /// Host of the machines' protocols, where it speaks them. 机器协议的主机名
        #[arg(long, requires = "machines_request", value_parser = pki::host::Host::read_name)]
        machines_host: Option<String>,
        /// PKCS#10 of the machines' process. 机器协议进程的证书请求
        #[arg(long, requires = "machines_host")]
        machines_request: Option<PathBuf>,
    },
    /// Closes a portal: the issuer hears it no more. 关闭门户
    #[command(after_help = "例 / example: ca-server portal close portal-1")]
    Close {
        /// Portal id. 门户编号
        portal: String,
    },
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let body = match arguments.what {
        What::Register {
            portal,
            unit,
            public_host,
            public_request,
            staff_host,
            staff_request,
            machines_host,
            machines_request,
        } => PortalBody {
            action: "register".into(),
            portal,
            unit,
            public_host,
            public_key: key(&public_request)?,
            staff_host,
            staff_key: key(&staff_request)?,
            machines_host: machines_host.unwrap_or_default(),
            machines_key: machines_request.as_deref().map(key).transpose()?.unwrap_or_default(),
        },
        // The issuer fills in what is being closed, so that approvers see it.
        What::Close { portal } => PortalBody {
            action: "close".into(),
            portal,
            unit: String::new(),
            public_host: String::new(),
            public_key: Bytes::default(),
            staff_host: String::new(),
            staff_key: Bytes::default(),
            machines_host: String::new(),
            machines_key: Bytes::default(),
        },
    };
    host.order(&OperatorRequest::Portal { body: Box::new(body) }).await
}

fn key(path: &Path) -> anyhow::Result<Bytes> {
    Ok(request_file::read(path)?.key().spki().into())
}
