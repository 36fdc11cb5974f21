//! The browser's entry point: links the islands and lets the page's loader find them.

// Without this the islands would not be linked at all.
use patchbay_app as _;

/// Called once by the page's loader, before it wakes the islands.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
