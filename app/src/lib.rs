//! What a person sees: pages and components, rendered on the server and hydrated in the browser. The world is seen
//! through [`backend::Backend`] alone; nothing here names an HTTP client, a database or a browser.

#![recursion_limit = "256"]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!(
    "`app` is built for the server (ssr) or for the browser (hydrate), never for both at once"
);

pub mod app;
pub mod backend;
pub mod components;
pub mod json;
pub mod pages;
pub mod paths;
pub mod refused;
pub mod shell;
pub mod state;
