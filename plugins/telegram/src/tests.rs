use hookwright_rehearsed::Account;
use hookwright_sdk::testing::{Answer, Fault, Faulty, Outcome, Rehearsal, laws, samples, settings_schema};
use hookwright_sdk::{Lead, Request};
use hookwright_standin::Telegram as Standin;
use serde_json::{Value, json};

use crate::Telegram;

const SALES: i64 = -1_001_234_567_890;

fn chats() -> Account<Standin> {
    Account::new(Standin::new("1:secret"))
}

fn to(chat: impl Into<Value>) -> Value {
    json!({ "chat_id": chat.into() })
}

fn rehearsal(lead: Lead, settings: Value) -> Rehearsal<Telegram> {
    Rehearsal::of(lead).settings(settings)
}

fn warnings(rehearsal: &Rehearsal<Telegram>) -> Vec<&str> {
    rehearsal.log().iter().map(|(_, line)| line.as_str()).collect()
}

/// The outcome of an attempt that is always answered so.
fn answered(answer: &Answer) -> Outcome {
    rehearsal(samples::complete(), to(SALES)).attempt(&mut |_: &Request| answer.clone())
}

#[test]
fn the_laws_of_a_mapping_hold() {
    let forum =
        json!({ "chat_id": SALES, "message_thread_id": 5, "disable_notification": true, "heading": "Neu" });
    for transcript in laws::check::<Telegram, _>(chats, &[("", to(SALES)), ("-in-a-topic", forum)]) {
        insta::assert_snapshot!(transcript.name, transcript.text);
    }
}

#[test]
fn what_a_visitor_typed_is_read_as_typed() {
    let typed = "<b>x</b> & <a href=\"tg://user?id=1\">y</a> &lt;";
    let field = || Some(typed.to_owned());
    let lead =
        Lead { name: field(), phone: field(), email: field(), message: field(), ..samples::complete() };
    let mut chats = chats();
    rehearsal(lead, to(SALES)).attempt(&mut chats);
    let shown = chats.messages()[0]["text"].as_str().unwrap().to_owned();
    assert_eq!(shown.matches(typed).count(), 4, "{shown}");
}

#[test]
fn the_longest_message_is_cut_to_what_telegram_takes() {
    for message in ["<&>".repeat(3_000), "🦀".repeat(3_000), format!("x{}", "🦀".repeat(3_000))] {
        let name = Some("<🦀>".repeat(300));
        let lead = Lead { name, message: Some(message), ..samples::complete() };
        let mut chats = chats();
        let outcome = rehearsal(lead, to(SALES)).attempt(&mut chats);
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        let shown = chats.messages()[0]["text"].as_str().unwrap().to_owned();
        assert!((4_095..=4_096).contains(&shown.encode_utf16().count()) && shown.contains("…\n\n"));
    }
}

#[test]
fn receipts_link_to_chats_that_have_links() {
    for (chat, url) in [
        (to(SALES), Some("https://t.me/c/1234567890/1")),
        (to("-1001234567890"), Some("https://t.me/c/1234567890/1")),
        (to("@acme_leads"), Some("https://t.me/acme_leads/1")),
        (to(42), None),
    ] {
        let outcome = rehearsal(samples::complete(), chat.clone()).attempt(&mut chats());
        let Outcome::Delivered(receipt) = outcome else { panic!("{chat}: {outcome:?}") };
        assert_eq!((receipt.reference.as_deref(), receipt.url.as_deref()), (Some("message/1"), url));
    }
    let injected = json!({ "ok": true, "result": {
        "message_id": 1, "chat": { "id": 1, "type": "channel", "username": "x/../y?z" },
    } });
    let Outcome::Delivered(receipt) = answered(&Answer::json(200, injected)) else { panic!() };
    assert_eq!(receipt.url, None);
}

#[test]
fn a_group_that_was_upgraded_gets_the_message_in_its_supergroup() {
    let mut chats = chats();
    let mut rehearsal = rehearsal(samples::complete(), to(-4_001));
    let outcome = rehearsal.attempt(&mut chats);
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(rehearsal.steps(), ["send-message", "send-to-supergroup"]);
    assert_eq!(chats.messages()[0]["chat"]["id"], SALES);
    let warnings = warnings(&rehearsal);
    assert!(warnings.len() == 1 && warnings[0].contains("Set chat_id to -1001234567890"), "{warnings:?}");
}

#[test]
fn a_supergroup_that_moves_on_is_not_followed_for_ever() {
    let moved = |id: i64| {
        let parameters = json!({ "migrate_to_chat_id": id });
        Answer::json(
            400,
            json!({ "ok": false, "description": "Bad Request: group chat was upgraded to a supergroup chat", "parameters": parameters }),
        )
    };
    let mut rehearsal = rehearsal(samples::complete(), to(-1));
    let outcome = rehearsal.attempt(&mut |_: &Request| moved(-1_007));
    assert!(
        matches!(&outcome, Outcome::Held(reason) if reason.contains("Set chat_id to -1007 ")),
        "{outcome:?}"
    );
    assert_eq!(rehearsal.steps(), ["send-message", "send-to-supergroup"]);
}

