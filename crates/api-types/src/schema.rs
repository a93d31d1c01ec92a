//! The types of this crate as schemas of OpenAPI 3.1, and the texts of one kind each: in the types they are `String`, in
//! the schemas they have their names, values and patterns, which come from `model`.

use std::borrow::Cow;

use hookwright_model as model;
use utoipa::openapi::schema::{
    ArrayBuilder, Components, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Object, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::delivery::{self, DeliveriesQuery, DeliveryBody, DeliveryDetail};
use crate::event::{AcceptedBody, AcceptedMany, EventBody, EventRow, EventsQuery};
use crate::health::Health;
use crate::limits::LimitsBody;
use crate::page::{PageBody, PageQuery};
use crate::path::LATEST;
use crate::plugin::{PluginBody, UploadedBody, VersionPinBody};
use crate::preview::{PreviewRequest, PreviewedBody};
use crate::problem::ProblemBody;
use crate::project::{NewProject, ProjectBody};
use crate::report::CheckedBody;
use crate::webhook::{self, NewWebhookBody, WebhookBody, WebhookPatch};

/// The schema of every body and query of the API, by name, with all that they refer to.
pub fn components() -> Components {
    let mut components = Components::new();
    let mut add = Adder(&mut components);
    add.add::<ProblemBody>();
    add.add::<Health>();
    add.add::<LimitsBody>();
    add.add::<PageQuery>();
    add.add::<NewProject>();
    add.add::<ProjectBody>();
    add.add::<PageBody<ProjectBody>>();
    add.add::<NewWebhookBody>();
    add.add::<WebhookPatch>();
    add.add::<WebhookBody>();
    add.add::<PageBody<WebhookBody>>();
    add.add::<PluginBody>();
    add.add::<PageBody<PluginBody>>();
    add.add::<UploadedBody>();
    add.add::<CheckedBody>();
    add.add::<PreviewRequest>();
    add.add::<PreviewedBody>();
    add.add::<AcceptedBody>();
    add.add::<AcceptedMany>();
    add.add::<EventsQuery>();
    add.add::<EventRow>();
    add.add::<PageBody<EventRow>>();
    add.add::<EventBody>();
    add.add::<DeliveriesQuery>();
    add.add::<DeliveryBody>();
    add.add::<PageBody<DeliveryBody>>();
    add.add::<DeliveryDetail>();
    components
}

struct Adder<'a>(&'a mut Components);

impl Adder<'_> {
    fn add<T: ToSchema>(&mut self) {
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        self.0.schemas.extend(schemas);
    }
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident = $schema:expr;)*) => {$(
        $(#[doc = $doc])+
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let description = concat!($($doc),+).trim();
                ObjectBuilder::from($schema).description(Some(description)).into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

texts! {
    /// The id of a project: a UUID.
    ProjectId = text().format(Some(SchemaFormat::Custom("uuid".to_owned()))).build();
    /// The id of an event.
    EventId = id(&model::EventId::from_bytes([0; 16]));
    /// The id of a webhook.
    WebhookId = id(&model::WebhookId::from_bytes([0; 16]));
    /// The id of a delivery.
    DeliveryId = id(&model::DeliveryId::from_bytes([0; 16]));
    /// The SHA-256 of a component.
    Digest = text().pattern(Some("^sha256:[0-9a-f]{64}$")).build();
    /// What happened.
    EventKind = one_of(model::EventKind::ALL.map(model::EventKind::as_str));
    /// Which events a list has.
    EventFilter = one_of([EventsQuery::UNDELIVERED]);
    /// Where a delivery stands.
    DeliveryState = one_of(model::DeliveryState::ALL.map(model::DeliveryState::as_str));
    /// Why a delivery exists.
    Origin = one_of([model::Origin::Event, model::Origin::Test].map(delivery::origin));
    /// What followed from an attempt.
    Verdict = one_of(model::Verdict::ALL.map(model::Verdict::as_str));
    /// What kind of failure an attempt met.
    AttemptErrorKind = one_of(model::AttemptErrorKind::ALL.map(model::AttemptErrorKind::as_str));
    /// How much a line of a plugin's log matters.
    LogLevel = one_of({
        use model::LogLevel as L;
        [L::Debug, L::Info, L::Warn, L::Error].map(delivery::level)
    });
    /// Whether a webhook is delivered to.
    WebhookState = one_of({
        use model::WebhookState as S;
        [S::Active, S::Paused, S::Disabled(model::DisableReason::Gone)].map(|state| webhook::state(state).0)
    });
    /// Why the server switched a webhook off.
    DisableReason = one_of([model::DisableReason::Gone.as_str()]);
    /// Whose plugin it is.
    PluginOwner = one_of(["bundled", "project"]);
    /// Whether the service lives, or can take requests.
    HealthStatus = one_of(["ok", "ready"]);
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn one_of<const N: usize>(values: [&'static str; N]) -> Object {
    text().enum_values(Some(values)).build()
}

/// The pattern of all ids that begin as this one does.
fn id(example: &impl ToString) -> Object {
    let example = example.to_string();
    let prefix = example.trim_end_matches('0');
    text().pattern(Some(format!("^{prefix}[0-9a-f]{{32}}$"))).build()
}

/// The id of an event that the project has received, or an event.
pub enum PreviewEvent {}

impl PartialSchema for PreviewEvent {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(EventId::schema())
            .item(ObjectBuilder::new().schema_type(Type::Object))
            .description(Some("The id of an event that the project has received, or an event."))
            .into()
    }
}

impl ToSchema for PreviewEvent {}

impl PartialSchema for VersionPinBody {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(u32::MAX));
        OneOfBuilder::new()
            .item(number)
            .item(one_of([LATEST]))
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .description(Some("Which version of a plugin: its number or `latest`. Null is the latest, too."))
            .into()
    }
}

impl ToSchema for VersionPinBody {}

/// Each kind of page has a name of its own, which the derive does not give it.
impl<T: ToSchema> PartialSchema for PageBody<T> {
    fn schema() -> RefOr<Schema> {
        let items =
            ArrayBuilder::new().items(Ref::from_schema_name(T::name())).description(Some("The items."));
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("Where the next page begins; null on the last one."));
        ObjectBuilder::new()
            .property("data", items)
            .required("data")
            .property("next_cursor", cursor)
            .required("next_cursor")
            .description(Some(
                "One page. It may be short, even empty, although `next_cursor` says that more follow.",
            ))
            .into()
    }
}

impl<T: ToSchema> ToSchema for PageBody<T> {
    fn name() -> Cow<'static, str> {
        format!("PageBody_{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
