use std::time::Duration;

use super::*;

fn webhook(n: u8) -> WebhookId {
    WebhookId::from_bytes([n; 16])
}

fn project(n: u8) -> ProjectId {
    ProjectId::from_bytes([n; 16])
}

fn at(millis: u64) -> Uptime {
    Duration::from_millis(millis)
}

/// Lets lanes have as many deliveries at once as their webhooks may.
fn grow(schedule: &mut Schedule) {
    for lane in schedule.lanes.values_mut() {
        for _ in 0..100 {
            lane.flow.heard(Health::Good, at(0));
        }
    }
}

fn good(schedule: &mut Schedule, webhook: WebhookId, now: Uptime) {
    schedule.heard(webhook, Health::Good, "", now);
    schedule.ended(webhook, None, now);
}

fn failing(schedule: &mut Schedule, webhook: WebhookId, now: Uptime) {
    schedule.heard(webhook, Health::Failing, "503", now);
    schedule.ended(webhook, None, now);
}

#[test]
fn lanes_take_turns() {
    let mut schedule = Schedule::new(1_000);
    for n in [1, 2, 3] {
        schedule.due(webhook(n), project(1), at(0), at(0));
    }
    grow(&mut schedule);
    let mut turns = Vec::new();
    for _ in 0..6 {
        let turn = schedule.next_turn(at(0)).unwrap();
        let room = schedule.room(turn, 100);
        schedule.started(turn, room, Some(at(0)), at(0));
        turns.push(turn);
    }
    assert_eq!(turns, [1, 2, 3, 1, 2, 3].map(webhook));
}

/// Starts what may be started of webhooks that never run out; how many of each.
fn fill(schedule: &mut Schedule) -> HashMap<WebhookId, usize> {
    grow(schedule);
    let mut started = HashMap::new();
    while let Some(turn) = schedule.next_turn(at(0)) {
        let room = schedule.room(turn, 100);
        assert_ne!(room, 0);
        schedule.started(turn, room, Some(at(0)), at(0));
        *started.entry(turn).or_default() += room;
    }
    started
}

#[test]
fn a_project_has_no_more_under_way_than_places_are_free() {
    let mut schedule = Schedule::new(60);
    for n in 1..=3 {
        schedule.due(webhook(n), project(1), at(0), at(0));
    }
    let started = fill(&mut schedule);
    assert_eq!(started.values().sum::<usize>(), 30, "half of all places, by however many webhooks");
    schedule.due(webhook(4), project(2), at(0), at(0));
    assert_eq!(fill(&mut schedule), HashMap::from([(webhook(4), 15)]));
    schedule.due(webhook(5), project(3), at(0), at(0));
    assert_eq!(fill(&mut schedule), HashMap::from([(webhook(5), 8)]), "there is always some room left");

    for _ in 0..6 {
        good(&mut schedule, webhook(1), at(0));
    }
    let started = fill(&mut schedule);
    assert!(
        !started.contains_key(&webhook(1)),
        "the first project still has more than its share: {started:?}"
    );
    assert!(started.contains_key(&webhook(5)), "{started:?}");
}

#[test]
fn a_single_place_serves_one_project_after_the_other() {
    let mut schedule = Schedule::new(1);
    for n in [1, 2] {
        schedule.due(webhook(n), project(n), at(0), at(0));
    }
    for n in [1, 2, 1, 2] {
        assert_eq!(fill(&mut schedule), HashMap::from([(webhook(n), 1)]));
        good(&mut schedule, webhook(n), at(0));
    }
}

#[test]
fn the_project_with_the_fewest_under_way_comes_first() {
    let mut schedule = Schedule::new(100);
    schedule.due(webhook(1), project(1), at(0), at(0));
    let turn = schedule.next_turn(at(0)).unwrap();
    schedule.started(turn, 2, Some(at(0)), at(0));
    schedule.heard(turn, Health::Good, "", at(0));
    schedule.due(webhook(2), project(2), at(0), at(0));
    assert_eq!(schedule.next_turn(at(0)), Some(webhook(2)));
}

#[test]
fn a_full_lane_waits_for_an_end() {
    let mut schedule = Schedule::new(1_000);
    schedule.due(webhook(1), project(1), at(0), at(0));
    let turn = schedule.next_turn(at(0)).unwrap();
    assert_eq!(schedule.room(turn, 1), 1);
    schedule.started(turn, 1, Some(at(0)), at(0));
    assert_eq!(schedule.next_turn(at(0)), None);
    good(&mut schedule, turn, at(1));
    assert_eq!(schedule.next_turn(at(1)), Some(turn));
}

#[test]
fn a_lane_whose_target_takes_its_time_gets_its_whole_concurrency() {
    let mut schedule = Schedule::new(1_000);
    schedule.due(webhook(1), project(1), at(0), at(0));
    let (mut started, mut now) = (0, at(0));
    while started < 32 {
        while let Some(turn) = schedule.next_turn(now) {
            let room = schedule.room(turn, 32);
            schedule.started(turn, room, Some(at(0)), now);
            started += room;
        }
        now = schedule.next_time().unwrap_or(now);
    }
    assert_eq!((started, schedule.next_time(), schedule.next_turn(at(60_000))), (32, None, None));
    assert!(now < at(3_000), "{now:?}");
}

#[test]
fn a_later_due_time_is_a_timer_and_an_earlier_notice_wins() {
    let mut schedule = Schedule::new(1_000);
    schedule.due(webhook(1), project(1), at(50), at(0));
    assert_eq!((schedule.next_turn(at(0)), schedule.next_time()), (None, Some(at(50))));
    schedule.due(webhook(1), project(1), at(20), at(0));
    assert_eq!(schedule.next_time(), Some(at(20)));
    assert_eq!(schedule.next_turn(at(20)), Some(webhook(1)));
}

