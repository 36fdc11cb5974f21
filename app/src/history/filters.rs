//! The filters of the history: a plain form that works without scripts, and the filters that are set, each with a
//! link that takes it away.

use leptos::prelude::*;
use patchbay_domain::history::SEARCH_MAX_CHARS;
use patchbay_domain::{AdapterId, HistoryQuery, Topology};

use super::HISTORY_PATH;
use super::address::{self, BEFORE_FIELD, ENDINGS, FIELDS, KINDS};

/// The most functions offered in one list; a rack with more offers those of the chosen adapter.
const FUNCTION_CHOICES_MAX: usize = 64;

/// One entry of a list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    value: String,
    name: String,
}

impl Choice {
    fn new(value: impl ToString, name: impl Into<String>) -> Self {
        Self { value: value.to_string(), name: name.into() }
    }
}

/// The form. What is set already stands in it.
#[component]
pub fn Filters(
    /// What is asked for now.
    query: HistoryQuery,
    /// Where the names come from.
    topology: Topology,
) -> impl IntoView {
    let set = address::pairs(&query);
    let value = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| value.clone());
    let hosts = topology.hosts.values().map(|host| Choice::new(host.id, host.name.clone())).collect();
    let adapters = topology.adapters.keys().map(|id| Choice::new(id, adapter_name(&topology, *id))).collect();
    let kinds = KINDS.map(|(_, word, name)| Choice::new(word, name)).to_vec();
    let endings = ENDINGS.map(|(_, word, name)| Choice::new(word, name)).to_vec();
    let functions = functions(&query, &topology);
    view! {
        <form class="filters card" method="get" action=HISTORY_PATH role="search" aria-label="Filter the history">
            <div class="filters-first">
                <label class="visually-hidden" for="filter-text">"Text in title or reason"</label>
                <input class="input" id="filter-text" type="search" name="text" maxlength=SEARCH_MAX_CHARS placeholder="Text in title or reason" value=value("text")/>
                <button class="button" data-primary>"Filter"</button>
            </div>
            // No field of its own: it is set by links alone, and stays when others are set.
            {value("made_from").map(|value| view! { <input type="hidden" name="made_from" value=value/> })}
            <details>
                <summary>"More filters"</summary>
                <div class="filters-more">
                    <Select name="kind" label="What" any="Changes and events" choices=kinds chosen=value("kind")/>
                    <Select name="outcome" label="Outcome" any="Any outcome" choices=endings chosen=value("outcome")/>
                    <Select name="host" label="Host" any="Any host" choices=hosts chosen=value("host")/>
                    <Select name="adapter" label="Adapter" any="Any adapter" choices=adapters chosen=value("adapter")/>
                    <Select name="function" label="Function" any=functions.1 choices=functions.0 chosen=value("function")/>
                    <Field name="person" label="Person" kind="text" value=value("person")/>
                    <Field name="from" label="From (UTC)" kind="datetime-local" value=value("from")/>
                    <Field name="to" label="Before (UTC)" kind="datetime-local" value=value("to")/>
                </div>
            </details>
        </form>
    }
    .into_any()
}

/// "25 GbE NIC in slot 16".
fn adapter_name(topology: &Topology, id: AdapterId) -> String {
    let adapter = topology.adapters.get(&id);
    adapter.map_or_else(
        || format!("adapter {id}"),
        |adapter| format!("{} in slot {}", adapter.name, adapter.slot),
    )
}

/// The functions to choose from, and what the list says when none is chosen.
fn functions(query: &HistoryQuery, topology: &Topology) -> (Vec<Choice>, &'static str) {
    let few = topology.functions.len() <= FUNCTION_CHOICES_MAX;
    let offered = topology.functions.values().filter(|function| {
        query.adapter.map_or(few, |adapter| function.adapter == adapter)
            || query.function == Some(function.id)
    });
    let choices = offered.map(|function| Choice::new(function.id, topology.label(function.id))).collect();
    let any = if few || query.adapter.is_some() { "Any function" } else { "Choose an adapter first" };
    (choices, any)
}

#[component]
fn Select(
    name: &'static str,
    label: &'static str,
    /// What the list says when nothing is chosen.
    any: &'static str,
    choices: Vec<Choice>,
    chosen: Option<String>,
) -> impl IntoView {
    // Something that no longer exists can still be asked for, and must not silently become "any".
    let gone = chosen.clone().filter(|chosen| choices.iter().all(|choice| choice.value != *chosen));
    let gone = gone.map(|value| Choice::new(&value, format!("{name} {value}")));
    let options = choices.into_iter().chain(gone).map(|Choice { value, name }| {
        let selected = chosen.as_deref() == Some(value.as_str());
        view! { <option value=value selected=selected>{name}</option> }
    });
    view! {
        <label class="field">
            <span>{label}</span>
            <select class="input" name=name>
                <option value="">{any}</option>
                {options.collect_view()}
            </select>
        </label>
    }
    .into_any()
}

