//! Plugins before they are attached to anything.

use bytes::Bytes;
use hookwright_engine::ports::InspectError;
use hookwright_engine::preview::Planned;
use hookwright_engine::report::{self, Trial};

use crate::world::{COMPONENT, World};

#[tokio::test(start_paused = true)]
async fn a_report_says_what_a_component_is_and_what_it_makes_of_a_lead() {
    let world = World::new().await;
    let check = |component| {
        report::check(&*world.plugin, &*world.targets, component, world.project, world.engine.now())
    };
    let report = check(Bytes::from_static(COMPONENT)).await.unwrap();
    assert_eq!(report.inspected.description.title, "Three");
    let Trial::Made { settings, preview } = report.trial else { panic!("{report:?}") };
    assert_eq!(settings.as_str(), "{}");
    let Planned::Call(call) = &preview.next else { panic!("{preview:?}") };
    assert_eq!(
        (call.step.step.as_str(), call.url.expose().as_str()),
        ("search", "https://crm.example/search")
    );
    assert!(world.targets.bodies().is_empty(), "nothing is sent");

    let refused = check(Bytes::from_static(b"text")).await;
    assert_eq!(refused, Err(InspectError::Refused("this is not a component".to_owned())));
}
