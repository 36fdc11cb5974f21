//! The switch between the system's look, light and dark.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::theme::{Theme, chosen_theme};

/// How long a browser keeps the choice: a year, in seconds.
#[cfg(not(feature = "ssr"))]
const COOKIE_AGE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// What can be chosen; none is the system's look.
const CHOICES: [(Option<Theme>, Glyph, &str); 3] = [
    (None, Glyph::Screen, "Follow the system"),
    (Some(Theme::Light), Glyph::Sun, "Light"),
    (Some(Theme::Dark), Glyph::Moon, "Dark"),
];

/// Three radio buttons. The choice takes effect at once and is kept in a cookie, so that no page flashes.
#[island]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(chosen_theme());
    #[cfg(not(feature = "ssr"))]
    {
        let keep = Effect::new(move |before: Option<Option<Theme>>| {
            let now = chosen.get();
            if before.is_some_and(|before| before != now) {
                apply(now);
            }
            now
        });
        // A page that the browser kept in memory may come back with the look of yesterday.
        let back = window_event_listener(leptos::ev::pageshow, move |_| chosen.set(kept()));
        on_cleanup(move || {
            keep.stop();
            back.remove();
        });
    }
    let choices = CHOICES.map(|(theme, glyph, name)| {
        view! {
            <label title=name>
                <input
                    type="radio"
                    name="look"
                    autocomplete="off"
                    aria-label=name
                    checked=move || chosen.get() == theme
                    prop:checked=move || chosen.get() == theme
                    on:change=move |_| chosen.set(theme)
                />
                <Icon glyph/>
            </label>
        }
    });
    view! {
        <fieldset class="themes">
            <legend class="visually-hidden">"Light or dark"</legend>
            {choices.into_iter().collect_view()}
        </fieldset>
    }
}

/// Shows a look and keeps it.
#[cfg(not(feature = "ssr"))]
fn apply(theme: Option<Theme>) {
    use crate::theme::{THEME_ATTRIBUTE, THEME_COOKIE_NAME};
    use leptos::wasm_bindgen::JsCast;

    let (value, age_seconds) = theme.map_or(("", 0), |theme| (theme.as_str(), COOKIE_AGE_SECONDS));
    if let Some(root) = document().document_element() {
        // Only a malformed name could be refused.
        let _ = match theme {
            Some(_) => root.set_attribute(THEME_ATTRIBUTE, value),
            None => root.remove_attribute(THEME_ATTRIBUTE),
        };
    }
    let cookie = format!("{THEME_COOKIE_NAME}={value}; Path=/; Max-Age={age_seconds}; SameSite=Lax");
    if let Ok(page) = document().dyn_into::<leptos::web_sys::HtmlDocument>() {
        // A browser that takes no cookies shows the choice on this page only.
        let _ = page.set_cookie(&cookie);
    }
}

/// The choice in the cookie.
#[cfg(not(feature = "ssr"))]
fn kept() -> Option<Theme> {
    use leptos::wasm_bindgen::JsCast;

    let page = document().dyn_into::<leptos::web_sys::HtmlDocument>().ok()?;
    Theme::from_cookies(&page.cookie().ok()?)
}
