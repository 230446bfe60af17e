//! Plain text: as it is typed, and as it is left when the markup of a rendered message is taken away.

use super::links::{Stretch, stretches};

/// How many characters a preview has at most.
pub const PREVIEW: usize = 140;

/// Elements within a line of text; any other one separates words.
const INLINE: [&str; 13] = [
    "a", "b", "code", "del", "em", "i", "ins", "kbd", "s", "strong", "sub", "sup", "span",
];

/// Plain text as HTML: paragraphs at blank lines, line breaks, links.
pub(super) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() * 9 / 8 + 8);
    let mut open = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            html.push_str(if open { "</p>" } else { "" });
            open = false;
            continue;
        }
        html.push_str(if open { "<br>" } else { "<p>" });
        open = true;
        for stretch in stretches(line) {
            match stretch {
                Stretch::Text(text) => escape(text, &mut html),
                Stretch::Link(url) => {
                    html.push_str("<a href=\"");
                    escape(url, &mut html);
                    html.push_str("\">");
                    escape(url, &mut html);
                    html.push_str("</a>");
                }
            }
        }
    }
    html.push_str(if open { "</p>" } else { "" });
    html
}

fn escape(text: &str, html: &mut String) {
    for sign in text.chars() {
        match sign {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

/// The words of sanitised HTML: tags go, the five entities that the sanitiser writes are read, white space collapses.
pub fn text(html: &str) -> String {
    let mut words = Words {
        text: String::with_capacity(html.len()),
        gap: false,
    };
    let mut rest = html;
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix('<') {
            let name = tag.trim_start_matches('/');
            let name = &name[..name
                .find(|sign: char| !sign.is_ascii_alphanumeric())
                .unwrap_or(name.len())];
            if !INLINE.contains(&name) {
                words.gap = true;
            }
            rest = &tag[end_of_tag(tag)..];
        } else if let Some((sign, after)) = entity(rest) {
            words.push(sign);
            rest = after;
        } else {
            let mut signs = rest.chars();
            if let Some(sign) = signs.next() {
                words.push(sign);
            }
            rest = signs.as_str();
        }
    }
    words.text
}

struct Words {
    text: String,
    /// White space was met since the last word.
    gap: bool,
}

impl Words {
    fn push(&mut self, sign: char) {
        if sign.is_whitespace() {
            self.gap = true;
            return;
        }
        if self.gap && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.gap = false;
        self.text.push(sign);
    }
}

/// Behind the `>` that ends a tag: one within quotes does not.
fn end_of_tag(tag: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

fn entity(text: &str) -> Option<(char, &str)> {
    [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&nbsp;", ' '),
    ]
    .into_iter()
    .find_map(|(name, sign)| text.strip_prefix(name).map(|after| (sign, after)))
}

/// The beginning of a plain text in at most [`PREVIEW`] characters; cut at a word where one ends in the last third.
pub fn preview(plain: &str) -> String {
    if plain.chars().count() <= PREVIEW {
        return plain.to_owned();
    }
    let end = plain
        .char_indices()
        .nth(PREVIEW - 1)
        .map_or(plain.len(), |(at, _)| at);
    let cut = &plain[..end];
    let kept = match cut.rfind(' ') {
        Some(word) if word > cut.len() * 2 / 3 => &cut[..word],
        _ => cut,
    };
    format!("{}…", kept.trim_end_matches([' ', ',', ';', ':', '.', '…']))
}
