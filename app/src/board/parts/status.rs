//! What is said: the polite live region, and the toast.

use leptos::prelude::*;

use crate::board::scene::scene;
use crate::ui::{Glyph, Icon};

/// What a screen reader says next.
#[component]
pub fn Said() -> impl IntoView {
    let said = scene().hands.said;
    view! { <p class="visually-hidden" role="status" aria-live="polite">{move || said.get()}</p> }
}

/// The last thing that ended, with a way back.
#[component]
pub fn ToastBar() -> impl IntoView {
    let scene = scene();
    move || {
        scene.toast.get().map(|toast| {
            let undo = toast.undo.map(|change| {
                view! {
                    <button type="button" class="button" on:click=move |_| scene.undo(change)>
                        <Icon glyph=Glyph::Undo/>
                        "Undo"
                    </button>
                }
            });
            view! {
                <section class="toast" aria-label="Result" data-testid="toast">
                    <p>{toast.text}</p>
                    {undo}
                    <button type="button" class="button" on:click=move |_| scene.toast.set(None)>
                        "Dismiss"
                    </button>
                </section>
            }
        })
    }
}
