//! Events with more webhooks than one step takes, and events that no webhook wanted.

use std::sync::Arc;

use hookwright_model::{Delivery, DeliveryState, EventId, Origin, PageRequest, ProjectId, Webhook};

use super::log::listed;
use super::{assert_refused, project, webhook};
use crate::testkit::fixtures::{self, event, keyed, new_event};
use crate::{
    DeliveryFilter, EventEntry, EventFilter, FanOut, NewEvent, Noun, OpenFanOut, Repeat, Store, StoreError,
};

/// All pages of a project's events, each of at most `limit`.
pub(in crate::testkit) async fn events_of(
    store: &Arc<dyn Store>,
    project: ProjectId,
    filter: EventFilter,
    limit: usize,
) -> Vec<EventEntry> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.events(project, filter, PageRequest { after, limit }).await.unwrap();
        assert!(page.items.len() <= limit, "{} events on a page of {limit}", page.items.len());
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

async fn ids_of(store: &Arc<dyn Store>, project: ProjectId, filter: EventFilter) -> Vec<EventId> {
    events_of(store, project, filter, 9).await.into_iter().map(|entry| entry.event.id).collect()
}

/// All pages of the open fan-outs, each of at most `limit`.
pub(in crate::testkit) async fn open_fan_outs(store: &Arc<dyn Store>, limit: usize) -> Vec<OpenFanOut> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.fan_outs(PageRequest { after, limit }).await.unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

/// Three webhooks of one project.
async fn webhooks(store: &Arc<dyn Store>) -> [Webhook; 3] {
    let first = webhook(store).await;
    let [second, third] = [2, 3].map(|number| fixtures::webhook(first.project, number));
    for webhook in [&second, &third] {
        store.create_webhook(webhook.clone()).await.unwrap();
    }
    [first, second, third]
}

/// An event in the store with a delivery for the first webhook, whose fan-out goes on after it.
async fn begun(store: &Arc<dyn Store>, webhook: &Webhook, number: u32) -> NewEvent {
    let new = new_event(event(webhook.project, number), &[webhook]);
    let new = NewEvent { fan_out: FanOut::After(webhook.id), ..new };
    let accepted = store.accept_events(vec![new.clone()]).await.unwrap().remove(0);
    assert_eq!((accepted.deliveries.len(), accepted.fan_out), (1, FanOut::After(webhook.id)));
    new
}

pub async fn goes_on_with_a_fan_out(store: &Arc<dyn Store>) {
    let [first, second, third] = webhooks(store).await;
    let new = begun(store, &first, 1).await;
    let [more, last] = [&second, &third].map(|webhook| fixtures::delivery(&new.event, webhook));

    let stored =
        store.fan_out(new.event.id, first.id, vec![more.clone()], FanOut::After(second.id)).await.unwrap();
    assert_eq!(stored, [(more.id, second.id)]);
    assert_eq!(store.delivery(more.id).await.unwrap(), more);
    assert_eq!(store.due_webhooks().await.unwrap().len(), 2);
    let stored = store.fan_out(new.event.id, second.id, vec![last.clone()], FanOut::Complete).await.unwrap();
    assert_eq!(stored, [(last.id, third.id)]);
    assert_eq!(store.claim_due(third.id, last.due_at, 9).await.unwrap().claims[0].event, new.event);
}

pub async fn lists_open_fan_outs(store: &Arc<dyn Store>) {
    let [first, second, _] = webhooks(store).await;
    let mut expected = Vec::new();
    for number in [1, 2, 3] {
        let event = begun(store, &first, number).await.event.id;
        expected.push(OpenFanOut { event, project: first.project, after: first.id });
    }
    for limit in [1, 2, 3, 9] {
        assert_eq!(open_fan_outs(store, limit).await, expected);
    }
    store.fan_out(expected[0].event, first.id, Vec::new(), FanOut::After(second.id)).await.unwrap();
    store.fan_out(expected[1].event, first.id, Vec::new(), FanOut::Complete).await.unwrap();
    let moved = OpenFanOut { after: second.id, ..expected[0] };
    assert_eq!(open_fan_outs(store, 9).await, [moved, expected[2]]);
}

