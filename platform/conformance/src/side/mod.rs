//! The other sides that are put in place of the network.

mod fault;
mod heard;
mod player;
mod recorder;
mod sockets;

pub(crate) use fault::{Fault, Plan};
pub use heard::{Event, Listener};
pub(crate) use heard::{Heard, line};
pub use player::Player;
pub use recorder::Recorder;
