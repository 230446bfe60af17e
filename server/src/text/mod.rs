//! What people write, turned into what a page may show: sanitised HTML, its plain text, and the difference between two
//! versions. Pure functions.

mod diff;
mod links;
mod markdown;
mod plain;
mod sanitise;

pub use diff::words as difference;
pub use plain::{PREVIEW, preview, text as plain_of};

use em2_model::Format;

/// The version of this renderer, stored beside the HTML that it made: a row with a smaller one can be rendered anew.
pub const RENDERER: i64 = 1;

/// A message body as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Sanitised: no scripts, styles, forms, pictures, SVG or MathML; links open without an opener.
    pub html: String,
    /// The same words without any markup, one blank between blocks: for previews and the search index.
    pub plain: String,
}

impl Rendered {
    /// Text of any format.
    pub fn of(format: Format, text: &str) -> Rendered {
        match format {
            Format::Markdown => Rendered::markdown(text),
            Format::Plain => Rendered::plain(text),
            Format::Html => Rendered::html(text),
        }
    }

    /// Markdown as CommonMark with tables, strikethrough and task lists; raw HTML in it is shown as it was typed.
    pub fn markdown(text: &str) -> Rendered {
        Rendered::clean(&markdown::html(text))
    }

    /// Text as it was typed: paragraphs, line breaks and links.
    pub fn plain(text: &str) -> Rendered {
        Rendered::clean(&plain::html(text))
    }

    /// HTML that came from somewhere else.
    pub fn html(text: &str) -> Rendered {
        Rendered::clean(text)
    }

    fn clean(untrusted: &str) -> Rendered {
        let html = sanitise::clean(untrusted);
        let plain = plain::text(&html);
        Rendered { html, plain }
    }
}

#[cfg(test)]
mod tests;