#[test]
fn what_cannot_be_read_as_markup_is_sent_without() {
    let mut chats = chats();
    let mut rehearsal = rehearsal(samples::complete(), to(-4_001));
    let unreadable =
        json!({ "ok": false, "description": "Bad Request: can't parse entities: Unsupported start tag" });
    let outcome = rehearsal.attempt(&mut |request: &Request| {
        let has_markup = request.body.as_deref().is_some_and(|body| body.contains("parse_mode"));
        let is_found = request.step.contains("supergroup");
        if has_markup && is_found {
            return Answer::json(400, unreadable.clone());
        }
        hookwright_sdk::testing::Target::answer(&mut chats, request)
    });
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(rehearsal.steps(), ["send-message", "send-to-supergroup", "send-to-supergroup-plain"]);
    assert!(chats.messages()[0]["text"].as_str().unwrap().contains("I'd like to know"));
    assert_eq!(warnings(&rehearsal).len(), 2, "{:?}", rehearsal.log());

    let always = answered(&Answer::json(400, unreadable));
    assert!(matches!(&always, Outcome::Held(reason) if reason.contains("report")), "{always:?}");
}

#[test]
fn after_a_fault_the_message_is_sent_again() {
    for fault in Fault::ALL {
        let mut chats = chats();
        let mut rehearsal = rehearsal(samples::complete(), to(SALES));
        let outcome = rehearsal.finish(&mut Faulty::new(&mut chats, fault, 0));
        assert!(matches!(outcome, Outcome::Delivered(_)), "{fault:?}: {outcome:?}");
        let has_arrived = matches!(fault, Fault::LostAnswer | Fault::Gateway(_));
        assert_eq!(chats.messages().len(), if has_arrived { 2 } else { 1 }, "{fault:?}");
        assert!(warnings(&rehearsal).iter().any(|line| line.contains("already")), "{fault:?}");
    }
}

#[test]
fn what_telegram_answers_decides_what_happens() {
    enum Means {
        Delivered,
        Held(&'static str),
        Refused,
        Retry(Option<u32>),
    }
    use Means::{Delivered, Held, Refused, Retry};
    let error = |status: u16, words: &str| {
        Answer::json(status, json!({ "ok": false, "error_code": status, "description": words }))
    };
    let busy = |parameters: Value| Answer::json(429, json!({ "ok": false, "parameters": parameters }));
    let sent = json!({ "ok": true, "result": { "message_id": 17, "chat": { "id": 42, "type": "private" } } });
    let rows = [
        (Answer::json(200, sent), Delivered),
        (Answer::text(200, "<html>"), Retry(Some(1_800))),
        (Answer::text(200, "<"), Held("not JSON")),
        (Answer::json(200, json!({ "ok": true })), Held("/result/message_id")),
        (error(400, "Bad Request: message is too long"), Held("report")),
        (error(400, "Bad Request: message text is empty"), Held("report")),
        (error(400, "Bad Request: chat not found"), Held("Check chat_id")),
        (error(400, "Bad Request: message thread not found"), Held("message_thread_id")),
        (error(400, "Bad Request: TOPIC_CLOSED"), Held("message_thread_id")),
        (error(400, "Bad Request: not enough rights to send text messages to the chat"), Retry(Some(3_600))),
        (error(400, "Bad Request: something new"), Held("something new")),
        (error(401, "Unauthorized"), Retry(Some(3_600))),
        (error(403, "Forbidden: bot was blocked by the user"), Retry(Some(3_600))),
        (error(403, "Forbidden: bot was kicked from the supergroup chat"), Retry(Some(3_600))),
        (error(403, "Forbidden: bot is not a member of the channel chat"), Retry(Some(3_600))),
        (error(403, "Forbidden: user is deactivated"), Retry(Some(3_600))),
        (error(403, "Forbidden: bot can't initiate conversation with a user"), Retry(Some(3_600))),
        (error(403, "Forbidden: something new"), Retry(Some(3_600))),
        (Answer::text(403, "<html>proxy</html>"), Retry(Some(3_600))),
        (error(404, "Not Found"), Retry(Some(3_600))),
        (error(409, "Conflict"), Refused),
        (Answer::text(413, ""), Refused),
        (busy(json!({ "retry_after": 3_605 })), Retry(Some(3_605))),
        (busy(json!({ "retry_after": 7 })).header("retry-after", "9"), Retry(Some(7))),
        (Answer::text(429, "").header("retry-after", "9"), Retry(Some(9))),
        (Answer::text(429, "<html>"), Retry(None)),
        (error(500, "Internal Server Error"), Retry(None)),
        (error(502, "Bad Gateway"), Retry(None)),
        (Answer::text(504, ""), Retry(None)),
        (Answer::Lost, Retry(None)),
    ];
    for (answer, expected) in rows {
        let outcome = answered(&answer);
        let is_expected = match (&outcome, &expected) {
            (Outcome::Delivered(receipt), Delivered) => receipt.reference.as_deref() == Some("message/17"),
            (Outcome::Held(reason), Held(part)) => reason.contains(part),
            (Outcome::Refused(_), Refused) => true,
            (Outcome::Retry(_, after), Retry(expected)) => after == expected,
            _ => false,
        };
        assert!(is_expected, "{answer:?}: {outcome:?}");
    }
}

#[test]
fn settings_are_checked() {
    for settings in
        [json!({}), json!({ "chat_id": true }), to("sales"), json!({ "chat_id": 1, "silent": true })]
    {
        let outcome = rehearsal(samples::complete(), settings.clone()).attempt(&mut chats());
        assert!(
            matches!(&outcome, Outcome::Held(reason) if reason.contains("setting")),
            "{settings}: {outcome:?}"
        );
    }
    insta::assert_snapshot!("settings-schema", settings_schema::<Telegram>());
}
