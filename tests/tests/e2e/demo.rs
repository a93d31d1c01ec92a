//! `hookwright demo`: the story that a newcomer sees first.

use crate::harness::run;

#[tokio::test]
async fn the_demo_tells_of_the_failure_the_retry_and_the_receipt() {
    let demo = run(&["demo", "--exit"], &[]).await;
    let said = String::from_utf8(demo.stdout).unwrap();
    assert!(demo.status.success(), "{said}\n{}", String::from_utf8_lossy(&demo.stderr));
    for word in ["lead.created", "429", "retry", "contact/151"] {
        assert!(said.contains(word), "`{word}` is missing:\n{said}");
    }
    let place = |word| said.find(word).unwrap();
    assert!(place("429") < place("contact/151"), "{said}");
}

#[tokio::test]
async fn the_demo_shows_a_trouble_of_the_vendor_and_lists_them_for_a_wrong_name() {
    let demo = run(&["demo", "--target", "telegram", "--trouble", "flood-zero", "--exit"], &[]).await;
    let said = String::from_utf8(demo.stdout).unwrap();
    assert!(demo.status.success() && said.contains("429"), "{said}");
    let demo = run(&["demo", "--target", "telegram", "--trouble", "flod", "--exit"], &[]).await;
    let said = String::from_utf8(demo.stderr).unwrap();
    assert!(!demo.status.success() && said.contains("flood-zero"), "{said}");
}
