//! A host's card, with a chip for each function it has or is about to get.

use leptos::prelude::*;
use patchbay_domain::{FunctionId, Host, HostId, Subject};

use super::troubles::Troubles;
use crate::board::layout::also_on;
use crate::board::scene::scene;
use crate::board::state::{FunctionState, HostSignals};
use crate::board::walk::Stop;
use crate::ui::LinkBadge;

/// A host's card.
#[component]
pub fn HostCard(
    /// Which host.
    id: HostId,
) -> impl IntoView {
    let scene = scene();
    let known = scene.state.with(|t| t.hosts.get(&id).cloned());
    let (Host { name, port, .. }, HostSignals { members, link, .. }) = known.zip(scene.state.host(id))?;
    let also = scene.state.with(|t| also_on(t, id));
    let title = format!("host-{id}-name");
    let labelled = title.clone();
    let offer = move || scene.hands.offers.with(|offers| offers.as_ref()?.hosts.get(&id).cloned());
    let word = move || offer().map(|offer| offer.word());
    let meta = {
        let link = link.clone();
        move || format!("port {port} · {}", link.get())
    };
    let badge = move || view! { <LinkBadge health=link.get().health()/> };
    let nothing = move || members.get().is_empty().then(|| view! { <p class="nothing">"No functions"</p> });
    Some(view! {
        <li>
            <section
                class="card host"
                tabindex="-1"
                aria-labelledby=labelled
                data-stop=Stop::Host(id).to_string()
                data-host=id.get()
                data-offer=word
            >
                <h3 id=title>{name.clone()}</h3>
                {badge}
                <p class="meta">{meta}</p>
                {also.map(|also| view! { <p class="meta" data-testid="also">{also}</p> })}
                <Troubles of=vec![Subject::HostDown(id), Subject::HostNarrow(id)]/>
                <p class="offer">{move || offer().map(|offer| offer.in_short())}</p>
                <Chips host=id name=name/>
                {nothing}
            </section>
        </li>
    })
}

/// The chips of a host. The list is made anew now and then: a keyed list keeps a little memory for each row it had.
#[component]
fn Chips(host: HostId, name: String) -> impl IntoView {
    let HostSignals { members, epoch, .. } = scene().state.host(host)?;
    let label = format!("Functions of {name}");
    let list = move || {
        epoch.track();
        let members = members.clone();
        view! {
            <For each=move || members.get() key=|function| *function children=move |function| {
                view! { <Chip host function/> }
            }/>
        }
    };
    Some(view! { <ul class="chips" aria-label=label>{list}</ul> })
}

/// How a chip is drawn while its function is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flight {
    /// It stays where it is.
    None,
    /// It is still here, on its way to another place.
    Leaving,
    /// It is still elsewhere, on its way to here.
    Arriving,
}

impl Flight {
    fn seen_from(host: HostId, state: FunctionState) -> Self {
        match state.flight {
            None => Self::None,
            Some(_) if state.assigned.is_some_and(|a| a.host == host) => Self::Leaving,
            Some(_) => Self::Arriving,
        }
    }

    const fn word(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Leaving => Some("leaving"),
            Self::Arriving => Some("arriving"),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Leaving => ", being moved",
            Self::Arriving => ", on its way here",
        }
    }
}

/// A function in a host's card.
#[component]
fn Chip(host: HostId, function: FunctionId) -> impl IntoView {
    let scene = scene();
    let (label, title, kind) = scene.state.with(|t| {
        let kind = t.functions.get(&function).and_then(|f| t.adapter_of(f)).map(|a| a.kind.word());
        (t.label(function), t.description(function), kind)
    });
    let signal = scene.state.function(function);
    let flight = {
        let signal = signal.clone();
        move || Flight::seen_from(host, signal.get())
    };
    let in_full = {
        let (label, flight, name) = (label.clone(), flight.clone(), scene.state.with(|t| t.host_name(host)));
        move || {
            let port = signal.get().assigned.filter(|a| a.host == host);
            let port =
                port.map(|a| format!(", logical port {} of {name}", a.logical_port)).unwrap_or_default();
            format!("{label}{port}{}", flight().words())
        }
    };
    view! {
        <li>
            <button
                type="button"
                class="chip"
                tabindex="-1"
                aria-pressed="false"
                aria-label=in_full
                title=title
                data-kind=kind
                data-flight=move || flight().word()
                data-stop=Stop::Chip(host, function).to_string()
                data-function=function.get()
            >
                {label}
            </button>
        </li>
    }
}
