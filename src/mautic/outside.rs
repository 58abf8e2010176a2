//! What lies outside of the program when Mautic is asked, as ports: the network, and chance.

use super::error::Lost;
use super::transport::Answer;
use async_trait::async_trait;
use std::{fmt, sync::Arc};

/// Carries one request to Mautic, and its whole answer back.
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request that is complete but for what a connection adds by itself (host, user agent,
    /// compression), within the time it allows.
    ///
    /// # Errors
    /// [`NotCarried`] when no whole answer came; any status is an answer.
    async fn carry(&self, request: reqwest::Request) -> Result<Answer, NotCarried>;
}

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCarried {
    /// It broke on its way.
    Lost {
        /// How far it came.
        lost: Lost,
        /// What the network said; without the address, which has ids in it.
        detail: String,
    },
    /// The answer was larger than is taken.
    TooLarge {
        /// Its beginning.
        beginning: Vec<u8>,
        /// Most bytes that are taken.
        limit: usize,
    },
}

/// Spreads the pauses of many callers, so that they do not come back at once.
pub trait Chance: Send + Sync + fmt::Debug {
    /// A number from 0 to 1, another one each time.
    fn fraction(&self) -> f64;
}

/// Real chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dice;

impl Chance for Dice {
    fn fraction(&self) -> f64 {
        rand::random()
    }
}

/// Everything a [`Client`](super::Client) needs of the outside.
#[derive(Debug, Clone)]
pub struct Outside {
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
}
