//! `GET /root`: how a computer comes to trust this city, before it shows any other page without a
//! warning. What is to be trusted is compared with paper: the fingerprint stands on the letter.
//! `GET /root.cer` is the root certificate itself, DER.

use crate::pages::{Frame, page, policy_with, words};
use crate::staff::TRUSTED;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portal_api::plain;
use std::sync::Arc;

words! {
    RootWords {
        title "首次使用：信任本市根证书" "The first time: trust this city's root certificate";
        lead "浏览器提示“不安全”，是因为这台电脑还不认识本市的根证书。按下面三步做一次，以后不再提示。" "The browser says “not secure” because this computer does not know this city's root certificate yet. Do the three steps below once, and it will not say so again.";
        waiting "本页每隔几秒自动检查；完成后这里会变绿。" "This page looks every few seconds and says here when it is done.";
        trusted "这个浏览器已信任本市根证书。" "This browser trusts this city's root certificate.";
        go_on "继续办理" "Go on";
        save "第一步：保存根证书" "First: save the root certificate";
        save_go "下载 root.cer" "Download root.cer";
        compare "第二步：核对指纹" "Second: compare the fingerprint";
        compare_why "用下面的命令算出所下载文件的指纹，与您手中密码信封上印的逐组核对。任何一组不同，请停止操作并告知本单位登记员。" "Compute the fingerprint of the file you downloaded with the command below and compare it, group by group, with the one printed on your letter. If any group differs, stop and tell your registration officer.";
        fingerprint "根证书指纹 (SHA-256)" "Fingerprint of the root (SHA-256)";
        paper "这里显示的指纹供参考，以密码信封上印的为准。" "The one shown here is for convenience; the one on paper counts.";
        trust "第三步：导入" "Third: import it";
        windows_1 "双击 root.cer，选择“安装证书”，“当前用户”，下一步。" "Double-click root.cer, choose “Install Certificate”, “Current User”, Next.";
        windows_2 "选择“将所有的证书都放入下列存储”，浏览到“受信任的根证书颁发机构”，完成，再选“是”。" "Choose “Place all certificates in the following store”, browse to “Trusted Root Certification Authorities”, finish, then “Yes”.";
        windows_3 "重新打开 Edge 或 Chrome。" "Restart Edge or Chrome.";
        kylin "麒麟、统信、其他 Linux" "Kylin, UOS and other Linux";
        kylin_1 "在浏览器设置中打开“隐私与安全 › 安全 › 管理证书 › 授权机构”。" "In the browser's settings open “Privacy and security › Security › Manage certificates › Authorities”.";
        kylin_2 "选择“导入”，选中 root.cer，勾选“信任此证书以标识网站”。" "Choose “Import”, pick root.cer, tick “Trust this certificate for identifying websites”.";
        mac_1 "双击 root.cer，导入“登录”钥匙串。" "Double-click root.cer and import it into the “login” keychain.";
        mac_2 "在钥匙串中双击它，“信任”一栏选择“始终信任”。" "Double-click it there and set “Trust” to “Always Trust”.";
        firefox_1 "设置 › 隐私与安全 › 查看证书 › 证书颁发机构 › 导入。" "Settings › Privacy & Security › View Certificates › Authorities › Import.";
        firefox_2 "选中 root.cer，勾选“信任由此证书颁发机构来标识网站”。" "Pick root.cer and tick “Trust this CA to identify websites”.";
    }
}

#[derive(Template)]
#[template(path = "public/root.html")]
struct RootPage {
    f: Frame,
    w: &'static RootWords,
    /// In groups of four digits.
    fingerprint: String,
    /// What a browser reads only if it trusts the root.
    probe: String,
}

impl RootPage {
    fn new(f: Frame, root_sha256: &[u8; 32], staff: &str) -> Self {
        let (w, fingerprint) = (RootWords::of(f.language), plain::fingerprint(root_sha256));
        Self { f, w, fingerprint, probe: format!("{staff}{TRUSTED}") }
    }
}

/// `GET /root`
pub(super) async fn show(State(portal): State<Arc<PortalState>>, f: Frame) -> Response {
    let staff = &portal.trust.portal_staff;
    let root_sha256 = portal.trust.root_sha256.digest().unwrap_or_default();
    let mut response = page(StatusCode::OK, &RootPage::new(f, &root_sha256, staff));
    // Its script asks the staff host, whose certificate always leads to the root, and nobody else.
    if let Some(policy) = policy_with(&format!("connect-src {staff}")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `GET /root.cer`
pub(super) async fn download(State(portal): State<Arc<PortalState>>) -> Response {
    const HEADERS: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "application/pkix-cert"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"root.cer\""),
    ];
    (HEADERS, portal.paths.root().to_vec()).into_response()
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    let f = Frame::sample(language, "/root");
    let page = RootPage::new(f, &[0x5a; 32], "https://staff.example");
    // There is nobody to ask.
    RootPage { probe: String::new(), ..page }.render().unwrap()
}
