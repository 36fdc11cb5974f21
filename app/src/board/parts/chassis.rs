//! The switch in the middle: host ports on its left, slots on its right.

use leptos::prelude::*;
use patchbay_domain::{Link, LinkHealth, SwitchId};

use crate::board::layout::{Counts, adapters_of, count, hosts_of};
use crate::board::scene::scene;
use crate::board::walk::Stop;

/// A port with the cable that ends in it.
#[derive(Clone, Debug)]
struct Plug {
    /// The card at the other end of the cable.
    of: Stop,
    /// The port's number.
    number: u8,
    link: ArcRwSignal<Link>,
}

fn plugs(switch: SwitchId) -> (Vec<Plug>, Vec<Plug>) {
    let scene = scene();
    let hosts: Vec<_> = scene.state.with(|t| hosts_of(t, switch).iter().map(|h| (h.id, h.port.0)).collect());
    let slots: Vec<_> =
        scene.state.with(|t| adapters_of(t, switch).iter().map(|a| (a.id, a.slot.0)).collect());
    let host = |(id, number)| scene.state.host(id).map(|s| Plug { of: Stop::Host(id), number, link: s.link });
    let slot =
        |(id, number)| scene.state.adapter_link(id).map(|link| Plug { of: Stop::Adapter(id), number, link });
    (hosts.into_iter().filter_map(host).collect(), slots.into_iter().filter_map(slot).collect())
}

/// The chassis of a switch.
#[component]
pub fn Chassis(
    /// Which switch.
    switch: SwitchId,
) -> impl IntoView {
    let scene = scene();
    let name = scene.state.with(|t| t.switches.get(&switch).map(|s| s.name.clone()));
    let (hosts, slots) = plugs(switch);
    let functions = scene.state.with(|t| Counts::of(t, switch).functions);
    let facts = [
        count(hosts.len(), "host port", "host ports"),
        count(slots.len(), "slot", "slots"),
        count(functions, "function", "functions"),
    ];
    view! {
        <section class="chassis" aria-label="Switch">
            <p class="chassis-name">{name}</p>
            {facts.map(|fact| view! { <p class="chassis-fact">{fact}</p> })}
            <div class="ports" data-side="hosts" aria-hidden="true">{ports(hosts)}</div>
            <div class="ports" data-side="slots" aria-hidden="true">{ports(slots)}</div>
        </section>
    }
}

fn ports(plugs: Vec<Plug>) -> impl IntoView {
    let port = |plug: Plug| {
        let health = health(&plug);
        view! { <span class="port" data-of=plug.of.to_string() data-health=health>{plug.number}</span> }
    };
    plugs.into_iter().map(port).collect_view()
}

/// The cables, drawn in the browser, where cards and ports have their places.
#[component]
pub fn Cables(
    /// Which switch.
    switch: SwitchId,
) -> impl IntoView {
    let (hosts, slots) = plugs(switch);
    let cable = |plug: Plug| {
        let health = health(&plug);
        view! { <path class="cable" data-of=plug.of.to_string() data-health=health></path> }
    };
    let cables = hosts.into_iter().chain(slots).map(cable).collect_view();
    view! { <svg class="cables" aria-hidden="true">{cables}</svg> }
}

fn health(plug: &Plug) -> impl Fn() -> &'static str + Clone + Send + Sync + use<> {
    let link = plug.link.clone();
    move || LinkHealth::word(link.get().health())
}
