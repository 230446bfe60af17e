use super::*;

fn read_one(text: &str) -> Result<Option<Announcement>, Unreached> {
    read_txt(&[text.to_owned()])
}

#[test]
fn a_record_names_a_platform() {
    let wanted = Announcement {
        platform: Platform::parse("em2.host.example").unwrap(),
        id: "20270101".to_owned(),
    };
    for text in [
        "v=em2v1; p=em2.host.example; id=20270101",
        "v=em2v1;p=em2.host.example;id=20270101",
        "v=em2v1; p=em2.host.example; id=20270101;",
        " v=em2v1 ;\tid = 20270101 ; p = em2.host.example ; ",
        "v=em2v1; p=em2.host.example; later=x y=z; id=20270101",
    ] {
        assert_eq!(read_one(text), Ok(Some(wanted.clone())), "{text}");
    }
}

#[test]
fn what_is_not_ours_is_no_record() {
    for text in [
        "",
        "v=spf1 -all",
        "v=em2v2; p=em2.host.example; id=1",
        "v=em2v10;",
        "em2v1",
        "V=EM2V1; p=x",
        "p=a.b",
    ] {
        assert_eq!(read_one(text), Ok(None), "{text}");
    }
    assert_eq!(read_txt(&[]), Ok(None));
}

#[test]
fn exactly_one_record_counts() {
    let ours = "v=em2v1; p=em2.host.example; id=1".to_owned();
    let (spf, broken) = ("v=spf1 -all".to_owned(), "v=em2v1".to_owned());
    assert!(
        read_txt(&[spf.clone(), ours.clone(), spf.clone()])
            .unwrap()
            .is_some()
    );
    for texts in [
        [ours.clone(), ours.clone()],
        [ours.clone(), broken.clone()],
        [broken, ours.clone()],
    ] {
        assert_eq!(read_txt(&texts).unwrap_err().kind, Kind::Answer);
    }
    let mut many = vec![spf; 15];
    many.push(ours.clone());
    assert!(read_txt(&many).unwrap().is_some());
    many.push(ours);
    assert_eq!(read_txt(&many).unwrap_err().kind, Kind::Answer);
}

/// Broken is not absent: the domain speaks em2, and its people are not sent mail because of a slip.
#[test]
fn a_record_that_cannot_be_read_is_an_error() {
    let long_id = format!("v=em2v1; p=em2.host.example; id={}", "1".repeat(33));
    let long = format!("v=em2v1; p=em2.host.example; id=1; x={}", "1".repeat(600));
    for text in [
        "v=em2v1",
        "v=em2v1;",
        "v=em2v1; id=1",
        "v=em2v1; p=em2.host.example",
        "v=em2v1; p=; id=1",
        "v=em2v1; p=em2.host.example; id=",
        "v=em2v1; p=em2.host.example; id=a-b",
        "v=em2v1; p=em2.host.example; id=é",
        "v=em2v1; p=em2.host.example; p=em2.host.example; id=1",
        "v=em2v1; p=em2.host.example; id=1; id=1",
        "v=em2v1; v=em2v1; p=em2.host.example; id=1",
        "v=em2v1; p=em2.host.example, id=1",
        "v=em2v1; p=em2.host.example; id=1; word",
        "v=em2v1; ; p=em2.host.example; id=1",
        "v=em2v1; p=em2.host.example\u{0}; id=1",
        "v=em2v1; p=em2.host.example; id=1\n",
        "v=em2v1; p=em2.host.example; id=\u{fffd}",
        &long_id,
        &long,
    ] {
        let wrong = read_one(text).expect_err(text);
        assert!(
            wrong.detail.ends_with('.') && !wrong.detail.contains(char::is_control),
            "{wrong}"
        );
    }
}

/// security.md 24, 29, 34
#[test]
fn security_24_a_record_that_leads_inward_is_refused() {
    for name in [
        "127.0.0.1",
        "[::1]",
        "::1",
        "169.254.169.254",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "metadata.internal",
        "localhost",
        "localhost.",
        "em2.host.example.",
        "em2.host.example:8443",
        "http://em2.host.example",
        "https://em2.host.example",
        "file:///etc/passwd",
        "em2.host.example/x",
        "a@em2.host.example",
        "EM2.host.example",
    ] {
        let refused = read_one(&format!("v=em2v1; p={name}; id=1")).expect_err(name);
        assert_eq!(refused.kind, Kind::Refused, "{refused}");
    }
}

/// Any bytes: changed, cut and doubled, a record is read as ours and whole, or not at all.
#[test]
fn no_text_panics() {
    let record = "v=em2v1; p=em2.host.example; id=20270101";
    for at in 0..=record.len() {
        let _ = read_one(&record[..at]);
        for with in [
            "", ";", "=", " ", "\u{0}", "é", "\u{202e}", ";;", "=;", "v=em2v1;", record,
        ] {
            for skip in [0, 1, 7] {
                let rest = &record[(at + skip).min(record.len())..];
                let read = read_one(&format!("{}{with}{rest}", &record[..at]));
                if let Ok(Some(read)) = read {
                    assert!(guard::platform(read.platform.as_str()).is_ok());
                    assert!((1..=32).contains(&read.id.len()));
                }
            }
        }
    }
    let _ = read_txt(&vec!["v=em2v1".repeat(10_000); 3]);
}
