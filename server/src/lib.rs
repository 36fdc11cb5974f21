//! The server of Patchbay: it puts the rooms together and opens the doors for browsers and programs.
//!
//! * [`config`]: the command line and the environment; [`hosts`]: the file with the names of hosts;
//! * [`serve`]: start, run, stop; [`lab`]: the built-in lab; [`softswitch`]: the emulated switches
//!   alone, and [`racks`]: their rack files;
//! * [`desk`]: what the server does for whoever asks; [`api`]: the JSON door over it;
//! * [`pages`] and [`assets`]: what a browser loads; [`breaking`]: the page for breaking the lab.

// A page is one deeply nested type; laying it out takes more than the default 128 steps.
#![recursion_limit = "256"]

pub mod api;
pub mod assets;
pub mod breaking;
pub mod config;
pub mod ctl;
pub mod desk;
mod encoding;
pub mod guard;
pub mod hosts;
pub mod lab;
mod own_thread;
pub mod pages;
pub mod racks;
mod say;
pub mod serve;
pub mod softswitch;
pub mod verify;
