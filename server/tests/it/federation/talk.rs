//! Two people on two platforms hold a conversation.

use super::{Platforms, agree, listed, person, reads};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_reaches_another_platform_and_an_answer_comes_back() {
    let platforms = Platforms::start().await;
    let ann = person(&platforms.alpha, "ann@alpha.test").await;
    let bob = person(&platforms.beta, "bob@beta.test").await;
    let key = ann.start("bob@beta.test", "Lunch", "At noon?").await;
    let row = listed(&bob, key).await;
    assert_eq!((row.subject.as_str(), row.unread), ("Lunch", true));
    reads(&bob, key, &["At noon?"]).await;

    bob.say(key, "Fine with me").await;
    reads(&bob, key, &["At noon?", "Fine with me"]).await;
    reads(&ann, key, &["At noon?", "Fine with me"]).await;
    ann.say(key, "See you").await;
    reads(&bob, key, &["At noon?", "Fine with me", "See you"]).await;
    agree(&[&ann, &bob], key).await;
    platforms.stop().await;
}
