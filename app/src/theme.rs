//! Light or dark: the reader's choice, kept in a cookie so that the server draws the right one from the first byte.

#[cfg(feature = "ssr")]
use http::header::COOKIE;
#[cfg(feature = "ssr")]
use http::request::Parts;
#[cfg(feature = "ssr")]
use leptos::prelude::use_context;

/// The cookie in which the choice is kept. Absent, or holding anything else, means: follow the system.
pub const THEME_COOKIE_NAME: &str = "theme";
/// The attribute of the document that carries the choice to the style sheet.
pub const THEME_ATTRIBUTE: &str = "data-theme";

/// A look that the reader chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

impl Theme {
    /// The word in the cookie, and in `data-theme` on the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme for a word; nothing when there is none.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == word)
    }

    /// Reads a `Cookie` header's value; nothing when it holds no known theme.
    pub fn from_cookies(cookies: &str) -> Option<Self> {
        let value = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(name, value)| (name == THEME_COOKIE_NAME).then_some(value))?;
        Self::from_word(value)
    }
}

/// The theme this request's reader chose, or nothing: then the style follows the system.
#[cfg(feature = "ssr")]
pub fn chosen_theme() -> Option<Theme> {
    let request = use_context::<Parts>()?;
    request.headers.get_all(COOKIE).iter().find_map(|value| Theme::from_cookies(value.to_str().ok()?))
}

/// The theme the page came with, or nothing: then the style follows the system.
#[cfg(not(feature = "ssr"))]
pub fn chosen_theme() -> Option<Theme> {
    let document = leptos::prelude::document().document_element()?;
    Theme::from_word(&document.get_attribute(THEME_ATTRIBUTE)?)
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn reads_the_choice_among_other_cookies() {
        assert_eq!(Theme::from_cookies("a=b; theme=dark; c=d"), Some(Theme::Dark));
        assert_eq!(Theme::from_cookies("theme=light"), Some(Theme::Light));
    }

    #[test]
    fn follows_the_system_without_a_known_choice() {
        assert_eq!(Theme::from_cookies(""), None);
        assert_eq!(Theme::from_cookies("theme=\"><script>"), None);
        assert_eq!(Theme::from_cookies("my-theme=dark"), None);
    }
}