pub async fn fans_out_nothing_twice(store: &Arc<dyn Store>) {
    let [first, second, third] = webhooks(store).await;
    let new = begun(store, &first, 1).await;
    let id = new.event.id;
    let delivery = fixtures::delivery(&new.event, &second);
    store.fan_out(id, first.id, Vec::new(), FanOut::After(second.id)).await.unwrap();
    for (after, then) in [(first.id, FanOut::After(second.id)), (third.id, FanOut::Complete)] {
        let elsewhere = store.fan_out(id, after, vec![delivery.clone()], then).await;
        assert_refused!(elsewhere, StoreError::NotFound(Noun::Event));
    }
    store.fan_out(id, second.id, Vec::new(), FanOut::Complete).await.unwrap();
    let again = store.fan_out(id, second.id, vec![delivery.clone()], FanOut::Complete).await;
    assert_refused!(again, StoreError::NotFound(Noun::Event));
    assert_refused!(store.delivery(delivery.id).await, StoreError::NotFound(Noun::Delivery));
    let unknown = event(first.project, 9).id;
    let unknown = store.fan_out(unknown, first.id, Vec::new(), FanOut::Complete).await;
    assert_refused!(unknown, StoreError::NotFound(Noun::Event));
}

pub async fn leaves_out_what_is_gone(store: &Arc<dyn Store>) {
    let [first, second, third] = webhooks(store).await;
    let new = begun(store, &first, 1).await;
    let deliveries = [&second, &third].map(|webhook| fixtures::delivery(&new.event, webhook));
    store.delete_webhook(second.id, None, "deleted").await.unwrap();
    let stored = store.fan_out(new.event.id, first.id, deliveries.to_vec(), FanOut::Complete).await.unwrap();
    assert_eq!(stored, [(deliveries[1].id, third.id)]);
    assert_refused!(store.delivery(deliveries[0].id).await, StoreError::NotFound(Noun::Delivery));
}

pub async fn lists_events_newest_first_in_pages(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let other = fixtures::project(2);
    store.create_project(other.clone()).await.unwrap();
    let mut events: Vec<NewEvent> =
        (1..=5).map(|number| new_event(event(webhook.project, number), &[&webhook])).collect();
    store.accept_events(events.clone()).await.unwrap();
    store.accept_events(vec![new_event(event(other.id, 6), &[])]).await.unwrap();
    // The event of a test send is none that a producer sent.
    let sample = event(webhook.project, 7);
    let test = Delivery { origin: Origin::Test, ..fixtures::delivery(&sample, &webhook) };
    store.start_test(sample, test).await.unwrap();

    events.reverse();
    let expected: Vec<EventEntry> =
        events.into_iter().map(|new| EventEntry { event: new.event, undelivered: false }).collect();
    for limit in [1, 2, 4, 5, 9] {
        assert_eq!(events_of(store, webhook.project, EventFilter::All, limit).await, expected);
    }
    assert_eq!(ids_of(store, other.id, EventFilter::All).await, [event(other.id, 6).id]);
    assert_eq!(ids_of(store, fixtures::project(9).id, EventFilter::All).await, []);
}

pub async fn lists_undelivered_events(store: &Arc<dyn Store>) {
    let [first, second, _] = webhooks(store).await;
    let unwanted = [1, 3].map(|number| new_event(event(first.project, number), &[]));
    let wanted = new_event(event(first.project, 2), &[&second]);
    store.accept_events(vec![unwanted[0].clone(), wanted, unwanted[1].clone()]).await.unwrap();
    // As long as its fan-out goes on, nobody knows. This one turns out to be unwanted.
    let open = NewEvent { fan_out: FanOut::start(), ..new_event(event(first.project, 4), &[]) };
    store.accept_events(vec![open.clone()]).await.unwrap();
    let FanOut::After(zero) = FanOut::start() else { panic!("it begins") };
    let undelivered = unwanted.each_ref().map(|new| new.event.id);
    let listed = async || ids_of(store, first.project, EventFilter::Undelivered).await;
    assert_eq!(listed().await, [undelivered[1], undelivered[0]]);
    store.fan_out(open.event.id, zero, Vec::new(), FanOut::After(first.id)).await.unwrap();
    assert_eq!(listed().await, [undelivered[1], undelivered[0]]);
    store.fan_out(open.event.id, first.id, Vec::new(), FanOut::Complete).await.unwrap();
    assert_eq!(listed().await, [open.event.id, undelivered[1], undelivered[0]]);

    let marked: Vec<bool> = events_of(store, first.project, EventFilter::All, 9)
        .await
        .into_iter()
        .map(|entry| entry.undelivered)
        .collect();
    assert_eq!(marked, [true, true, false, true]);
    // A delivery that was called off is a delivery: somebody decided about it.
    store.delete_webhook(second.id, None, "deleted").await.unwrap();
    assert_eq!(listed().await.len(), 3);
}

