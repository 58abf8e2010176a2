//! One visitor's journey: anonymous visits, identification, emails, returns.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::script::{Action, Device, SimulatorOptions, Step};

/// First names of visitors.
const NAMES: [&str; 12] = [
    "Ann", "Bob", "Cem", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "June", "Kim", "Lea",
];
/// Pages every topic has.
const PATHS: [&str; 6] = [
    "model-1", "model-2", "model-3", "compare", "pricing", "reviews",
];
/// Share of visitors that say who they are.
const IDENTIFIED: f64 = 0.8;
/// Share of identified visitors with a second device.
const SECOND_DEVICE: f64 = 0.2;
/// Share of sent emails a scanner looks at first.
const SCANNED: f64 = 0.3;
/// Links in every email of the catalog.
const LINKS: usize = 2;

/// A journey under construction.
struct Journey<'a> {
    visitor: usize,
    options: &'a SimulatorOptions,
    random: &'a mut ChaCha8Rng,
    steps: Vec<Step>,
    now: Duration,
    topic: usize,
    email: String,
    first_name: String,
    mails: usize,
    identified: bool,
}

/// The steps of one visitor, in the order of time.
pub(super) fn of_visitor(
    visitor: usize,
    options: &SimulatorOptions,
    random: &mut ChaCha8Rng,
) -> Vec<Step> {
    let average = options.activities_per_contact.max(1);
    let wanted = random.random_range(average.div_ceil(2)..=average + average / 2);
    let first_name = NAMES[random.random_range(0..NAMES.len())];
    let gap = options.span.as_secs().max(wanted as u64 * 4) / (wanted as u64 * 2);
    let start = random.random_range(0..=options.span.as_secs() / 4);
    let mut journey = Journey {
        visitor,
        options,
        now: Duration::from_secs(start),
        topic: random.random_range(0..options.topics.max(1)),
        email: format!(
            "{}.{visitor}@visitors.example.test",
            first_name.to_lowercase()
        ),
        first_name: first_name.to_owned(),
        mails: 0,
        identified: false,
        steps: Vec::new(),
        random,
    };
    let identifies = journey.chance(IDENTIFIED);
    while journey.steps.len() < wanted {
        journey.sitting(wanted, identifies);
        let pause = journey.random.random_range(0..=gap.max(1) * 2);
        journey.now += Duration::from_secs(pause);
    }
    if options.merges && journey.identified && journey.chance(SECOND_DEVICE) {
        journey.come_back_on_phone();
    }
    let end = options.span;
    let mut steps = journey.steps;
    for step in &mut steps {
        step.at = step.at.min(end);
    }
    steps
}

impl Journey<'_> {
    fn chance(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }

    fn step(&mut self, device: Device, action: Action) {
        let pause = self.random.random_range(2..=90);
        self.now += Duration::from_secs(pause);
        self.steps.push(Step {
            at: self.now,
            visitor: self.visitor,
            device,
            action,
        });
    }

    /// What a visitor does in one go: looks around, perhaps says who he is, or reads an email.
    fn sitting(&mut self, wanted: usize, identifies: bool) {
        if self.chance(0.2) {
            self.topic = self.random.random_range(0..self.options.topics.max(1));
        }
        if self.identified && self.chance(0.5) {
            self.email_sitting();
            return;
        }
        let pages = self.random.random_range(1..=3);
        for _ in 0..pages {
            self.look_around(Device::Desktop);
        }
        let late = self.steps.len() * 3 >= wanted;
        if identifies && (!self.identified && late || self.chance(0.1)) {
            self.identify(Device::Desktop);
        }
    }

    fn look_around(&mut self, device: Device) {
        let topic = self.topic;
        let path = PATHS[self.random.random_range(0..PATHS.len())].to_owned();
        let action = match self.random.random_range(0..10) {
            0..=5 => Action::ViewPage { topic, path },
            6 => Action::LoadPixel { topic, path },
            7 | 8 => Action::ViewLandingPage { topic },
            _ => Action::Download { topic },
        };
        self.step(device, action);
    }

    fn identify(&mut self, device: Device) {
        let (first_name, email) = (self.first_name.clone(), self.email.clone());
        self.step(
            device,
            Action::SubmitForm {
                topic: self.topic,
                first_name,
                email,
            },
        );
        self.identified = true;
    }

    /// An email arrives, is perhaps scanned, opened and clicked; or an old one is opened again.
    fn email_sitting(&mut self) {
        if self.mails > 0 && self.chance(0.25) {
            let mail = self.random.random_range(0..self.mails);
            self.step(Device::MailProgram, Action::OpenEmail { mail });
            return;
        }
        self.step(
            Device::MailProgram,
            Action::ReceiveEmail { topic: self.topic },
        );
        let mail = self.mails;
        self.mails += 1;
        if self.options.machine_opens && self.chance(SCANNED) {
            self.step(Device::MailScanner, Action::OpenEmail { mail });
        }
        if self.chance(0.6) {
            self.step(Device::MailProgram, Action::OpenEmail { mail });
        }
        if self.chance(0.4) {
            let link = self.random.random_range(0..LINKS);
            self.step(Device::Desktop, Action::ClickEmail { mail, link });
        }
    }

    /// A second device starts anonymous; its form makes Mautic merge the two contacts.
    fn come_back_on_phone(&mut self) {
        let pages = self.random.random_range(1..=2);
        for _ in 0..pages {
            self.look_around(Device::Phone);
        }
        self.identify(Device::Phone);
        self.look_around(Device::Phone);
    }
}
