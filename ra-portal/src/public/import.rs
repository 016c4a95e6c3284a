//! `GET /import`: how a certificate file gets into a computer.

use crate::pages::{Frame, page, words};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

words! {
    ImportWords {
        title "把证书导入电脑" "Import your certificate";
        lead "导入一次即可。导入时要输入您设置的口令。" "This is done once. You will be asked for the password that you chose.";
        root "浏览器提示“不安全”？先信任本市根证书" "Does the browser say “not secure”? Trust this city's root certificate first";
        windows_1 "双击保存的 .p12 文件，选择“当前用户”，下一步。" "Double-click the saved .p12 file, choose “Current User”, Next.";
        windows_2 "输入口令，不要勾选“标志此密钥为可导出”。" "Enter the password; leave “Mark this key as exportable” unticked.";
        windows_3 "其余保持默认，完成后重新打开 Edge 或 Chrome。" "Keep the rest as it is, finish, and restart Edge or Chrome.";
        kylin "麒麟、统信、其他 Linux" "Kylin, UOS and other Linux";
        kylin_1 "在浏览器设置中打开“隐私与安全 › 安全 › 管理证书”。" "In the browser's settings open “Privacy and security › Security › Manage certificates”.";
        kylin_2 "在“您的证书”一栏选择“导入”，选中 .p12 文件，输入口令。" "Under “Your certificates” choose “Import”, pick the .p12 file, enter the password.";
        kylin_3 "重新打开浏览器。" "Restart the browser.";
        mac_1 "双击 .p12 文件，导入“登录”钥匙串，输入口令。" "Double-click the .p12 file, import it into the “login” keychain, enter the password.";
        mac_2 "重新打开 Safari 或 Chrome。" "Restart Safari or Chrome.";
        firefox_1 "设置 › 隐私与安全 › 查看证书 › 您的证书 › 导入。" "Settings › Privacy & Security › View Certificates › Your Certificates › Import.";
        firefox_2 "选中 .p12 文件，输入口令。" "Pick the .p12 file and enter the password.";
        test "现在检查我的证书" "Test my certificate now";
        not_seen "浏览器没有出示证书？按可能性从大到小：" "The browser shows no certificate? Most likely first:";
        cause_1 "导入后没有重新打开浏览器：关闭所有窗口再打开。" "The browser was not restarted after the import: close all windows and open it again.";
        cause_2 "证书导入了另一台电脑、另一个用户或另一个浏览器。" "The certificate was imported on another computer, for another user or in another browser.";
        cause_3 "选择证书时点了“取消”：关闭所有窗口再打开，重新选择。" "“Cancel” was chosen when the browser asked: close all windows, open it again and choose.";
        cause_4 "证书已过期，浏览器不再出示：" "The certificate has expired and the browser no longer offers it:";
        renew "试一试续期；不能续期时请向登记员索取新密码信封" "try to renew it; if that is not possible, ask your registration officer for a new letter";
        keep "请妥善保管 .p12 文件：到期前凭它续期。" "Keep the .p12 file: with it you renew the certificate before it ends.";
    }
}

#[derive(Template)]
#[template(path = "public/import.html")]
struct ImportPage {
    f: Frame,
    w: &'static ImportWords,
    staff: String,
}

/// `GET /import`
pub(super) async fn show(State(portal): State<Arc<PortalState>>, f: Frame) -> Response {
    let w = ImportWords::of(f.language);
    page(StatusCode::OK, &ImportPage { f, w, staff: portal.trust.portal_staff.clone() })
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    let (f, w) = (Frame::sample(language, "/import"), ImportWords::of(language));
    ImportPage { f, w, staff: "https://staff.example".into() }.render().unwrap()
}
