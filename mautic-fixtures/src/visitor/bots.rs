//! Who is not tracked: user agents with one of these words in them (FACTS 60; Mautic's `do_not_track_bots`).

/// Words of crawlers, HTTP libraries and link checkers; compared case-sensitively, anywhere in the user agent.
const WORDS: &[&str] = &[
    "Googlebot",
    "Google Web Preview",
    "Mediapartners-Google",
    "AdsBot-Google",
    "APIs-Google",
    "bingbot",
    "Baiduspider",
    "YandexBot",
    "DuckDuckBot",
    "Slurp",
    "AhrefsBot",
    "SemrushBot",
    "SEMrushBot",
    "MJ12bot",
    "SeznamBot",
    "Exabot",
    "rogerbot",
    "PetalBot",
    "Facebot",
    "facebookexternalhit",
    "Twitterbot",
    "LinkedInBot",
    "Slackbot",
    "TelegramBot",
    "WhatsApp",
    "Applebot",
    "Amazonbot",
    "CCBot",
    "ia_archiver",
    "archive.org_bot",
    "UptimeRobot",
    "pingdom",
    "Apache-HttpClient",
    "Go-http-client",
    "python-requests",
    "Python-urllib",
    "Wget",
    "wget",
    "curl",
    "libwww",
    "okhttp",
    "BingPreview",
    "PhantomJS",
];

/// Whether a request of this user agent leaves no hit and no contact.
#[must_use]
pub fn is_bot(user_agent: &str) -> bool {
    WORDS.iter().any(|word| user_agent.contains(word))
}
