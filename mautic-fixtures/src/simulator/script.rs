//! What visitors are going to do, computed from a seed before anything is sent.

use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::journey;

/// How many visitors there are and what they may do.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// Visitors; each becomes one contact unless merges happen.
    pub contacts: usize,
    /// Activities of a visitor on average; single visitors have half to one and a half times as many.
    pub activities_per_contact: usize,
    /// Topics of the catalog the script is played on.
    pub topics: usize,
    /// Time the script spans.
    pub span: Duration,
    /// Whether mail scanners load pixels of emails nobody has opened.
    pub machine_opens: bool,
    /// Whether visitors come back on a second device and identify themselves there, which merges two contacts.
    pub merges: bool,
}

impl Default for SimulatorOptions {
    /// 50 visitors with 12 activities each over 30 days, 4 topics, machine opens and merges.
    fn default() -> Self {
        Self {
            contacts: 50,
            activities_per_contact: 12,
            topics: 4,
            span: Duration::from_hours(30 * 24),
            machine_opens: true,
            merges: true,
        }
    }
}

/// Where a visitor sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Device {
    /// The one he starts with.
    Desktop,
    /// The one he may come back with; it has cookies of its own.
    Phone,
    /// A mail program: no cookies at all.
    MailProgram,
    /// A scanner of the mail provider: no cookies, a user agent of its own.
    MailScanner,
}

/// One thing a visitor does. Topics are positions in the catalog; `mail` counts a visitor's emails from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Looks at a page of the shop, which has the tracking script.
    ViewPage {
        /// Topic of the page.
        topic: usize,
        /// What comes after the topic in its URL: `model-3`, `pricing`, …
        path: String,
    },
    /// Looks at a page of the shop that only has the tracking pixel.
    LoadPixel {
        /// Topic of the page.
        topic: usize,
        /// What comes after the topic in its URL.
        path: String,
    },
    /// Looks at the topic's landing page.
    ViewLandingPage {
        /// The topic.
        topic: usize,
    },
    /// Downloads the topic's asset.
    Download {
        /// The topic.
        topic: usize,
    },
    /// Submits the topic's form with name and address.
    SubmitForm {
        /// The topic.
        topic: usize,
        /// The visitor's first name.
        first_name: String,
        /// The visitor's address.
        email: String,
    },
    /// Mautic sends the visitor the topic's email.
    ReceiveEmail {
        /// The topic.
        topic: usize,
    },
    /// Opens an email.
    OpenEmail {
        /// Which of the visitor's emails.
        mail: usize,
    },
    /// Clicks a link of an email and looks at the page behind it.
    ClickEmail {
        /// Which of the visitor's emails.
        mail: usize,
        /// Which link.
        link: usize,
    },
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time since the start of the script.
    pub at: Duration,
    /// Who, counted from 0.
    pub visitor: usize,
    /// Where.
    pub device: Device,
    /// What.
    pub action: Action,
}

/// Everything all visitors do, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The seed it comes from.
    pub seed: u64,
    /// Number of visitors.
    pub visitors: usize,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Script {
    /// The script of a seed: the same seed and options give the same script.
    #[must_use]
    pub fn generate(seed: u64, options: &SimulatorOptions) -> Self {
        let mut steps = Vec::with_capacity(options.contacts * options.activities_per_contact);
        for visitor in 0..options.contacts {
            // A stream per visitor: more visitors do not change what the first ones do.
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(visitor as u64 + 1);
            steps.extend(journey::of_visitor(visitor, options, &mut random));
        }
        steps.sort_by_key(|step| (step.at, step.visitor));
        Self {
            seed,
            visitors: options.contacts,
            steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Device, Script, SimulatorOptions};

    #[test]
    fn a_seed_gives_one_script_in_the_order_of_time() {
        let options = SimulatorOptions {
            contacts: 30,
            ..SimulatorOptions::default()
        };
        let script = Script::generate(7, &options);
        assert_eq!(script, Script::generate(7, &options));
        assert_ne!(script.steps, Script::generate(8, &options).steps);
        assert!(script.steps.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(script.steps.iter().all(|step| step.at <= options.span));
    }

    #[test]
    fn switches_leave_out_what_they_name() {
        let options = SimulatorOptions {
            contacts: 60,
            machine_opens: false,
            merges: false,
            ..SimulatorOptions::default()
        };
        let script = Script::generate(1, &options);
        assert!(
            script
                .steps
                .iter()
                .all(|step| !matches!(step.device, Device::Phone | Device::MailScanner))
        );
        assert!(
            script
                .steps
                .iter()
                .any(|step| matches!(step.action, Action::SubmitForm { .. }))
        );
        let all = Script::generate(
            1,
            &SimulatorOptions {
                contacts: 60,
                ..SimulatorOptions::default()
            },
        );
        assert!(
            all.steps
                .iter()
                .any(|step| step.device == Device::MailScanner)
        );
        assert!(all.steps.iter().any(|step| step.device == Device::Phone));
    }
}
