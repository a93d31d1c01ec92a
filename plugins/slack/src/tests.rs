use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, laws, samples, settings_schema};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::Slack as Standin;
use serde_json::json;

use crate::Slack;

fn channel() -> Account<Standin> {
    Account::new(Standin::new("secret-1"))
}

/// The outcome of an attempt that is answered so.
fn answered(answer: &Answer) -> Outcome {
    Rehearsal::<Slack>::of(samples::complete()).attempt(&mut |_: &Request| answer.clone())
}

#[test]
fn the_laws_of_a_mapping_hold() {
    for transcript in laws::check::<Slack, _>(channel, &[("", json!({}))]) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn messages_refer_to_nothing_but_their_time() {
    for (name, lead) in samples::all() {
        let mut channel = channel();
        Rehearsal::<Slack>::of(lead).attempt(&mut channel);
        for reference in channel.references() {
            assert!(reference.starts_with("!date^"), "{name} refers to {reference}");
        }
    }
}

#[test]
fn what_a_visitor_typed_notifies_nobody_and_is_no_link() {
    let typed = "<!channel> <@U123> <http://x|y> :tada: &lt;";
    let field = || Some(typed.to_owned());
    let lead = Lead {
        name: field(),
        phone: field(),
        email: field(),
        message: field(),
        channel: field(),
        conversation_id: field(),
    };
    let mut channel = channel();
    Rehearsal::<Slack>::of(lead).attempt(&mut channel);
    let message = &channel.messages()[0];
    assert_eq!(channel.references().len(), 1, "only the time: {message}");
    assert_eq!((&message["unfurl_links"], &message["unfurl_media"]), (&json!(false), &json!(false)));
    let escaped = "&lt;!channel&gt; &lt;@U123&gt; &lt;http://x|y&gt; :tada: &amp;lt;";
    assert_eq!(message["blocks"][2]["text"], json!({ "type": "mrkdwn", "text": escaped, "verbatim": true }));
    assert_eq!(message["blocks"][0]["text"]["emoji"], json!(false));
}

#[test]
fn long_texts_are_cut_before_an_escape() {
    for letters in 2_990..3_001 {
        let message = format!("{}<{}", "x".repeat(letters), "y".repeat(20));
        let mut channel = channel();
        let lead = Lead { message: Some(message), ..samples::blank() };
        let outcome = Rehearsal::<Slack>::of(lead).attempt(&mut channel);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{letters}: {outcome:?}");
        let messages = channel.messages();
        let text = messages[0]["blocks"][1]["text"]["text"].as_str().unwrap();
        assert!(text.ends_with('…') && text.len() <= 3_002, "{letters}: {text}");
    }
}

#[test]
fn the_heading_can_be_changed_and_left_out() {
    let nameless = || Lead { message: Some("Hi".into()), channel: Some("web".into()), ..samples::blank() };
    for (heading, lead, title) in [
        ("Neuer Kontakt", samples::complete(), "Neuer Kontakt: John Smith"),
        (" ", samples::complete(), "John Smith"),
        ("", nameless(), "Web lead"),
        ("A & B", nameless(), "A & B"),
    ] {
        let mut channel = channel();
        Rehearsal::<Slack>::of(lead).settings(json!({ "heading": heading })).attempt(&mut channel);
        assert_eq!(channel.messages()[0]["blocks"][0]["text"]["text"], title);
    }
}

#[test]
fn after_a_fault_the_message_is_posted_again() {
    for fault in Fault::ALL {
        let mut channel = channel();
        let mut rehearsal = Rehearsal::<Slack>::of(samples::complete());
        let outcome = rehearsal.finish(&mut Faulty::new(&mut channel, fault, 0));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{fault:?}: {outcome:?}");
        let has_arrived = matches!(fault, Fault::LostAnswer | Fault::Gateway(_));
        assert_eq!(channel.messages().len(), if has_arrived { 2 } else { 1 }, "{fault:?}");
        assert!(rehearsal.log().iter().any(|(_, line)| line.contains("already")), "{fault:?}");
    }
}

#[test]
fn what_slack_answers_decides_what_happens() {
    enum Means {
        Delivered,
        Held(&'static str),
        Refused,
        Retry,
    }
    use Means::{Delivered, Held, Refused, Retry};
    let rows = [
        (200, "ok", Delivered),
        (200, "ok\n", Delivered),
        (200, "", Retry),
        (200, "<html>Sign in</html>", Retry),
        (200, r#"{"ok":true}"#, Retry),
        (204, "", Retry),
        (302, "", Refused),
        (400, "invalid_payload", Held("report")),
        (400, "invalid_blocks", Held("report")),
        (400, "no_text", Held("report")),
        (400, "too_many_attachments", Held("report")),
        (400, "user_not_found", Held("gone")),
        (403, "invalid_token", Retry),
        (403, "action_prohibited", Retry),
        (403, "posting_to_general_channel_denied", Retry),
        (403, "<html>proxy</html>", Retry),
        (404, "channel_not_found", Retry),
        (404, "no_service", Retry),
        (404, "no_service_id", Retry),
        (404, "no_active_hooks", Retry),
        (404, "no_team", Retry),
        (404, "team_disabled", Retry),
        (410, "channel_is_archived", Refused),
        (429, "rate_limited", Retry),
        (500, "rollup_error", Retry),
        (502, "", Retry),
        (503, "", Retry),
        (504, "", Retry),
    ];
    for (status, word, expected) in rows {
        let outcome = answered(&Answer::text(status, word));
        let is_expected = match (&outcome, &expected) {
            (Outcome::Delivered(_), Delivered) => true,
            (Outcome::Held(reason), Held(part)) => reason.contains(part),
            (Outcome::Refused(found), Refused) => *found == status,
            (Outcome::Retry(..), Retry) => true,
            _ => false,
        };
        assert!(is_expected, "{status} {word}: {outcome:?}");
    }
}

#[test]
fn settings_are_checked() {
    let mut rehearsal = Rehearsal::<Slack>::of(samples::complete()).settings(json!({ "channel": "#sales" }));
    let outcome = rehearsal.attempt(&mut channel());
    assert!(matches!(&outcome, Outcome::Held(reason) if reason.contains("settings")), "{outcome:?}");
    insta::assert_snapshot!("settings-schema", settings_schema::<Slack>());
}
