//! The two languages, and texts as types: a text that is missing in one does not compile, nor does
//! one that no page uses.

use super::cookie::cookie;
use axum::http::HeaderMap;
use records::Problem;

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
        match cookie(headers, COOKIE).as_deref() {
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
            pub(crate) fn of(language: $crate::pages::language::Language) -> &'static Self {
                match language {
                    $crate::pages::language::Language::Chinese => &Self { $($field: $zh,)* },
                    $crate::pages::language::Language::English => &Self { $($field: $en,)* },
                }
            }
        }
    };
}
pub(crate) use words;
