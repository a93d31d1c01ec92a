//! The paths: each as a template for a router, in capitals, and as a function that fills it in.

use std::fmt::Display;

macro_rules! paths {
    ($($(#[$doc:meta])* $template:ident $fill:ident($($parameter:ident),*) = $text:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $template: &str = $text;

            $(#[$doc])*
            pub fn $fill($($parameter: impl Display),*) -> String {
                format!($text $(, $parameter = $parameter)*)
            }
        )*
    };
}

paths! {
    /// Whether the process lives.
    HEALTHZ healthz() = "/healthz";
    /// Whether it can take requests.
    READYZ readyz() = "/readyz";
    /// Every limit.
    LIMITS limits() = "/v1/limits";
    /// All projects.
    PROJECTS projects() = "/v1/projects";
    /// One project.
    PROJECT project(project) = "/v1/projects/{project}";
    /// The webhooks of a project.
    WEBHOOKS webhooks(project) = "/v1/projects/{project}/webhooks";
    /// One webhook.
    WEBHOOK webhook(webhook) = "/v1/webhooks/{webhook}";
    /// A test send.
    WEBHOOK_TEST webhook_test(webhook) = "/v1/webhooks/{webhook}/test";
    /// The plugins that a project can use.
    PLUGINS plugins(project) = "/v1/projects/{project}/plugins";
    /// One plugin.
    PLUGIN plugin(project, name) = "/v1/projects/{project}/plugins/{name}";
    /// A check of a component, as an upload would make it.
    PLUGIN_CHECK plugin_check(project, name) = "/v1/projects/{project}/plugins/{name}/check";
    /// A preview of what a plugin does next.
    PLUGIN_PREVIEW plugin_preview(project, name) = "/v1/projects/{project}/plugins/{name}/preview";
    /// The versions of a plugin.
    PLUGIN_VERSIONS plugin_versions(project, name) = "/v1/projects/{project}/plugins/{name}/versions";
    /// One version, by its number or [`LATEST`].
    PLUGIN_VERSION plugin_version(project, name, version) =
        "/v1/projects/{project}/plugins/{name}/versions/{version}";
    /// The component of a version.
    COMPONENT component(project, name, version) =
        "/v1/projects/{project}/plugins/{name}/versions/{version}/component";
    /// Where producers send events.
    EVENTS events() = "/v1/events";
    /// The events of a project.
    PROJECT_EVENTS project_events(project) = "/v1/projects/{project}/events";
    /// One event.
    EVENT event(event) = "/v1/events/{event}";
    /// A delivery of an event that no webhook wanted.
    EVENT_DELIVER event_deliver(event) = "/v1/events/{event}/deliver";
    /// The deliveries of a project.
    DELIVERIES deliveries(project) = "/v1/projects/{project}/deliveries";
    /// One delivery.
    DELIVERY delivery(delivery) = "/v1/deliveries/{delivery}";
    /// A resend.
    DELIVERY_RESEND delivery_resend(delivery) = "/v1/deliveries/{delivery}/resend";
    /// A cancellation.
    DELIVERY_CANCEL delivery_cancel(delivery) = "/v1/deliveries/{delivery}/cancel";
}

/// Names the newest version of a plugin in a path.
pub const LATEST: &str = "latest";
/// What the paths that want a key begin with.
pub const GUARDED: &str = "/v1/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in_by_name() {
        let path = component("p", "hubspot", 2);
        assert_eq!(path, "/v1/projects/p/plugins/hubspot/versions/2/component");
        assert_eq!(events(), EVENTS);
    }
}
