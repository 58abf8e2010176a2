//! The pure rooms of topicscore: all that reads what others wrote.
//!
//! The same files as in the daemon, under the same paths. They need no runtime, network or
//! database, so that a build for fuzzing takes a minute.
#![allow(dead_code, reason = "what only the rest of the daemon uses")]

#[path = "../src/config/mod.rs"]
pub mod config;
#[path = "../src/domain/mod.rs"]
pub mod domain;
#[path = "../src/plan/mod.rs"]
pub mod plan;

/// Where a module that is a file beside its folder is found.
#[path = "../src"]
mod files {
    pub mod diagnostics;
}
pub use files::diagnostics;

#[path = "../src/intake"]
pub mod intake {
    pub mod decode;
    pub mod receiver {
        mod secrets;
        pub use secrets::Secrets;
    }
}

#[path = "../src/mautic"]
pub mod mautic {
    pub mod signature;
    pub mod wire;
}
