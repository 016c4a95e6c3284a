//! `GET /renew`: where an official renews with the file that they have. The page's script opens
//! the file, makes the new key and speaks to the same addresses as `yinxin renew`; a certificate
//! that has ended is renewed here as well, where its profile allows it.

use crate::pages::{Frame, page, policy_with, words};
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::Response;

words! {
    RenewWords {
        title "证书续期" "Renew your certificate";
        lead "用您保存的证书文件（.p12）换一张新证书。密钥在您的电脑上生成，文件和口令不会离开本机。" "Use the certificate file (.p12) that you saved to get the next certificate. The key is made on your computer; file and password do not leave it.";
        file "证书文件" "Certificate file";
        file_hint "领取证书时保存的 .p12 文件。" "The .p12 file that you saved when you collected the certificate.";
        file_wrong "这个文件无法在本页读取：请选择本系统签发的 .p12 文件；其他文件请用命令 yinxin renew。" "This file cannot be read here: choose the .p12 file from this system; for others use the command yinxin renew.";
        password "文件的口令" "Password of the file";
        password_hint "新文件沿用同一口令。" "The new file will have the same one.";
        password_wrong "口令不正确。" "This is not the password.";
        go "续期" "Renew";
        busy "正在处理，请不要关闭本页……" "Working; please keep this page open …";
        early "还不能续期" "It is too early";
        early_from "可续期时间：" "It can be renewed from";
        soon "证书正在签发" "Your certificate is being issued";
        waiting "已提交，等待审批" "Sent; waiting for approval";
        waiting_what "稍后请在同一浏览器再次打开本页，用同一文件继续。" "Open this page again later in the same browser and go on with the same file.";
        order "办件编号" "Order";
        reasons "须经审批，因为：" "It needs approval because";
        asked "证书模板要求" "its profile asks for it";
        expired "证书已过期" "the certificate has ended";
        person "您的登记信息有变" "your record changed";
        profile "证书模板有变" "the profile changed";
        unit "您的单位隶属有变" "your unit stands elsewhere";
        returned "上次续期申请已退回" "Your last renewal was sent back";
        returned_what "请先按理由办理；还没有提交新的申请。" "Do what the reason says first; nothing new was sent.";
        again "再次申请" "Ask again";
        rejected "续期申请已被驳回" "The renewal was rejected";
        rejected_what "请向登记员索取新密码信封。" "Ask your registration officer for a new letter.";
        reason "理由" "Reason";
        refused "续期未能办理" "It was not renewed";
        away "门户没有应答，请检查网络后再试；已生成的密钥留在本浏览器。" "The portal does not answer. Check your network and try again; the key that was made stays in this browser.";
        done "新证书已经做好" "Your new certificate is ready";
        done_what "请保存新文件并导入电脑。旧证书 7 天后自动失效；新文件的口令与旧文件相同。" "Save the new file and import it. The old certificate ends by itself after 7 days; the password is that of the old file.";
        download "保存新证书文件" "Save the new certificate file";
        import "怎样导入电脑" "How to import it";
        forget "已保存，从本浏览器清除密钥" "It is saved: remove the key from this browser";
        staff "登记员、审批员和管理员的证书不在网页上续期，请用命令 yinxin renew。" "Certificates of officers and administrators are not renewed on a page: use the command yinxin renew.";
    }
}

#[derive(Template)]
#[template(path = "public/renew.html")]
struct RenewPage {
    f: Frame,
    w: &'static RenewWords,
}

/// `GET /renew`
pub(super) async fn show(f: Frame) -> Response {
    let w = RenewWords::of(f.language);
    let mut response = page(StatusCode::OK, &RenewPage { f, w });
    // Its script asks this host, and nobody else.
    if let Some(policy) = policy_with("connect-src 'self'") {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
pub(super) fn sample(language: crate::pages::Language) -> String {
    let (f, w) = (Frame::sample(language, "/renew"), RenewWords::of(language));
    RenewPage { f, w }.render().unwrap()
}
