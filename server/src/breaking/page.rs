//! "Lab: break something": everything that can go wrong with the emulated switches, on request.
//!
//! Plain forms, drawn on the server: the page works without any script, and none of it is in what a browser loads for
//! the product.

use super::LabBench;
use super::forms::{Choice, Entry, Nth, Order};
use super::view::{Bench, BenchPort, Said, Side};
use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use patchbay_app::desk::desk;
use patchbay_app::ui::{Failed, Layout, Section, Surroundings};

/// The codes that people like to try (protocol sheet, section 6).
const CODES: [(&str, &str); 4] = [
    ("0x84001", "function already bound"),
    ("0x84002", "logical port taken"),
    ("0x84005", "operation in progress"),
    ("0x64010", "denied"),
];

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// What is known about the server.
    pub around: Surroundings,
    /// The emulated switches.
    pub benches: Vec<Bench>,
    /// What was done here, newest first.
    pub said: Vec<Said>,
}

/// The page.
#[component]
pub fn LabPage() -> impl IntoView {
    provide_meta_context();
    let (desk, bench) = (desk(), expect_context::<LabBench>());
    Suspend::new(async move {
        match desk.picture().await {
            Ok(picture) => Either::Left(view! { <Drawn shown=bench.shown(Surroundings::from(&picture))/> }),
            Err(error) => Either::Right(view! { <Failed error section=Section::Lab/> }),
        }
    })
}

#[component]
fn Drawn(
    /// What it shows.
    shown: Shown,
) -> impl IntoView {
    let Shown { around, benches, said } = shown;
    let benches = benches.into_iter().map(|bench| view! { <BenchPart bench/> }).collect_view();
    view! {
        <Layout title="Lab: break something" section=Section::Lab around>
            <main id="main" class="frame-main lab">
                <div class="head">
                    <h1>"Lab: break something"</h1>
                    <p class="muted">
                        "This page belongs to the emulated hardware and not to Patchbay. What you break here, the "
                        <a href="/">"board"</a>" finds out for itself."
                    </p>
                </div>
                <SaidList said/>
                {benches}
            </main>
        </Layout>
    }
    .into_any()
}

#[component]
fn SaidList(said: Vec<Said>) -> impl IntoView {
    let lines = said.into_iter().map(|line| {
        let tone = if line.done { "ok" } else { "bad" };
        view! { <li data-tone=tone><time>{line.at}</time>" "{line.words}</li> }
    });
    view! { <ol class="lab-said" aria-label="What was done here">{lines.collect_view()}</ol> }.into_any()
}

