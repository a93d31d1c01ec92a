//! The engine's only connections to the outside: time, randomness, the network and the plugins. A simulation or a test
//! runs the same engine with other ones.

mod clock;
mod entropy;
mod mapper;
mod sender;

pub use clock::Clock;
pub use entropy::Entropy;
pub use mapper::{InspectError, Inspected, MapError, MapRequest, Mapped, Mapper, SettingsError, Usage};
pub use sender::{Exchange, OutboundRequest, Reached, SendError, Sender, TargetRefused};
