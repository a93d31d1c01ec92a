//! When a delivery is tried again, and when it is given up.

use super::*;

#[test]
fn retries_follow_the_schedule_until_the_time_is_over() {
    let fail = |delivery, now| match start(delivery, Vec::new(), rules(), Shape::Payload, now) {
        Next::Send(sending) => sending.step(exchange(Ok(503)), Moment { now, ..MOMENT }).last().delivery,
        other => panic!("{other:?}"),
    };
    let (mut row, mut now, mut waits) = (delivery(), NOW, Vec::new());
    while row.state == DeliveryState::Pending {
        row = fail(row, now);
        waits.push(row.due_at.since(now).as_secs());
        now = row.due_at.max(now);
    }
    assert_eq!(waits[..5], [5, 15, 45, 135, 405], "a random number in the middle moves nothing");
    assert_eq!(row.state, DeliveryState::Failed);
    assert!(now.since(NOW) <= Duration::from_secs(72 * 3_600));
    assert!(row.reason.unwrap().starts_with("given up after"));
}

#[test]
fn a_named_wait_never_undercuts_the_schedule_and_stays_within_the_policy() {
    let wait = |failures, after_secs| {
        let asked = begin(Delivery { failures, ..delivery() }, Vec::new());
        let failure = Failure::Retry { reason: "later".to_owned(), after_secs: Some(after_secs) };
        let record = asked.answer(Mapped::not_run(MapError::Plugin(failure))).last();
        record.delivery.due_at.since(NOW).as_secs()
    };
    assert_eq!((wait(0, 0), wait(0, 1), wait(3, 1)), (5, 5, 135));
    assert_eq!((wait(0, 100), wait(3, 300)), (110, 330), "half of the jitter, and only later");
    let max = RetryPolicy::default().max.as_secs();
    assert_eq!(wait(0, u32::MAX), max + max / 10);
}

#[test]
fn a_wait_in_a_header_that_the_plugin_did_not_read_holds_all_the_same() {
    let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(accepting(429))));
    let Next::Send(sending) = sent.next else { panic!("nothing is sent") };
    let mut exchange = exchange(Ok(429));
    let at = "Thu, 01 Jan 1970 00:05:00 GMT".to_owned();
    exchange.outcome.as_mut().unwrap().headers.push(("retry-after".to_owned(), at));
    let failure = Failure::Retry { reason: "rate limit".to_owned(), after_secs: Some(1) };
    let transition = sending.step(exchange, MOMENT).next.answer(Mapped::not_run(MapError::Plugin(failure)));
    assert_eq!(transition.health, Health::Throttling(Some(Duration::from_secs(330))));
    assert_eq!(transition.last().delivery.due_at, NOW.after(Duration::from_secs(330)));
}

#[test]
fn giving_up_needs_time_and_failures() {
    let days = |days: u64| NOW.after(Duration::from_secs(days * 86_400));
    let fail = |row: Delivery, now| match start(row, Vec::new(), rules(), Shape::Payload, now) {
        Next::Send(sending) => sending.step(exchange(Ok(503)), Moment { now, ..MOMENT }).last().delivery,
        other => panic!("{other:?}"),
    };
    let mut row = delivery();
    for failures in 1..5 {
        row = fail(row, days(4));
        assert_eq!(
            (row.state, row.failures),
            (DeliveryState::Pending, failures),
            "a clock that was set ends nothing"
        );
    }
    assert_eq!(fail(row, days(4)).state, DeliveryState::Failed);

    let ahead = Delivery { run_started_at: days(3_650), ..delivery() };
    let row = fail(ahead, NOW);
    assert_eq!(row.run_started_at, NOW, "nothing has begun in the future");
}

#[test]
fn a_request_that_is_put_off_is_no_attempt_and_leaves_no_doubt() {
    let sent = begin(delivery(), Vec::new()).answer(mapped(Action::Call(step("create", false))));
    let Next::Send(sending) = sent.next else { panic!("nothing is sent") };
    let record = sending.postpone(Duration::from_secs(300), MOMENT).last();
    assert!(record.attempt.is_none() && record.reply.is_none());
    let row = record.delivery;
    assert_eq!((row.state, row.attempts, row.failures), (DeliveryState::Pending, 0, 0));
    assert_eq!((row.uncertain, row.due_at), (None, NOW.after(Duration::from_secs(300))));
}
