//! The frame around every page.

use leptos::prelude::*;
use leptos_meta::Title;
use patchbay_api::{Notice, Picture};
use patchbay_domain::{SwitchId, SwitchState};

use super::icon::{Glyph, Icon};
use super::nav::{LAB_PATH, Nav, Section};
use super::{ThemeSwitch, Times};

/// What the frame says about the server. A page that knows nothing of it, such as one that failed, uses the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// How many entries the ledger has.
    pub entries: Option<u64>,
    /// The switches with their names and whether they answer.
    pub switches: Vec<(SwitchId, String, SwitchState)>,
    /// What the operator should know.
    pub notices: Vec<Notice>,
}

impl Surroundings {
    /// Whether there is a lab to play with.
    pub fn has_lab(&self) -> bool {
        self.notices.iter().any(|notice| matches!(notice, Notice::Lab { .. }))
    }
}

impl From<&Picture> for Surroundings {
    fn from(picture: &Picture) -> Self {
        let switches = picture.topology.switches.values();
        Self {
            entries: Some(picture.entries),
            switches: switches.map(|switch| (switch.id, switch.name.clone(), switch.state)).collect(),
            notices: picture.notices.clone(),
        }
    }
}

/// The frame: header, notices and navigation, and then the page's own parts, each with its class: `frame-main`
/// (a `main` with the id `main`), and where there are any `frame-live`, `frame-aside` and `frame-footer`. They may
/// stand in an island, which is no box of its own.
#[component]
pub fn Layout(
    /// What the page is called in tabs and bookmarks.
    #[prop(into)]
    title: String,
    /// Where the page belongs.
    section: Section,
    /// What is known about the server.
    around: Surroundings,
    /// The page's own parts.
    children: Children,
) -> impl IntoView {
    let notices = around.notices.clone();
    view! {
        <Title text=format!("{title} · Patchbay")/>
        <div class="frame">
            <a class="skip" href="#main">"Skip to the content"</a>
            <Header/>
            {notices.into_iter().map(|notice| view! { <Banner notice/> }).collect_view()}
            <Nav section around/>
            {children()}
            <Times/>
        </div>
    }
}

#[component]
fn Header() -> impl IntoView {
    view! {
        <header class="frame-header">
            <a class="logo" href="/"><Icon glyph=Glyph::Patchbay/>"Patchbay"</a>
            <div class="tools">
                <ThemeSwitch/>
                <span class="you">
                    <span class="avatar" aria-hidden="true">"op"</span>
                    <span class="you-name">"operator"</span>
                </span>
            </div>
        </header>
    }
    .into_any()
}

/// Something the operator should know about this server.
#[component]
fn Banner(
    /// What.
    notice: Notice,
) -> impl IntoView {
    let Notice::Lab { how_to_add } = notice;
    view! {
        <section class="frame-notices" aria-label="Notice">
            <Icon glyph=Glyph::Note/>
            <p>
                <b>"This is the built-in lab. "</b>
                "Its switches are emulated; everything else is real. You may "
                <a href=LAB_PATH>"break something"</a>
                ". To add your own switch, start "<code>{how_to_add}</code>
            </p>
        </section>
    }
    .into_any()
}
