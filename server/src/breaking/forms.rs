//! The forms of the lab's page: each is one order.

use leptos::prelude::*;
use patchbay_app::ui::LAB_PATH;

/// A form that gives one order.
#[component]
pub fn Order(
    /// Which emulated switch.
    bench: usize,
    /// The order's name at the control door.
    order: &'static str,
    /// What the button says.
    button: &'static str,
    /// The port it is about.
    #[prop(optional)]
    port: Option<u8>,
    /// The waiting fault it is about.
    #[prop(optional)]
    fault: Option<u64>,
    /// The rest of the form.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <form class="lab-order" method="post" action=format!("{LAB_PATH}/{bench}") data-order=order>
            <input type="hidden" name="order" value=order/>
            {port.map(|port| view! { <input type="hidden" name="port" value=port/> })}
            {fault.map(|fault| view! { <input type="hidden" name="id" value=fault/> })}
            {children.map(|children| children())}
            <button type="submit" class="button">{button}</button>
        </form>
    }
    .into_any()
}

/// A list to choose from; the label is for those who do not see what stands around it.
#[component]
pub fn Choice(
    /// The field of the order.
    name: &'static str,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Value and words.
    options: Vec<(String, String)>,
) -> impl IntoView {
    let options = options.into_iter().map(|(value, words)| view! { <option value=value>{words}</option> });
    view! { <select class="input" name=name aria-label=label>{options.collect_view()}</select> }.into_any()
}

/// A line to write in.
#[component]
pub fn Entry(
    /// The field of the order.
    name: &'static str,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What stands in it at first.
    value: &'static str,
    /// Stands before the line, for those who see it.
    #[prop(optional)]
    before: &'static str,
    /// Stands behind it, as in "ms".
    #[prop(optional)]
    unit: &'static str,
) -> impl IntoView {
    view! {
        <span class="lab-entry">
            <span aria-hidden="true">{before}</span>
            <input class="input" name=name aria-label=label.clone() title=label value=value autocomplete="off"/>
            <span aria-hidden="true">{unit}</span>
        </span>
    }
    .into_any()
}

/// Which of the commands to come.
#[component]
pub fn Nth(
    /// What happens to it.
    what: &'static str,
) -> impl IntoView {
    view! { <Entry name="nth" label=format!("Which one to {what}, 1 is the next") value="1" before="no." unit="from now"/> }
}
