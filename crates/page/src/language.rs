//! The two languages, and texts as types: a text that is missing in one does not compile, nor does
//! one that no page uses.

use records::Problem;

/// Chinese first, English beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 简体中文
    #[default]
    Chinese,
    /// English
    English,
}

impl Language {
    /// Both languages, in the order in which they are told.
    pub const BOTH: [Self; 2] = [Self::Chinese, Self::English];

    /// The language's tag is that of BCP 47: `zh-CN` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The one that a page offers.
    pub fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// Of two texts the one in this language.
    pub fn of_both(self, zh: String, en: String) -> String {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }

    /// The sentence of a refusal, in this language.
    pub fn sentence(self, problem: &Problem) -> &str {
        match self {
            Self::Chinese => &problem.zh,
            Self::English => &problem.en,
        }
    }
}

/// Declares the words of a page: a field, the Chinese, the English.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($field:ident $zh:literal $en:literal;)* }) => {
        $(#[$doc])*
        pub(crate) struct $name { $(pub(crate) $field: &'static str,)* }

        impl $name {
            /// The words in a language.
            pub(crate) fn of(language: $crate::language::Language) -> &'static Self {
                match language {
                    $crate::language::Language::Chinese => &Self { $($field: $zh,)* },
                    $crate::language::Language::English => &Self { $($field: $en,)* },
                }
            }
        }
    };
}