#[component]
fn Field(
    name: &'static str,
    label: &'static str,
    /// The `type` of the input.
    kind: &'static str,
    value: Option<String>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input class="input" type=kind name=name maxlength=SEARCH_MAX_CHARS value=value/>
        </label>
    }
}

/// The filters that are set, each a link to the history without it.
#[component]
pub fn ActiveFilters(
    /// What is asked for now.
    query: HistoryQuery,
    /// Where the names come from.
    topology: Topology,
) -> impl IntoView {
    let set = address::pairs(&query);
    let active: Vec<_> = set.iter().filter(|(name, _)| FIELDS.contains(name)).collect();
    let links = active.iter().map(|(name, _)| {
        let rest = set.iter().filter(|(other, _)| other != name && *other != BEFORE_FIELD);
        let href = address::href(rest.map(|(name, value)| (*name, value.as_str())));
        let said = said(name, &query, &topology);
        let label = format!("Take the filter away: {said}");
        view! { <li><a class="filter" href=href aria-label=label>{said}<span aria-hidden="true">"×"</span></a></li> }
    });
    let links = links.collect_view();
    let several = active.len() > 1;
    (!active.is_empty()).then(|| {
        view! {
            <ul class="active-filters" aria-label="Filters that are set">
                {links}
                {several.then(|| view! { <li><a href=HISTORY_PATH>"Clear all filters"</a></li> })}
            </ul>
        }
    })
}

/// A filter that is set, in words.
fn said(name: &str, query: &HistoryQuery, topology: &Topology) -> String {
    let spelt = match name {
        "host" => query.host.map(|id| topology.host_name(id)),
        "adapter" => query.adapter.map(|id| adapter_name(topology, id)),
        "function" => query.function.map(|id| topology.label(id)),
        "made_from" => query.made_from.map(|change| format!("made from change {change}")),
        "person" => query.person.as_ref().map(|person| format!("by {person}")),
        "kind" => {
            KINDS.iter().find(|(kind, ..)| Some(*kind) == query.kind).map(|(.., said)| (*said).to_owned())
        }
        "outcome" => ENDINGS
            .iter()
            .find(|(ending, ..)| Some(*ending) == query.outcome)
            .map(|(.., said)| (*said).to_owned()),
        "from" => query.from.map(|at| format!("from {} UTC", at.format("%-d %b %Y, %H:%M"))),
        "to" => query.to.map(|at| format!("before {} UTC", at.format("%-d %b %Y, %H:%M"))),
        _ => query.text.as_ref().map(|text| format!("“{text}”")),
    };
    spelt.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{ActiveFilters, Filters};
    use crate::history::address::parse;
    use crate::history::fixture::html;
    use leptos::prelude::*;
    use patchbay_domain::{Host, HostId, Link, PhysicalPort, Rate, SwitchId, Topology};

    fn rack() -> Topology {
        let (id, name, switch, port) =
            (HostId::new(3), "web-03".to_owned(), SwitchId::new(1), PhysicalPort(8));
        let host = Host { id, name, switch, port, link: Link::full(8, Rate::Gen4), logical_ports: 8 };
        Topology { hosts: [(id, host)].into(), ..Topology::default() }
    }

    fn filters(search: &str) -> String {
        let query = parse(search).expect("readable");
        html(
            move || view! { <Filters query=query.clone() topology=rack()/><ActiveFilters query topology=rack()/> },
        )
    }

    #[test]
    fn the_form_holds_what_is_set() {
        let drawn = filters("host=3&text=INC%22&outcome=needs_you");
        assert!(drawn.contains(r#"<option value="3" selected>web-03</option>"#), "{drawn}");
        assert!(drawn.contains(r#"<option value="needs_you" selected>Needs you</option>"#), "{drawn}");
        assert!(drawn.contains("INC&quot;"), "{drawn}");
    }

    #[test]
    fn each_filter_has_a_link_that_takes_only_it_away() {
        let drawn = filters("host=3&person=operator&before=90");
        assert!(drawn.contains(r#"href="/history?person=operator""#), "{drawn}");
        assert!(drawn.contains(r#"href="/history?host=3""#), "{drawn}");
        assert!(drawn.contains("Clear all filters"), "{drawn}");
    }

    #[test]
    fn a_host_that_is_gone_can_still_be_asked_for() {
        let drawn = filters("host=77");
        assert!(drawn.contains(r#"<option value="77" selected>host 77</option>"#), "{drawn}");
    }

    #[test]
    fn without_filters_nothing_is_to_be_taken_away() {
        assert!(!filters("").contains("active-filters"));
    }
}
