//! The wall behind the renderers: whatever they let through, this does not.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// What a message may be made of. `img`, `style`, `svg`, `math`, `form` and `template` are absent on purpose.
const TAGS: [&str; 29] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
];

/// Elements whose content goes with them.
const WITH_CONTENT: [&str; 14] = [
    "script", "style", "template", "svg", "math", "title", "textarea", "select", "noscript",
    "iframe", "object", "xmp", "noembed", "noframes",
];

static WALL: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut wall = Builder::empty();
    wall.tags(HashSet::from(["ul"]))
        .add_tags(TAGS)
        .clean_content_tags(HashSet::from(WITH_CONTENT))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        // A relative link would point into this platform's own pages.
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    wall
});

/// How many elements of HTML may be open at once. Parsing costs the square of the depth.
const DEPTH: usize = 400;

/// HTML of which only harmless elements are left. What is nested beyond reason is shown as its source.
pub(super) fn clean(untrusted: &str) -> String {
    if depth(untrusted) > DEPTH {
        ammonia::clean_text(untrusted)
    } else {
        WALL.clean(untrusted).to_string()
    }
}

/// An upper bound of how many elements are open at once, as a reader of tags sees it.
fn depth(html: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let name = &tag[..tag
            .find(|sign: char| !sign.is_ascii_alphanumeric())
            .unwrap_or(tag.len())];
        if tag.starts_with('/') {
            open = open.saturating_sub(1);
        } else if !name.is_empty() && !VOID.iter().any(|void| void.eq_ignore_ascii_case(name)) {
            open += 1;
            deepest = deepest.max(open);
        }
    }
    deepest
}

/// Elements that are never closed, or close each other.
const VOID: [&str; 9] = ["br", "hr", "img", "p", "li", "td", "tr", "th", "input"];
