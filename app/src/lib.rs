//! What a person sees: pages and components, rendered on the server and hydrated in the browser. The world is seen
//! through [`backend::Backend`] alone; nothing here names an HTTP client, a database or a browser.

pub mod backend;
pub mod paths;
pub mod state;
