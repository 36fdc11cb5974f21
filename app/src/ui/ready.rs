//! The sign that a page has come to life.

use leptos::prelude::*;

/// Marks the document's body with `data-hydrated`. Islands wake in the order of the document and this one stands
/// last, so the mark means that all of them answer; it stays away when one of them failed.
#[island]
pub fn Ready() -> impl IntoView {
    Effect::new(|| {
        if let Some(body) = document().body() {
            // Only a malformed name could be refused.
            let _ = body.set_attribute("data-hydrated", "");
        }
    });
}
