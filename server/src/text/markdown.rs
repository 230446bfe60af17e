//! Markdown to HTML. What comes out is sanitised afterwards; here it only becomes what the writer meant.

use pulldown_cmark::{
    CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream,
    html::push_html,
};

use super::links::{Stretch, stretches};

/// How deep quotes and lists are nested; deeper ones are shown at this depth. Parsing HTML costs the square of its depth:
/// a body of 60,000 `>` would take minutes.
const DEPTH: u32 = 24;

/// Renders Markdown. A line break stays a line break, headings begin below those of the page, raw HTML is shown as
/// typed, a picture becomes its description, and bare web addresses become links.
pub(super) fn html(text: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut events = Vec::new();
    // Within these a bare address is no link: it is one already, or is code.
    let mut closed = 0_u32;
    let mut depth = 0_u32;
    for event in TextMergeStream::new(Parser::new_ext(text, options)) {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item) => {
                depth += 1;
                if depth <= DEPTH {
                    events.push(event);
                }
            }
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) => {
                if depth <= DEPTH {
                    events.push(event);
                }
                depth -= 1;
            }
            Event::Start(Tag::Link { .. } | Tag::CodeBlock(_)) => {
                closed += 1;
                events.push(event);
            }
            Event::End(TagEnd::Link | TagEnd::CodeBlock) => {
                closed -= 1;
                events.push(event);
            }
            Event::Text(text) if closed == 0 && text.contains("://") => link(text, &mut events),
            Event::Html(raw) | Event::InlineHtml(raw) => events.push(Event::Text(raw)),
            // The words of the description follow as text.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::HtmlBlock) => events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => events.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Heading { level, .. }) => events.push(Event::Start(Tag::Heading {
                level: below(level),
                id: None,
                classes: Vec::new(),
                attrs: Vec::new(),
            })),
            Event::End(TagEnd::Heading(level)) => {
                events.push(Event::End(TagEnd::Heading(below(level))))
            }
            Event::SoftBreak => events.push(Event::HardBreak),
            // A check box is a form field; a letter says the same.
            Event::TaskListMarker(done) => {
                events.push(Event::Text(if done { "☑ " } else { "☐ " }.into()))
            }
            other => events.push(other),
        }
    }
    let mut html = String::with_capacity(text.len() * 5 / 4 + 16);
    push_html(&mut html, events.into_iter());
    html
}

/// The page's own headings are the first two levels.
fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

fn link<'a>(text: CowStr<'a>, events: &mut Vec<Event<'a>>) {
    for stretch in stretches(&text) {
        match stretch {
            Stretch::Text(text) => events.push(Event::Text(text.to_owned().into())),
            Stretch::Link(url) => {
                let url = CowStr::from(url.to_owned());
                events.push(Event::Start(Tag::Link {
                    link_type: LinkType::Autolink,
                    dest_url: url.clone(),
                    title: "".into(),
                    id: "".into(),
                }));
                events.push(Event::Text(url));
                events.push(Event::End(TagEnd::Link));
            }
        }
    }
}
