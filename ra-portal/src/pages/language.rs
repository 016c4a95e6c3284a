//! The two languages, and texts as types: a text that is missing in one does not compile, nor does
//! one that no page uses.

use crate::edge::Portal;
use crate::pages::form::Posted;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use records::Problem;
use serde::Deserialize;
use std::sync::Arc;

/// Chinese first, English beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// 简体中文
    #[default]
    Chinese,
    /// English
    English,
}

/// Cookie of the chosen language.
pub(crate) const COOKIE: &str = "__Host-language";

impl Language {
    /// Both, in their order.
    #[cfg(test)]
    pub(crate) const BOTH: [Self; 2] = [Self::Chinese, Self::English];

    /// The chosen language; Chinese until somebody chooses.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match super::form::cookie(headers, COOKIE).as_deref() {
            Some("en") => Self::English,
            _ => Self::Chinese,
        }
    }

    /// BCP 47.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The one that a page offers.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// One of two texts.
    pub(crate) fn of_both(self, zh: String, en: String) -> String {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }

    /// A refusal's sentence.
    pub(crate) fn sentence(self, problem: &Problem) -> &str {
        match self {
            Self::Chinese => &problem.zh,
            Self::English => &problem.en,
        }
    }
}

/// Declares the words of a page: a field, the Chinese, the English.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($field:ident $zh:literal $en:literal;)* }) => {
        $(#[$doc])*
        pub(crate) struct $name { $(pub(crate) $field: &'static str,)* }

        impl $name {
            /// The words in a language.
            pub(crate) fn of(language: $crate::pages::Language) -> &'static Self {
                match language {
                    $crate::pages::Language::Chinese => &Self { $($field: $zh,)* },
                    $crate::pages::Language::English => &Self { $($field: $en,)* },
                }
            }
        }
    };
}
pub(crate) use words;

/// The form in every footer.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    language: String,
    back: String,
}

/// `POST /language`: remembers the language and goes back.
pub(crate) async fn choose(
    State(_): State<Arc<Portal>>,
    Posted(chosen): Posted<Chosen>,
) -> Response {
    let tag = if chosen.language == "en" { "en" } else { "zh-CN" };
    // A path of this host and nothing that a browser takes for another one.
    let inside = chosen.back.starts_with('/')
        && !chosen.back.starts_with("//")
        && chosen.back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let back = if inside { chosen.back.as_str() } else { "/" };
    let mut response = Redirect::to(back).into_response();
    let cookie =
        format!("{COOKIE}={tag}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
