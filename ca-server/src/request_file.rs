//! A request in a file, as a plan and whoever registers a portal name it.

use anyhow::Context;
use pki::CertificationRequest;
use pki::pem::{Kind, read_one};
use std::path::Path;

/// The request of a file, with its proof of possession. A refusal names the file and says why: what
/// is not supported is told as that, and not as no request.
pub(crate) fn read(path: &Path) -> anyhow::Result<CertificationRequest> {
    let shown = || path.display().to_string();
    let file = system::file::read_given(path).with_context(shown)?;
    let der = read_one(&file, Kind::Request).with_context(shown)?;
    CertificationRequest::read(&der).with_context(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::speech::caused;

    /// By OpenSSL.
    const P521: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIIBQzCBpQIBADAAMIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA8m8/XpFvWvK3
O7Al2ExhGNWvcxeMxH7wVCmYA4ZYxId9r/2ZYV4ltlngTmMx6KDgkmDW61QpGZ0y
D+6V1h9EsRUADDxVyp9SPOA68hXQu6LWIGeDu7/6vi2L/SN6A46yp+2oguM7gRSW
F+ZilHI8A3LsqROkJNi46icTt3ovbbQDxamgADAKBggqhkjOPQQDBAOBjAAwgYgC
QgCAptEbJhWVNr4eGxC0m8KhUbUfrVjLc83J63uhZlf67IRptaSJObIV90w8S0Wz
3wd3YDnEJ7v8fLiW3UETCTXUzAJCAWxaiv+qA560aDYyBAsyw4WlU31+ma7EgDFW
q5ZvV0R5Im/U1rUJmFo4t70im9BdFG/nw+1w0YDdOB5kuovzsQyC
-----END CERTIFICATE REQUEST-----
";

    /// What is a request is never told as none, in either language; each refusal names the file.
    #[test]
    fn a_refusal_says_what_is_the_matter_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csr");
        let own = keys::SoftwareSigner::generate_p256().unwrap();
        std::fs::write(&path, keys::request(&own).unwrap().der()).unwrap();
        assert!(read(&path).is_ok());
        let shown = path.display().to_string();
        for (file, zh, en) in [
            (P521, "不支持这种密钥：曲线 P-521", "not supported: a key of curve P-521"),
            ("notes", "其中没有证书请求", "no certificate request in it"),
        ] {
            std::fs::write(&path, file).unwrap();
            let told = caused(read(&path).unwrap_err().chain());
            assert_eq!(told, (format!("{shown}：{zh}"), format!("{shown}: {en}")));
        }
    }
}
