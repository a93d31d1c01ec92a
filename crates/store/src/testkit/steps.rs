//! The operations that [`random`](super::random) draws from.

use hookwright_model::{DeliveryState, WebhookState};
use proptest::prelude::*;

/// How many projects there may be.
pub(super) const PROJECTS: u32 = 2;
/// How many webhooks there may be; they take turns among the projects.
pub(super) const WEBHOOKS: u32 = 4;

/// What plugins are made of.
pub(super) const COMPONENTS: [&[u8]; 2] = [b"x", b"y"];

/// One operation. Numbers choose among what exists, by their remainder.
#[derive(Debug, Clone)]
pub(super) enum Step {
    CreateProject(u32),
    CreateWebhook(u32),
    UpdateWebhook { webhook: u32, ahead: u64, state: WebhookState, mapping: Option<&'static str> },
    DeleteWebhook { webhook: u32, expected: Option<u64> },
    CancelWaiting { webhook: u32, limit: usize },
    AddPlugin { bundled: bool, name: &'static str, component: &'static [u8] },
    DeletePlugin { name: &'static str, version: Option<u32> },
    Accept(Vec<Incoming>),
    FanOut { event: usize, elsewhere: bool, webhooks: Vec<u32>, then: Option<u32> },
    DeliverEvent { event: usize, webhooks: Vec<u32>, then: Option<u32> },
    StartTest(u32),
    ClaimDue { webhook: u32, limit: usize },
    Finish { claim: usize, how: Finish },
    Release(usize),
    Resend(usize),
    Cancel(usize),
    Wait { seconds: u64 },
    Reopen,
}

/// One event to accept.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) project: u32,
    pub(super) webhooks: Vec<u32>,
    /// The webhook after which the fan-out goes on, if it does.
    pub(super) then: Option<u32>,
    pub(super) key: Option<&'static str>,
    pub(super) body: &'static str,
}

/// What to write down about a claimed delivery.
#[derive(Debug, Clone)]
pub(super) enum Finish {
    Answered,
    Row,
    Retry { seconds: u64 },
    End { state: DeliveryState, disable: bool },
    NotClaimed,
}

/// A sequence of operations that begins with something to work on.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let begin = (0..PROJECTS).map(Step::CreateProject).chain((0..WEBHOOKS - 1).map(Step::CreateWebhook));
    let begin: Vec<Step> = begin.collect();
    prop::collection::vec(step(), 1..60).prop_map(move |steps| [begin.clone(), steps].concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..PROJECTS + 1).prop_map(Step::CreateProject),
        2 => webhook().prop_map(Step::CreateWebhook),
        3 => update(),
        1 => (webhook(), prop::option::of(1..4_u64))
            .prop_map(|(webhook, expected)| Step::DeleteWebhook { webhook, expected }),
        1 => (webhook(), 0..3_usize).prop_map(|(webhook, limit)| Step::CancelWaiting { webhook, limit }),
        1 => (any::<bool>(), prop::sample::select(vec!["a", "b"]), prop::sample::select(COMPONENTS.to_vec()))
            .prop_map(|(bundled, name, component)| Step::AddPlugin { bundled, name, component }),
        1 => (prop::sample::select(vec!["a", "b"]), prop::option::of(1..4_u32))
            .prop_map(|(name, version)| Step::DeletePlugin { name, version }),
        8 => prop::collection::vec(incoming(), 1..4).prop_map(Step::Accept),
        4 => (0..64_usize, prop::bool::weighted(0.2), webhooks(), then())
            .prop_map(|(event, elsewhere, webhooks, then)| Step::FanOut { event, elsewhere, webhooks, then }),
        3 => (0..64_usize, webhooks(), then())
            .prop_map(|(event, webhooks, then)| Step::DeliverEvent { event, webhooks, then }),
        1 => webhook().prop_map(Step::StartTest),
        8 => (webhook(), 0..4_usize).prop_map(|(webhook, limit)| Step::ClaimDue { webhook, limit }),
        12 => (0..8_usize, finish()).prop_map(|(claim, how)| Step::Finish { claim, how }),
        1 => (0..8_usize).prop_map(Step::Release),
        3 => (0..64_usize).prop_map(Step::Resend),
        3 => (0..64_usize).prop_map(Step::Cancel),
        3 => prop_oneof![0..20_u64, 40_000..50_000_u64].prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Reopen),
    ]
}

fn webhook() -> impl Strategy<Value = u32> {
    0..WEBHOOKS
}

fn webhooks() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(webhook(), 0..3)
}

fn then() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.3, webhook())
}

fn update() -> impl Strategy<Value = Step> {
    let state = prop::sample::select(vec![WebhookState::Active, WebhookState::Active, WebhookState::Paused]);
    let mapping = prop::option::of(prop::sample::select(vec!["a", "b"]));
    (webhook(), prop_oneof![8 => Just(1), 1 => 0..3_u64], state, mapping)
        .prop_map(|(webhook, ahead, state, mapping)| Step::UpdateWebhook { webhook, ahead, state, mapping })
}

fn incoming() -> impl Strategy<Value = Incoming> {
    let project = prop_oneof![20 => 0..PROJECTS, 1 => Just(PROJECTS)];
    let key = prop::option::of(prop::sample::select(vec!["k", "l"]));
    let body = prop_oneof![4 => Just("{}"), 1 => Just("[]")];
    (project, webhooks(), then(), key, body).prop_map(|(project, webhooks, then, key, body)| Incoming {
        project,
        webhooks,
        then,
        key,
        body,
    })
}

fn finish() -> impl Strategy<Value = Finish> {
    let ends = [DeliveryState::Delivered, DeliveryState::Held, DeliveryState::Failed, DeliveryState::Skipped];
    prop_oneof![
        4 => Just(Finish::Answered),
        2 => Just(Finish::Row),
        3 => (0..30_u64).prop_map(|seconds| Finish::Retry { seconds }),
        4 => (prop::sample::select(ends.to_vec()), prop::bool::weighted(0.1))
            .prop_map(|(state, disable)| Finish::End { state, disable }),
        1 => Just(Finish::NotClaimed),
    ]
}