pub async fn delivers_undelivered_events_once(store: &Arc<dyn Store>) {
    let project = project(store).await;
    let unwanted = new_event(event(project.id, 1), &[]);
    store.accept_events(vec![unwanted.clone()]).await.unwrap();
    let id = unwanted.event.id;
    // Nothing to deliver to leaves it as it is.
    assert_eq!(store.deliver_event(id, Vec::new(), FanOut::Complete).await.unwrap(), []);
    assert_eq!(ids_of(store, project.id, EventFilter::Undelivered).await, [id]);

    let webhooks = [1, 2].map(|number| fixtures::webhook(project.id, number));
    for webhook in &webhooks {
        store.create_webhook(webhook.clone()).await.unwrap();
    }
    let [first, second] = webhooks.each_ref().map(|webhook| fixtures::delivery(&unwanted.event, webhook));
    let then = FanOut::After(webhooks[0].id);
    let stored = store.deliver_event(id, vec![first.clone()], then).await.unwrap();
    assert_eq!(stored, [(first.id, webhooks[0].id)]);
    assert_eq!(store.delivery(first.id).await.unwrap().state, DeliveryState::Pending);
    assert_eq!(ids_of(store, project.id, EventFilter::Undelivered).await, []);
    let again = store.deliver_event(id, vec![second.clone()], FanOut::Complete).await;
    assert_refused!(again, StoreError::HasDeliveries);
    assert_eq!(open_fan_outs(store, 9).await.len(), 1);
    store.fan_out(id, webhooks[0].id, vec![second], FanOut::Complete).await.unwrap();
    let again = store.deliver_event(id, Vec::new(), FanOut::Complete).await;
    assert_refused!(again, StoreError::HasDeliveries);
    let unknown = store.deliver_event(event(project.id, 9).id, Vec::new(), FanOut::Complete).await;
    assert_refused!(unknown, StoreError::NotFound(Noun::Event));
}

pub async fn finds_added_deliveries_by_their_event(store: &Arc<dyn Store>) {
    let [first, second, third] = webhooks(store).await;
    let new = begun(store, &first, 1).await;
    let added = [&second, &third].map(|webhook| fixtures::delivery(&new.event, webhook));
    store.fan_out(new.event.id, first.id, added.to_vec(), FanOut::Complete).await.unwrap();
    begun(store, &first, 2).await;
    let mut all = [new.deliveries[0].clone(), added[0].clone(), added[1].clone()];
    all.sort_by_key(|delivery| std::cmp::Reverse(delivery.id));
    let filter = DeliveryFilter { event: Some(new.event.id), ..DeliveryFilter::default() };
    for limit in [1, 2, 3, 9] {
        assert_eq!(listed(store, first.project, filter, limit).await, all, "pages of {limit}");
    }
}

pub async fn repeats_say_where_the_fan_out_stands(store: &Arc<dyn Store>) {
    let [first, second, _] = webhooks(store).await;
    let new = keyed(new_event(event(first.project, 1), &[&first]), "key");
    let new = NewEvent { fan_out: FanOut::After(first.id), ..new };
    let accepted = store.accept_events(vec![new.clone(), new.clone()]).await.unwrap();
    assert_eq!((accepted[1].fan_out, accepted[1].repeat), (FanOut::After(first.id), Repeat::Known));
    let repeat = async || store.accept_events(vec![new.clone()]).await.unwrap().remove(0);
    assert_eq!(repeat().await.fan_out, FanOut::After(first.id));
    let more = fixtures::delivery(&new.event, &second);
    store.fan_out(new.event.id, first.id, vec![more], FanOut::Complete).await.unwrap();
    let repeated = repeat().await;
    assert_eq!((repeated.fan_out, repeated.repeat), (FanOut::Complete, Repeat::Known));
    assert_eq!(repeated.deliveries, accepted[0].deliveries, "those that it was accepted with");
}