/// One emulated switch.
#[component]
fn BenchPart(bench: Bench) -> impl IntoView {
    let id = bench.index;
    let title = format!("bench-{id}");
    let labelled = title.clone();
    let ports = bench.ports.clone().into_iter().map(|port| {
        let models = bench.models.clone();
        view! { <PortRow bench=id port models/> }
    });
    let ports = ports.collect_view();
    view! {
        <section class="bench" aria-labelledby=labelled>
            <div class="head">
                <h2 id=title>{bench.name.clone()}</h2>
                <p class="muted">{format!("at {}, {}", bench.address, bench.temperature)}</p>
                <Order bench=id order="heal" button="Heal everything"/>
            </div>
            <div class="table-wide" role="region" aria-label=format!("Ports of {}", bench.name) tabindex="0">
                <table class="ports-table">
                    <thead>
                        <tr>
                            <th scope="col">"Port"</th>
                            <th scope="col">"At the other end"</th>
                            <th scope="col">"Link"</th>
                            <th scope="col">"Break it"</th>
                        </tr>
                    </thead>
                    <tbody>{ports}</tbody>
                </table>
            </div>
            <div class="lab-grid">
                <SwitchFaults bench=bench.clone()/>
                <CommandFaults bench=bench.clone()/>
                <BehindTheBack bench/>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn PortRow(bench: usize, port: BenchPort, models: Vec<String>) -> impl IntoView {
    let number = port.number;
    let faults = match port.side {
        Side::Host => view! { <HostFaults bench port=number plugged=port.plugged/> }.into_any(),
        Side::Slot => view! { <SlotFaults bench port=number plugged=port.plugged models/> }.into_any(),
        Side::Fabric => ().into_any(),
    };
    view! {
        <tr data-port=number>
            <th scope="row">{number}</th>
            <td>{port.name}</td>
            <td>{port.link}</td>
            <td><div class="lab-orders">{faults}<Training bench port=number/></div></td>
        </tr>
    }
    .into_any()
}

#[component]
fn HostFaults(bench: usize, port: u8, plugged: bool) -> impl IntoView {
    if plugged {
        view! { <Order bench order="pull_cable" button="Pull cable" port/> }
    } else {
        view! { <Order bench order="plug_cable" button="Plug cable" port/> }
    }
}

#[component]
fn SlotFaults(bench: usize, port: u8, plugged: bool, models: Vec<String>) -> impl IntoView {
    let card = if plugged {
        view! {
            <Order bench order="pull_adapter" button="Pull adapter" port/>
            <Order bench order="surprise_remove" button="Surprise remove" port/>
        }
        .into_any()
    } else {
        view! { <Order bench order="plug_adapter" button="Plug adapter" port/> }.into_any()
    };
    let models: Vec<_> = models.into_iter().map(|model| (model.clone(), model)).collect();
    let severities =
        ["correctable", "non_fatal", "fatal"].map(|word| (word.to_owned(), word.replace('_', "-")));
    view! {
        {card}
        <Order bench order="raise_aer" button="Raise error" port>
            <Choice name="severity" label=format!("Severity at port {port}") options=severities.to_vec()/>
        </Order>
        <Order bench order="swap" button="Swap" port>
            <Choice name="adapter" label=format!("New adapter in slot {port}") options=models/>
        </Order>
    }
    .into_any()
}

/// Narrower, slower, or as configured again: no number means full.
#[component]
fn Training(bench: usize, port: u8) -> impl IntoView {
    let widths = ["1", "2", "4", "8", "16"].map(|w| (w.to_owned(), format!("x{w}")));
    let widths = [vec![(String::new(), "full width".to_owned())], widths.to_vec()].concat();
    let rates = ["1", "2", "3", "4", "5"].map(|g| (g.to_owned(), format!("Gen{g}")));
    let rates = [vec![(String::new(), "full rate".to_owned())], rates.to_vec()].concat();
    view! {
        <Order bench order="train" button="Train" port>
            <Choice name="width" label=format!("Width of port {port}") options=widths/>
            <Choice name="gen" label=format!("Rate of port {port}") options=rates/>
        </Order>
    }
    .into_any()
}

#[component]
fn SwitchFaults(bench: Bench) -> impl IntoView {
    let id = bench.index;
    let keep = [
        ("keep", "keeping its bindings"),
        ("lose", "losing its bindings"),
        ("rebuild", "as the rack file has it"),
    ];
    let keep = keep.map(|(word, label)| (word.to_owned(), label.to_owned())).to_vec();
    view! {
        <section>
            <h3>"The switch"</h3>
            <Order bench=id order="heat" button="Heat">
                <Entry name="celsius" label="Degrees Celsius" value="98" unit="°C"/>
            </Order>
            <Order bench=id order="reboot" button="Reboot">
                <Choice name="bindings" label="Reboot" options=keep/>
            </Order>
        </section>
    }
    .into_any()
}

#[component]
fn CommandFaults(bench: Bench) -> impl IntoView {
    let id = bench.index;
    let commands = bench.commands.into_iter().map(|name| (name.clone(), name));
    let commands: Vec<_> =
        [(String::new(), "bind or unbind".to_owned())].into_iter().chain(commands).collect();
    let codes = CODES.map(|(code, words)| (code.to_owned(), format!("{code}, {words}"))).to_vec();
    let when = ["before", "after"].map(|w| (w.to_owned(), format!("{w} it took effect"))).to_vec();
    let command = |what: &str| {
        let (label, options) = (format!("Command to {what}"), commands.clone());
        view! { <Choice name="command" label options/> }
    };
    let (refuse, drop, hang, slow) =
        (command("refuse"), command("drop"), command("hang"), command("slow down"));
    let waiting = bench.waiting.into_iter().map(|(fault, words)| {
        view! {
            <li>{words}<Order bench=id order="cancel_fault" button="Forget" fault/></li>
        }
    });
    view! {
        <section>
            <h3>"Its answers"</h3>
            <Order bench=id order="refuse" button="Refuse">
                {refuse}<Nth what="refuse"/><Choice name="code" label="Code" options=codes/>
            </Order>
            <Order bench=id order="drop_connection" button="Drop the connection">
                {drop}<Nth what="drop"/><Choice name="when" label="When" options=when/>
            </Order>
            <Order bench=id order="hang" button="Hang">{hang}<Nth what="hang"/></Order>
            <Order bench=id order="slow" button="Slow down">
                {slow}<Entry name="ms" label="Milliseconds" value="2000" before="by" unit="ms"/>
            </Order>
            <ul class="lab-waiting" aria-label="Still to come">{waiting.collect_view()}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn BehindTheBack(bench: Bench) -> impl IntoView {
    let id = bench.index;
    let numbered = |(number, name): (u8, String)| (number.to_string(), format!("{name}, port {number}"));
    let hosts: Vec<_> = bench.hosts().map(numbered).collect();
    let (free, all) = (bench.free, bench.functions);
    let bound = bench.bound.into_iter().map(|bound| {
        view! {
            <li>
                {bound.words}
                <Order bench=id order="unbind" button="Unbind" port=bound.port>
                    <input type="hidden" name="logical_port" value=bound.logical_port/>
                </Order>
            </li>
        }
    });
    view! {
        <section>
            <h3>"Behind the manager's back"</h3>
            <Order bench=id order="bind" button="Bind">
                <Choice name="functions" label="Function to bind" options=free/>
                <Choice name="port" label="Host" options=hosts/>
                <Entry name="logical_port" label="Logical port" value="7" before="logical port"/>
            </Order>
            <Order bench=id order="rename" button="Rename">
                <Choice name="function" label="Function to rename" options=all/>
                <Entry name="to" label="New PDFID" value="0x1F00" before="to"/>
            </Order>
            <details>
                <summary>"Unbind"</summary>
                <ul class="lab-waiting" aria-label="What is bound">{bound.collect_view()}</ul>
            </details>
        </section>
    }
    .into_any()
}
