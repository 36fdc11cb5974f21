//! The document around every page: head, links to the front end, and the policy that guards it.

use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::routes::App;
use crate::theme::chosen_theme;
use crate::ui::Ready;

/// The whole HTML document for one request. `options` say where this build's script, style and WASM are served.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    document(options, App)
}

/// A document of this build around a page that is not one of the product's own.
pub fn document<V: IntoView>(options: LeptosOptions, page: impl FnOnce() -> V) -> impl IntoView {
    guard_scripts();
    let package = format!("/{}", options.site_pkg_dir);
    let style = format!("{package}/{}.css", options.output_name);
    let icon = format!("{package}/icon.svg");
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=chosen_theme().map(|theme| theme.as_str())>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href=icon/>
                <link rel="stylesheet" href=style/>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body>
                {page()}
                <Ready/>
            </body>
        </html>
    }
}

/// Sends the content security policy with this page: only scripts that carry the page's nonce may run.
fn guard_scripts() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else {
        return;
    };
    let policy = format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}
