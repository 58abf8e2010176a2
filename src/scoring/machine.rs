//! Opens and clicks that no person did.

use crate::domain::{Activity, ActivityKind, attribute};
use crate::plan::MachineWorth;
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// A program that did what looks like a person's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Apple Mail Privacy Protection: fetches every image ahead.
    Apple,
    /// An image proxy of a mail provider.
    Proxy,
    /// A program that calls itself so.
    Agent,
    /// Done within seconds of the sending.
    TooSoon,
    /// All links of an email at once.
    AllLinks,
}

impl Machine {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Apple => "Apple Mail fetched it ahead",
            Self::Proxy => "an image proxy fetched it",
            Self::Agent => "a known program did it",
            Self::TooSoon => "it came within seconds of the sending",
            Self::AllLinks => "all links were opened at once",
        }
    }

    /// What it is worth, in percent of a person's doing.
    pub(super) const fn worth(self, plan: &MachineWorth) -> u8 {
        match self {
            Self::Apple => plan.apple,
            Self::Proxy => plan.proxy,
            Self::Agent | Self::TooSoon | Self::AllLinks => plan.scanner,
        }
    }
}

/// The user agent that Apple's proxies send: exactly this and nothing after it.
const APPLE: &str = "mozilla/5.0";
/// Parts of user agents of image proxies, in small letters.
const PROXIES: [&str; 4] = [
    "googleimageproxy",
    "ggpht.com",
    "yahoomailproxy",
    "yahoocachesystem",
];
/// Parts of user agents of scanners and other programs, in small letters. Mautic itself leaves
/// out hits (but not opens) of the programs in its own list.
const SCANNERS: [&str; 24] = [
    "barracuda",
    "mimecast",
    "proofpoint",
    "fireeye",
    "trendmicro",
    "symantec",
    "messagelabs",
    "sophos",
    "cloudmark",
    "ironport",
    "forcepoint",
    "zscaler",
    "safelinks",
    "microsoft office protocol discovery",
    "urldefense",
    "bitdefender",
    "headlesschrome",
    "phantomjs",
    "python-requests",
    "curl/",
    "wget/",
    "go-http-client",
    "java/",
    "bot/",
];
/// All links within this many seconds are a scanner's.
const AT_ONCE: i64 = 10;

/// What machine did each of a contact's activities (sorted by time), if any.
pub(super) fn classify(plan: &MachineWorth, activities: &[&Activity]) -> Vec<Option<Machine>> {
    let sent = sendings(activities);
    let bursts = bursts(plan, activities);
    let each = activities.iter().enumerate();
    each.map(|(index, activity)| {
        by_agent(plan, activity).or_else(|| {
            let soon = too_soon(plan, &sent, activity).then_some(Machine::TooSoon);
            soon.or_else(|| bursts.contains(&index).then_some(Machine::AllLinks))
        })
    })
    .collect()
}

/// What calls itself a machine.
pub(super) fn by_agent(plan: &MachineWorth, activity: &Activity) -> Option<Machine> {
    let agent = activity
        .attribute(attribute::USER_AGENT)?
        .trim()
        .to_lowercase();
    let names = |known: &str| agent.contains(known);
    if PROXIES.into_iter().any(names) {
        return Some(Machine::Proxy);
    }
    let more = plan
        .agents
        .iter()
        .any(|known| agent.contains(&known.to_lowercase()));
    if more || SCANNERS.into_iter().any(names) {
        return Some(Machine::Agent);
    }
    let is_open = activity.kind == ActivityKind::EmailOpen;
    (is_open && agent == APPLE).then_some(Machine::Apple)
}

/// When emails were sent: by tracking hash, and the moments by email id.
struct Sendings<'a> {
    by_hash: HashMap<&'a str, Timestamp>,
    by_email: HashMap<u32, Vec<Timestamp>>,
}

fn sendings<'a>(activities: &[&'a Activity]) -> Sendings<'a> {
    let mut sendings = Sendings {
        by_hash: HashMap::new(),
        by_email: HashMap::new(),
    };
    let sends = activities
        .iter()
        .filter(|one| one.kind == ActivityKind::EmailSend);
    for send in sends {
        if let Some(hash) = send.key.0.strip_prefix("send:") {
            sendings.by_hash.insert(hash, send.at);
        }
        if let Some(email) = send.object {
            sendings.by_email.entry(email).or_default().push(send.at);
        }
    }
    sendings
}

fn too_soon(plan: &MachineWorth, sent: &Sendings<'_>, activity: &Activity) -> bool {
    let within = i64::from(plan.within_seconds);
    let soon =
        |sent: &Timestamp| (0..=within).contains(&activity.at.duration_since(*sent).as_secs());
    if within == 0 {
        return false;
    }
    match activity.kind {
        ActivityKind::EmailOpen => {
            let hash = activity.key.0.strip_prefix("open:");
            let hash = hash.and_then(|rest| rest.rsplit_once(':'));
            hash.and_then(|(hash, _)| sent.by_hash.get(hash))
                .is_some_and(soon)
        }
        ActivityKind::EmailClick => {
            let sent = activity.object.and_then(|email| sent.by_email.get(&email));
            sent.is_some_and(|moments| moments.iter().any(soon))
        }
        _ => false,
    }
}

/// Clicks of which enough different links of the same email fall within seconds.
fn bursts(plan: &MachineWorth, activities: &[&Activity]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let least = usize::from(plan.links_at_once);
    if least == 0 {
        return found;
    }
    let mut by_email: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, activity) in activities.iter().enumerate() {
        if let (ActivityKind::EmailClick, Some(email)) = (activity.kind, activity.object) {
            by_email.entry(email).or_default().push(index);
        }
    }
    for clicks in by_email.values() {
        let mut first = 0;
        for last in 0..clicks.len() {
            let at = activities[clicks[last]].at;
            while at.duration_since(activities[clicks[first]].at).as_secs() > AT_ONCE {
                first += 1;
            }
            let window = &clicks[first..=last];
            let links: BTreeSet<_> = window
                .iter()
                .map(|&i| activities[i].url.as_deref())
                .collect();
            if links.len() >= least {
                found.extend(window);
            }
        }
    }
    found
}
