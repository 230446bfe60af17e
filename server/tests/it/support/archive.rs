//! Conversations as files, and the program of `docs/` that checks them.

use std::path::Path;
use std::process::Command;
use std::sync::Once;

use em2_model::ConversationKey;
use server::archive::write::Export;
use server::archive::{Checked, Wrong, verify};
use server::identity::Keychain;
use server::store::Store;

/// The whole file, by the platform with this data folder, and how many pieces it was written in.
pub(crate) async fn exported(store: &Store, data: &Path, key: ConversationKey) -> (Vec<u8>, usize) {
    let own = Keychain::find(store, data).await.unwrap().unwrap();
    let mut export = Export::begin(store, &own, key).await.unwrap();
    let (mut file, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = export.next().await.unwrap() {
        assert!(piece.ends_with(b"\n"), "whole lines");
        file.extend(piece);
        pieces += 1;
    }
    (file, pieces)
}

/// What the server's own check says.
pub(crate) fn check(file: &[u8]) -> Result<Checked, Wrong> {
    verify(file).unwrap()
}

/// What `docs/verify.py` prints, or complains of; `None`, said aloud, where there is no Python. CI has to have one.
pub(crate) fn python(file: &[u8]) -> Option<Result<String, String>> {
    static SAID: Once = Once::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversation.em2");
    std::fs::write(&path, file).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.py");
    let Ok(output) = Command::new("python3").arg(script).arg(path).output() else {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "python3 is not there: CI must run docs/verify.py");
        SAID.call_once(|| eprintln!("skipped: python3 is not there, no tests of docs/verify.py"));
        return None;
    };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some(match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    })
}

/// Both programs agree that everything checks.
pub(crate) fn proven(file: &[u8]) -> Checked {
    let checked = check(file).unwrap_or_else(|wrong| panic!("{wrong}"));
    let (head, actions) = (checked.head, checked.actions);
    let told = format!("Head {head}\n{actions} actions\nEverything checks.\n");
    if let Some(said) = python(file) {
        assert_eq!(said, Ok(told));
    }
    checked
}

/// Both programs name this line.
pub(crate) fn disproven(file: &[u8], line: u64) -> Wrong {
    let wrong = check(file).expect_err("it checks, and should not");
    assert_eq!(wrong.line, line, "{wrong}");
    if let Some(said) = python(file) {
        let said = said.expect_err("it checks, and should not");
        assert!(said.starts_with(&format!("Line {line}: ")), "{said}");
        assert!(said.contains("(EM2_"), "{said}");
    }
    wrong
}
