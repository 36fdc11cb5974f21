//! The server of Patchbay: pages, files, and the doors for browsers and programs.

pub mod assets;
mod encoding;
pub mod pages;
