//! The desk, as pages and server functions reach it.

use std::sync::Arc;

use leptos::prelude::expect_context;
use patchbay_api::Desk;

/// The desk in the context of a request; the server puts it there.
#[derive(Clone)]
pub struct DeskContext(pub Arc<dyn Desk>);

/// The desk of this request.
///
/// # Panics
/// Outside a request, or when the server forgot [`DeskContext`]: no page could work then.
pub fn desk() -> Arc<dyn Desk> {
    expect_context::<DeskContext>().0
}
