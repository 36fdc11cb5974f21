//! Keeps the moments on a page fresh.

use leptos::prelude::*;

/// "Just now" grows old quickly; nothing here costs more than a few texts.
#[cfg(not(feature = "ssr"))]
const ROUND: std::time::Duration = std::time::Duration::from_secs(15);

/// Turns every moment on the page (see [`super::When`]) into the reader's time, and keeps it so.
#[island]
pub fn Times() -> impl IntoView {
    #[cfg(not(feature = "ssr"))]
    Effect::new(|| {
        super::when::fresh::refresh_all();
        set_interval(super::when::fresh::refresh_all, ROUND);
        // A tab in the background may have slept through many rounds.
        let shown =
            window_event_listener(leptos::ev::visibilitychange, |_| super::when::fresh::refresh_all());
        on_cleanup(move || shown.remove());
    });
}
