//! The built scripts and styles, whose names are read once at start.

use std::path::Path;

use ::app::shell::Assets;
use serde::Deserialize;

/// What `make site` wrote.
#[derive(Clone, Debug)]
pub struct Site {
    assets: Assets,
    build: String,
    /// False where nothing was built: the pages do without scripts.
    built: bool,
}

#[derive(Deserialize)]
struct File {
    js: String,
    wasm: String,
    css: String,
    build: String,
}

impl Site {
    /// Reads `<folder>/assets.json`; without it the pages have neither scripts nor style.
    pub fn read(folder: &Path) -> std::io::Result<Site> {
        let text = match std::fs::read(folder.join("assets.json")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::warn!(folder = %folder.display(), "no built pages here: run “make site”");
                let none = || String::new();
                let assets = Assets {
                    css: none(),
                    js: none(),
                    wasm: none(),
                };
                return Ok(Site {
                    assets,
                    build: "none".to_owned(),
                    built: false,
                });
            }
            other => other?,
        };
        let file: File = serde_json::from_slice(&text)?;
        let assets = Assets {
            css: file.css,
            js: file.js,
            wasm: file.wasm,
        };
        Ok(Site {
            assets,
            build: file.build,
            built: true,
        })
    }

    /// The addresses that the document names.
    pub fn assets(&self) -> Assets {
        self.assets.clone()
    }

    /// Which build the browser should have.
    pub fn build(&self) -> &str {
        &self.build
    }

    pub fn is_built(&self) -> bool {
        self.built
    }
}
