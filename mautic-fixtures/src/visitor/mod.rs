//! What visitors reach: tracking, landing pages, assets, redirects, pixels and forms.

mod assets;
pub mod bots;
pub mod device_detection;
mod emails;
mod form_actions;
mod forms;
mod hits;
mod identification;
mod mail_content;
pub mod mailing;
pub mod merge;
mod pages;
mod payloads;
mod session;
mod tracking;

use crate::server::answer::{Answer, Failure, Handled};
use crate::server::request::Request;
use crate::state::State;
use session::Visit;

/// How paths start that no page has.
const STATIC: [&str; 6] = ["_profiler", "_wdt", "css", "images", "js", "favicon.ico"];

/// Answers a request outside of the API.
pub fn serve(state: &mut State, request: &Request) -> Answer {
    let mut visit = Visit::new(request);
    let answer = route(state, &mut visit).unwrap_or_else(|failure| match failure {
        Failure::Answer(answer) => answer,
        Failure::NoRoute => Answer::html(404, "Not Found"),
        Failure::Exception(exception) => {
            tracing::debug!(%exception, path = request.path, "uncaught exception");
            Answer::html(500, "Internal Server Error")
        }
    });
    visit.finish(answer)
}

fn route(state: &mut State, visit: &mut Visit<'_>) -> Handled {
    let segments = visit.request.path_segments();
    match segments.as_slice() {
        [""] | ["s", ..] => {
            let login = format!("{}/s/login", state.site_url());
            Ok(Answer::redirect(302, &login))
        }
        ["mtc", "event"] => tracking::event(state, visit),
        ["mtc"] => tracking::who_am_i(state, visit),
        ["mtracking.gif"] => tracking::pixel(state, visit),
        ["r" | "redirect", id] => pages::redirect(state, visit, id),
        ["email", "view", hash] => emails::web_view(state, visit, hash),
        ["email", "unsubscribe", hash, ..] => emails::unsubscribe(state, visit, hash),
        ["email", "resubscribe", hash] => emails::resubscribe(state, visit, hash),
        ["email", image] => match image.strip_suffix(".gif") {
            Some(hash) => emails::pixel(state, visit, hash),
            None => pages::page(state, visit),
        },
        ["asset", slug] => assets::download(state, visit, slug),
        ["mtc.js"] | ["form", "generate.js"] => {
            Ok(Answer::new(200, "application/javascript", Vec::new()))
        }
        ["form", "submit"] => forms::submit(state, visit, visit.parameter("ajax").is_some()),
        ["form", "submit", "ajax"] => forms::submit(state, visit, true),
        ["form", "message"] => Ok(Answer::html(200, "Thank you")),
        // Names of static files are no slugs: they are not tracked (`PageBundle/Config/config.php`, catchall).
        [first, ..] if STATIC.iter().any(|name| first.starts_with(name)) => Err(Failure::NoRoute),
        _ => pages::page(state, visit),
    }
}

/// The transparent pixel, 43 bytes.
fn pixel_image() -> Answer {
    const GIF: [u8; 43] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x90, 0x00, 0x00, 0xff, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x21, 0xf9, 0x04, 0x05, 0x10, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00,
        0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x04, 0x01, 0x00, 0x3b,
    ];
    Answer::new(200, "image/gif", GIF.to_vec())
}