#[test]
fn a_failing_lane_rests_and_is_probed_until_it_recovers() {
    let mut schedule = Schedule::new(1_000);
    schedule.due(webhook(1), project(1), at(0), at(0));
    grow(&mut schedule);
    let turn = schedule.next_turn(at(0)).unwrap();
    assert_eq!(schedule.room(turn, 6), 6);
    schedule.started(turn, 6, Some(at(0)), at(0));
    for _ in 0..6 {
        failing(&mut schedule, turn, at(100));
    }
    assert_eq!((schedule.next_turn(at(100)), schedule.next_time()), (None, Some(at(5_100))));
    let resting = schedule.resting(turn, at(100)).unwrap();
    assert_eq!((resting.until, resting.rest, resting.reason.as_str()), (at(5_100), Rest::Failing, "503"));
    let turn = schedule.next_turn(at(5_100)).unwrap();
    assert_eq!((schedule.room(turn, 6), schedule.resting(turn, at(5_100))), (1, None));
    schedule.started(turn, 1, Some(at(0)), at(5_100));
    failing(&mut schedule, turn, at(5_200));
    assert_eq!(schedule.next_time(), Some(at(15_200)));
    let turn = schedule.next_turn(at(15_200)).unwrap();
    schedule.started(turn, 1, Some(at(0)), at(15_200));
    good(&mut schedule, turn, at(15_300));
    assert_eq!(schedule.next_turn(at(15_300)), Some(turn));
    assert_eq!(schedule.room(turn, 6), 2, "it grows back");
}

#[test]
fn a_pause_that_was_asked_for_holds_for_the_whole_lane() {
    let mut schedule = Schedule::new(1_000);
    schedule.due(webhook(1), project(1), at(0), at(0));
    schedule.due(webhook(2), project(1), at(0), at(0));
    let turn = schedule.next_turn(at(0)).unwrap();
    schedule.started(turn, 2, Some(at(0)), at(0));
    let pause = Health::Throttling(Some(Duration::from_secs(300)));
    let begun = schedule.heard(turn, pause, "CRM asked for a pause", at(10)).unwrap();
    assert_eq!((begun.until, begun.rest), (at(300_010), Rest::Asked));
    assert_eq!(schedule.heard(turn, pause, "again", at(10)), None, "it is the same pause");
    schedule.ended(turn, Some(at(5_000)), at(10));
    good(&mut schedule, turn, at(20));
    assert_eq!(schedule.next_turn(at(20)), Some(webhook(2)), "another webhook goes on");
    schedule.started(webhook(2), 0, None, at(20));
    assert_eq!((schedule.next_turn(at(300_000)), schedule.next_time()), (None, Some(at(300_010))));
    assert_eq!(schedule.next_turn(at(300_010)), Some(turn));
    assert_eq!(schedule.room(turn, 16), 1);
}

#[test]
fn an_idle_lane_is_dropped() {
    let mut schedule = Schedule::new(1_000);
    schedule.due(webhook(1), project(1), at(0), at(0));
    let turn = schedule.next_turn(at(0)).unwrap();
    schedule.started(turn, 1, None, at(0));
    good(&mut schedule, turn, at(1));
    assert!(schedule.lanes.is_empty() && schedule.ready.is_empty() && schedule.timers.is_empty());
    assert!(schedule.ready.keys() == 0 && schedule.free == 1_000);
}

#[test]
fn test_sends_take_places_in_order_and_within_every_limit() {
    let mut schedule = Schedule::new(4);
    for ticket in 0..3 {
        schedule.want_test(ticket, webhook(1), project(1), 1);
    }
    schedule.want_test(3, webhook(2), project(1), 9);
    schedule.want_test(4, webhook(3), project(2), 9);
    assert_eq!(schedule.waiting_tests(project(1)), 4);
    assert_eq!(schedule.next_test(), Some((0, webhook(1))));
    assert_eq!(schedule.next_test(), Some((3, webhook(2))), "the first webhook has its one");
    assert_eq!(schedule.next_test(), Some((4, webhook(3))), "the first project has its half");
    assert_eq!(schedule.next_test(), None);
    schedule.drop_test(1);
    schedule.ended(webhook(1), None, at(0));
    assert_eq!(schedule.next_test(), Some((2, webhook(1))));
    for webhook in [1, 2, 3].map(webhook) {
        schedule.ended(webhook, None, at(0));
    }
    assert!(schedule.lanes.is_empty() && schedule.free == 4 && schedule.tests.is_empty());
}

#[test]
fn a_test_send_counts_against_deliveries() {
    let mut schedule = Schedule::new(100);
    schedule.due(webhook(1), project(1), at(0), at(0));
    schedule.want_test(0, webhook(1), project(1), 1);
    schedule.next_test().unwrap();
    let turn = schedule.next_turn(at(0)).unwrap();
    assert_eq!(schedule.room(turn, 1), 0);
    schedule.started(turn, 0, Some(at(0)), at(0));
    assert_eq!(schedule.next_turn(at(0)), None);
    good(&mut schedule, turn, at(1));
    assert_eq!(schedule.next_turn(at(1)), Some(turn));
}

#[test]
fn the_oldest_due_delivery_is_known() {
    let mut schedule = Schedule::new(100);
    assert_eq!(schedule.oldest_due(at(9)), None);
    schedule.due(webhook(1), project(1), at(20), at(0));
    schedule.due(webhook(2), project(1), at(5), at(0));
    assert_eq!(schedule.oldest_due(at(0)), None);
    assert_eq!(schedule.oldest_due(at(30)), Some(at(25)));
}
