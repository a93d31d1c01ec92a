//! What one can ask of the API: a method and a path each.

use http::Method;

use crate::path;
use crate::problem::Code;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $method:ident $path:ident;)*) => {
        /// Everything that the API does. The router has a handler for each, and the tests an answer of each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its method.
            pub fn method(self) -> Method {
                match self {
                    $(Self::$name => Method::$method,)*
                }
            }

            /// The template of its path.
            pub fn path(self) -> &'static str {
                match self {
                    $(Self::$name => path::$path,)*
                }
            }
        }
    };
}

operations! {
    /// Tells whether the process lives.
    Healthz = GET HEALTHZ;
    /// Tells whether it can take requests.
    Readyz = GET READYZ;
    /// Reads every limit.
    ReadLimits = GET LIMITS;
    /// Creates a project.
    CreateProject = POST PROJECTS;
    /// Lists all projects.
    ListProjects = GET PROJECTS;
    /// Reads a project.
    ReadProject = GET PROJECT;
    /// Creates a webhook.
    CreateWebhook = POST WEBHOOKS;
    /// Lists the webhooks of a project.
    ListWebhooks = GET WEBHOOKS;
    /// Reads a webhook.
    ReadWebhook = GET WEBHOOK;
    /// Changes a webhook.
    ChangeWebhook = PATCH WEBHOOK;
    /// Deletes a webhook.
    DeleteWebhook = DELETE WEBHOOK;
    /// Sends the sample lead to a webhook.
    TestWebhook = POST WEBHOOK_TEST;
    /// Lists the plugins that a project can use.
    ListPlugins = GET PLUGINS;
    /// Uploads a component.
    UploadPlugin = PUT PLUGIN;
    /// Reads the newest version of a plugin.
    ReadPlugin = GET PLUGIN;
    /// Deletes a plugin.
    DeletePlugin = DELETE PLUGIN;
    /// Tells what an upload would do.
    CheckPlugin = POST PLUGIN_CHECK;
    /// Tells what a plugin would do next.
    PreviewPlugin = POST PLUGIN_PREVIEW;
    /// Lists the versions of a plugin.
    ListPluginVersions = GET PLUGIN_VERSIONS;
    /// Reads one version of a plugin.
    ReadPluginVersion = GET PLUGIN_VERSION;
    /// Deletes one version of a plugin.
    DeletePluginVersion = DELETE PLUGIN_VERSION;
    /// Downloads the component of a version.
    DownloadComponent = GET COMPONENT;
    /// Accepts one event or many.
    AcceptEvents = POST EVENTS;
    /// Lists the events of a project.
    ListEvents = GET PROJECT_EVENTS;
    /// Reads an event.
    ReadEvent = GET EVENT;
    /// Delivers an event that no webhook wanted to those that want it now.
    DeliverEvent = POST EVENT_DELIVER;
    /// Lists the deliveries of a project.
    ListDeliveries = GET DELIVERIES;
    /// Reads a delivery with its attempts.
    ReadDelivery = GET DELIVERY;
    /// Sends a delivery again.
    ResendDelivery = POST DELIVERY_RESEND;
    /// Calls a delivery off.
    CancelDelivery = POST DELIVERY_CANCEL;
}

impl Operation {
    /// Whether it wants a key.
    pub fn is_guarded(self) -> bool {
        self.path().starts_with(path::GUARDED)
    }

    /// The problems that it answers with, besides [`Code::Internal`] and those of an overload: [`Code::Unavailable`],
    /// [`Code::RequestTimeout`] and [`Code::TooManyRequests`].
    pub fn problems(self) -> Vec<Code> {
        use Code as C;
        let own: &[Code] = match self {
            Self::Healthz | Self::ReadLimits => &[],
            // An overload is what it tells about.
            Self::Readyz => &[C::Unavailable],
            Self::CreateProject => &[C::Conflict, C::InvalidInput],
            Self::ListProjects => &[C::InvalidInput],
            Self::CreateWebhook
            | Self::ListWebhooks
            | Self::PreviewPlugin
            | Self::ListEvents
            | Self::ListDeliveries => &[C::NotFound, C::InvalidInput],
            Self::ReadProject
            | Self::ReadWebhook
            | Self::TestWebhook
            | Self::ListPlugins
            | Self::ReadPlugin
            | Self::ListPluginVersions
            | Self::ReadPluginVersion
            | Self::DownloadComponent
            | Self::ReadEvent
            | Self::ReadDelivery => &[C::NotFound],
            Self::ChangeWebhook => &[C::NotFound, C::PreconditionFailed, C::InvalidInput],
            Self::DeleteWebhook => &[C::NotFound, C::PreconditionFailed],
            Self::UploadPlugin | Self::CheckPlugin => &[C::NotFound, C::Conflict, C::InvalidInput],
            Self::DeletePlugin
            | Self::DeletePluginVersion
            | Self::DeliverEvent
            | Self::ResendDelivery
            | Self::CancelDelivery => &[C::NotFound, C::Conflict],
            Self::AcceptEvents => &[C::Conflict, C::InvalidInput],
        };
        let key: &[Code] = if self.is_guarded() { &[C::Unauthorized] } else { &[] };
        let body: &[Code] = if self.has_body() { &[C::TooLarge, C::UnsupportedMediaType] } else { &[] };
        [own, key, body].concat()
    }

    /// Whether a request has a body.
    pub fn has_body(self) -> bool {
        matches!(
            self,
            Self::CreateProject
                | Self::CreateWebhook
                | Self::ChangeWebhook
                | Self::UploadPlugin
                | Self::CheckPlugin
                | Self::PreviewPlugin
                | Self::AcceptEvents
        )
    }
}
