//! `docs/API.md`: its commands, run as they stand.

use std::path::Path;
use std::process::{Command, Stdio};

use em2_model::wire::domestic::Entry;

use crate::support::server::TestServer;

/// The ```sh blocks of a document, in order.
fn commands(document: &str) -> String {
    let mut script = String::new();
    let mut inside = false;
    for line in document.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => script = script + line + "\n",
            _ => {}
        }
    }
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_a_conversation_works_as_written() {
    let server = TestServer::start().await;
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    let script = commands(&std::fs::read_to_string(document).unwrap());
    assert!(script.lines().count() > 20, "{script}");

    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_server"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script.as_str()])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("EM2", server.origin())
        .env("EM2_DATA", server.data())
        .env("EM2_DATABASE", server.database())
        .stdin(Stdio::null());
    let ran = tokio::task::spawn_blocking(move || bash.output())
        .await
        .unwrap()
        .unwrap();
    let (out, error) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(
        ran.status.success(),
        "{script}\n--- {}\n{out}\n--- {error}",
        ran.status
    );

    let anna = {
        let anna = server.browser();
        anna.sign_in("anna@a.example", "correct horse battery")
            .await
            .see_other("/inbox");
        anna
    };
    let key = anna.list().await.rows[0].key.to_string().parse().unwrap();
    let said: Vec<_> = anna
        .conversation(key)
        .await
        .entries
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Message(message) => {
                Some((message.author.name, message.text, message.edited.is_some()))
            }
            Entry::Event(_) => None,
        })
        .collect();
    let said: Vec<_> = said
        .iter()
        .map(|(name, _, edited)| (name.as_str(), *edited))
        .collect();
    assert_eq!(said, [("Anna", false), ("Bob", true), ("Anna", false)]);
}
