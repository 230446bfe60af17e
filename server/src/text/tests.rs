use super::*;

fn markdown(text: &str) -> String {
    Rendered::markdown(text).html.trim_end().to_owned()
}

#[test]
fn markdown_becomes_what_the_writer_meant() {
    assert_eq!(
        markdown("Hello **Bob**,\nhow are you?"),
        "<p>Hello <strong>Bob</strong>,<br>\nhow are you?</p>"
    );
    assert_eq!(markdown("# Budget"), "<h3>Budget</h3>");
    assert_eq!(
        markdown("3. three\n4. four"),
        "<ol start=\"3\">\n<li>three</li>\n<li>four</li>\n</ol>"
    );
    assert_eq!(markdown("- [x] done"), "<ul>\n<li>☑ done</li>\n</ul>");
    assert_eq!(
        markdown("|a|b|\n|-|:-:|\n|1|2|"),
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>"
    );
}

#[test]
fn links_lead_out_without_an_opener() {
    let attributes = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    assert_eq!(
        markdown("see https://a.example/x_(y)?q=1&r=2."),
        format!(
            "<p>see <a href=\"https://a.example/x_(y)?q=1&amp;r=2\" {attributes}>https://a.example/x_(y)?q=1&amp;r=2</a>.</p>"
        )
    );
    assert_eq!(
        Rendered::plain("at (http://b.example).").html,
        format!("<p>at (<a href=\"http://b.example\" {attributes}>http://b.example</a>).</p>")
    );
    assert_eq!(
        markdown("`https://a.example`"),
        "<p><code>https://a.example</code></p>"
    );
    assert!(!markdown("xhttp://a.example and http:// alone").contains("<a"));
}

#[test]
fn nothing_that_acts_or_loads_passes() {
    let bad = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![picture](https://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt:alert(1))",
        "[click](data:text/html,<script>alert(1)</script>)",
        "[click](/sign-out)",
        "[click](//evil.example)",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
        "<form action=https://evil.example><input name=p><button>go</button></form>",
        "<p style=\"background:url(https://evil.example)\">x</p>",
        "<a href=\"https://a.example\" onclick=alert(1) ping=https://evil.example>x</a>",
        "<template><img src=x></template>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<base href=https://evil.example><link rel=stylesheet href=https://evil.example/x.css>",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<textarea></textarea><img src=x onerror=alert(1)>",
        "</p><video src=https://evil.example autoplay>",
    ];
    for text in bad {
        for rendered in [
            Rendered::markdown(text),
            Rendered::plain(text),
            Rendered::html(text),
        ] {
            assert_eq!(
                tags_outside(&rendered.html),
                Vec::<String>::new(),
                "{text} gave {}",
                rendered.html
            );
        }
    }
}

/// Every tag in `html` that is not one of the few plain ones, or has attributes other than those of a link outwards.
fn tags_outside(html: &str) -> Vec<String> {
    let plain = [
        "p",
        "br",
        "code",
        "a",
        "pre",
        "table",
        "tbody",
        "tr",
        "td",
        "blockquote",
        "ul",
        "li",
    ];
    html.split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag.to_owned()))
        .filter(|tag| {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            let target =
                attributes.strip_suffix("target=\"_blank\" rel=\"noopener noreferrer nofollow\"");
            let outwards = |target: &str| {
                let address = target
                    .strip_prefix("href=\"https://")
                    .and_then(|rest| rest.strip_suffix("\" "));
                target.is_empty() || address.is_some_and(|address| !address.contains(['"', ' ']))
            };
            let safe = attributes.is_empty() || target.is_some_and(outwards);
            !(plain.contains(&name.trim_start_matches('/')) && safe)
        })
        .collect()
}

#[test]
fn raw_html_in_markdown_is_shown_as_typed() {
    assert_eq!(
        markdown("a <b>bold</b> claim"),
        "<p>a &lt;b&gt;bold&lt;/b&gt; claim</p>"
    );
    assert_eq!(
        Rendered::markdown("<div>\nx\n</div>").plain,
        "<div> x </div>"
    );
}

#[test]
fn a_picture_is_its_description() {
    assert_eq!(
        markdown("![the harbour](https://a.example/h.jpg)"),
        "<p>the harbour</p>"
    );
}

#[test]
fn plain_text_keeps_its_lines_and_shows_its_signs() {
    assert_eq!(
        Rendered::plain("a < b & c\nnext\n\n\n*not strong*").html,
        "<p>a &lt; b &amp; c<br>next</p><p>*not strong*</p>"
    );
}

#[test]
fn words_without_markup() {
    let rendered = Rendered::markdown("# Title\n\nfirst **part**ly &amp; `x < y`\n\n- one\n- two");
    assert_eq!(rendered.plain, "Title first partly & x < y one two");
    assert_eq!(
        Rendered::html("<p title=\"a>b\">one</p><p>two&nbsp;three</p>").plain,
        "one two three"
    );
}

#[test]
fn a_preview_is_short_and_ends_at_a_word() {
    assert_eq!(preview("short"), "short");
    let long = "word ".repeat(60);
    let cut = preview(long.trim());
    assert!(
        cut.chars().count() <= PREVIEW && cut.ends_with("word…"),
        "{cut}"
    );
    let unbroken = preview(&"ü".repeat(500));
    assert_eq!(unbroken.chars().count(), PREVIEW);
    assert_eq!(preview(&"x".repeat(PREVIEW)).chars().count(), PREVIEW);
}

#[test]
fn deep_and_long_input_ends_soon() {
    let pieces = [
        ">",
        "> ",
        "- ",
        "  - a\n",
        "[",
        "![",
        "*a_",
        "`",
        "<b>",
        "<p>",
        "<div><a>",
        "<blockquote>",
        "<table>",
        "http://a(",
    ];
    for piece in pieces {
        let text = piece.repeat(60_000 / piece.len());
        for render in [Rendered::markdown, Rendered::html, Rendered::plain] {
            let started = std::time::Instant::now();
            render(&text);
            assert!(
                started.elapsed().as_secs() < 8,
                "{piece} took {:?}",
                started.elapsed()
            );
        }
    }
}

#[test]
fn quotes_are_nested_as_deep_as_anybody_reads() {
    let html = Rendered::markdown(&format!("{} deep", ">".repeat(100))).html;
    assert_eq!(
        html.matches("<blockquote>").count(),
        html.matches("</blockquote>").count()
    );
    assert!(
        html.matches("<blockquote>").count() <= 24 && html.contains("deep"),
        "{html}"
    );
}
