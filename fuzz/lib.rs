//! The pure rooms of topicscore: all that reads what others wrote.
//!
//! The same files as in the daemon, under the same paths. They need no runtime, network or
//! database, so that a build for fuzzing takes a minute.
#![allow(dead_code, reason = "what only the rest of the daemon uses")]

#[path = "../src"]
mod rooms {
    pub mod config;
    pub mod diagnostics;
    pub mod domain;
    pub mod plan;

    pub mod intake {
        pub mod decode;
        pub mod receiver {
            mod secrets;
            pub use secrets::Secrets;
        }
    }

    pub mod mautic {
        pub mod signature;
        pub mod wire;
    }
}

pub use rooms::{config, diagnostics, domain, intake, mautic, plan};
