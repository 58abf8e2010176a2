//! Holds the stand-in against recordings of the real Mautic 5.1.1.

pub mod answers;
pub mod compare;
pub mod cookies;
pub mod deliveries;
pub mod exchanges;
pub mod masks;
pub mod receiver;
pub mod replay;
pub mod report;
pub mod scenarios;
mod seed_inputs;
mod seeds;
pub mod sequences;
pub mod session;
pub mod shape;
pub mod variables;
pub mod wire;
