//! The face of Patchbay: Leptos in islands mode.
