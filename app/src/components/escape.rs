//! Text as HTML, where Leptos does not see to it.

/// Text that can stand between tags, also in `<title>` and `<textarea>`.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_tag_survives() {
        assert_eq!(
            escaped("</title><b>&amp;"),
            "&lt;/title&gt;&lt;b&gt;&amp;amp;"
        );
    }
}
