//! What stands around every page: the city, the language, where the reader is.

use super::asset;
use super::menu::{CalledNames, Menu};
use crate::staff_certificate::judged;
use crate::state::PortalState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use page::cookie::cookie;
use page::{Language, show, words};
use records::DisplayName;
use service::Clock;
use std::convert::Infallible;
use std::sync::Arc;

words! {
    /// Words of the frame.
    FrameWords {
        service "数字证书服务" "Digital certificate service";
        skip "跳到正文" "Skip to the content";
        sample "示例城市，仅供试用，证书没有任何效力。" "A sample city for trying out; its certificates mean nothing.";
        navigation "主导航" "Main navigation";
        home "首页" "Home";
        letter "我有密码信封" "I have a letter";
        import "导入帮助" "Import help";
        lost "挂失" "Report a loss";
        queue "待办" "Waiting for you";
        certificates "查找证书" "Certificates";
        applications "应用系统" "Applications";
        state "运行状态" "State";
        audit "审计检索" "Audit search";
        people "人员" "People";
        organisation "组织机构" "Organisation";
        systems "信息系统" "Systems";
        drafts "我的办件" "My drafts";
        passkeys "通行密钥" "Passkeys";
        own_certificate "我的证书" "My certificate";
        nothing_hidden "一切办理均有审计日志可查，任何人都不能私自更改。" "Everything done here stands in a log that nobody can change unseen.";
        other_language "English" "简体中文";
        error_prefix "出错：" "Error: ";
        problem "办理失败" "This did not work";
        code "代码" "Code";
        reference "查询号" "Reference";
        quote_reference "如需帮助，请向本单位登记员或服务台说明上面的查询号。" "If you need help, quote this reference to your registration officer or the help desk.";
        go_back "返回" "Go back";
        not_signed "没有签署：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not signed: the browser or the security key refused, or it took too long. Try again.";
        stuck "这个浏览器不能完成这一步：请启用 JavaScript，或换用新版浏览器。命令行工具 yinxin 也可以办理。" "This browser cannot do this step: turn JavaScript on, or use a newer browser. The yinxin command line does it too.";
    }
}

/// Cookie of the chosen language.
pub(crate) const LANGUAGE: &str = "__Host-language";

/// The chosen language; Chinese until somebody chooses.
fn chosen(headers: &HeaderMap) -> Language {
    match cookie(headers, LANGUAGE).as_deref() {
        Some("en") => Language::English,
        _ => Language::Chinese,
    }
}

/// The frame of one page.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) w: &'static FrameWords,
    pub(crate) language: Language,
    pub(crate) city: String,
    pub(crate) sample: bool,
    /// Path of the page, for the navigation.
    pub(crate) path: String,
    /// Where the page can be read again, after the language was chosen.
    pub(crate) back: String,
    /// What the staff host's navigation names.
    pub(crate) menu: Menu,
    /// What profiles and applications are called.
    pub(crate) names: Arc<CalledNames>,
}

impl Frame {
    /// A frame around a page of this portal.
    pub(crate) fn new(portal: &PortalState, language: Language, path: &str, back: &str) -> Self {
        Self {
            w: FrameWords::of(language),
            language,
            city: portal.trust.city.clone(),
            sample: portal.trust.sample,
            path: path.to_owned(),
            back: back.to_owned(),
            menu: Menu::default(),
            names: Arc::default(),
        }
    }

    /// What people call a profile, with its id; the id alone where nobody says more.
    pub(crate) fn profile(&self, id: &str) -> String {
        self.called(&among(&self.names.profiles, id))
    }

    /// What people call an application, likewise.
    pub(crate) fn application(&self, id: &str) -> String {
        self.called(&among(&self.names.applications, id))
    }

    /// A name with its id; the id alone where nobody says more.
    pub(crate) fn called(&self, one: &DisplayName) -> String {
        let name = self.language.of_both(one.zh.clone(), one.en.clone());
        show::harmless(&match name.is_empty() {
            true => one.id.clone(),
            false => format!("{name} [{}]", one.id),
        })
    }

    /// Address of an asset.
    pub(crate) fn asset(&self, name: &str) -> String {
        asset::address(name)
    }

    /// The frame of the samples.
    #[cfg(test)]
    pub(crate) fn sample(language: Language, path: &str) -> Self {
        Self {
            w: FrameWords::of(language),
            language,
            city: "商洛市".into(),
            sample: true,
            path: path.into(),
            back: path.into(),
            menu: Menu { approves: true, handles: true, staff: true, audits: true },
            names: Arc::new(super::menu::sample_names()),
        }
    }
}

impl FromRequestParts<Arc<PortalState>> for Frame {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &Arc<PortalState>,
    ) -> Result<Self, Infallible> {
        let language = chosen(&parts.headers);
        let path = parts.uri.path();
        let read = match parts.method == Method::GET {
            true => parts.uri.path_and_query().map_or(path, |both| both.as_str()),
            false => page_of(path),
        };
        let frame = Self::new(portal, language, path, read);
        // A request whose parts need several frames asks once, and waits once.
        let known = parts.extensions.get::<(Menu, Arc<CalledNames>)>().cloned();
        let (menu, names) = match (known, judged(parts, portal)) {
            (Some(known), _) => known,
            (None, Ok(shown)) => {
                portal.menus.of(&portal.issuer, shown.certificate, Clock::system().seconds()).await
            }
            (None, Err(_)) => Default::default(),
        };
        parts.extensions.insert((menu, names.clone()));
        Ok(Self { menu, names, ..frame })
    }
}

fn among(list: &[DisplayName], id: &str) -> DisplayName {
    list.iter().find(|one| one.id == id).cloned().unwrap_or_else(|| DisplayName::of_id(id))
}

/// The page whose form was posted to a path.
fn page_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((
            page,
            "approve" | "decline" | "declined" | "revoke" | "wished" | "request" | "suspend"
            | "suspended",
        )) => page,
        Some((page, "check" | "make" | "withdraw" | "withdrawn")) => page,
        _ => path,
    }
}
