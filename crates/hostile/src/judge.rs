//! Uploads a component to a host and calls it, as the server would.

use bytes::Bytes;
use hookwright_engine::ports::{InspectError, MapError, MapRequest, Mapped, Mapper};
use hookwright_model::{
    Digest, Event, EventId, EventKind, History, PluginOwner, ProjectId, Settings, Timestamp,
};

use crate::case::Verdict;

/// What came of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The host's message; the action if there is one, in its `Debug` form, with the log lines.
    pub message: String,
}

/// Whose components they are.
fn project() -> ProjectId {
    ProjectId::from_bytes([2; 16])
}

/// A call of a component with the users' manual's event, created 2026-05-31T10:00:00Z.
pub fn request(component: &[u8]) -> MapRequest {
    const PAYLOAD: &str = r#"{
  "event": "lead.created",
  "project_id": "0198c0de-7e57-7aaa-8000-0123456789ab",
  "created_at": "2026-05-31T10:00:00Z",
  "lead": {
    "name": "John Smith", "phone": "+12025551234", "email": "john@example.com",
    "message": "I need a demo", "channel": "telegram", "conversation_id": "c-1"
  }
}"#;
    let now = Timestamp::from_millis(1_780_221_600_000);
    MapRequest {
        component: Digest::of(component),
        event: Event {
            id: EventId::new(now, [1; 10]),
            project: project(),
            kind: EventKind::LeadCreated,
            received_at: now,
            payload: Bytes::from_static(PAYLOAD.as_bytes()),
        },
        settings: Settings::default(),
        history: History::default(),
    }
}

/// Has the host inspect a component and, if it passes, call it twice with the same event.
pub async fn judge(host: &dyn Mapper, component: Bytes) -> Judged {
    if let Err(error) = host.inspect(component.clone(), PluginOwner::Project(project())).await {
        let verdict = match error {
            InspectError::TooLarge { .. } => Verdict::TooLarge,
            InspectError::Refused(_) => Verdict::Refused,
            InspectError::Unavailable(_) => Verdict::Unavailable,
        };
        return Judged { verdict, message: error.to_string() };
    }
    let first = host.transform(request(&component)).await;
    let second = host.transform(request(&component)).await;
    if (&first.outcome, &first.logs) != (&second.outcome, &second.logs) {
        return Judged { verdict: Verdict::Differs, message: format!("{first:?}\n{second:?}") };
    }
    judged(&first)
}

fn judged(mapped: &Mapped) -> Judged {
    let Mapped { outcome, logs, usage: _ } = mapped;
    let error = match outcome {
        Ok(action) => return harmless(format!("{action:?} {logs:?}")),
        Err(error) => error,
    };
    let verdict = match error {
        MapError::Plugin(failure) => return harmless(format!("{failure:?} {logs:?}")),
        MapError::Trap(_) => Verdict::Trap,
        MapError::Limit(_) => Verdict::Limit,
        MapError::Invalid(_) => Verdict::Invalid,
        MapError::NotLoaded | MapError::Unavailable(_) => Verdict::Unavailable,
    };
    Judged { verdict, message: error.to_string() }
}

fn harmless(message: String) -> Judged {
    Judged { verdict: Verdict::Harmless, message }
}
