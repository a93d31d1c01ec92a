//! What the engine needs from outside, and nothing else: time, randomness, the network and the plugins. Whoever gives
//! it other ones (a simulation, a test) runs the same engine.

mod clock;
mod entropy;
mod mapper;
mod sender;

pub use clock::Clock;
pub use entropy::Entropy;
pub use mapper::{InspectError, Inspected, MapError, MapRequest, Mapped, Mapper, SettingsError, Usage};
pub use sender::{Exchange, OutboundRequest, Reached, SendError, Sender, TargetRefused};
