//! One visitor's request: who is tracked, on which device, and the cookies that go back
//! (`ContactTracker`, `DeviceTracker`, `DeviceTrackingService`).

use serde_json::{Value, json};

use super::bots::is_bot;
use super::device_detection::detect;
use crate::contacts;
use crate::server::answer::{Answer, Exception};
use crate::server::request::Request;
use crate::state::web::Device;
use crate::state::{Contact, Id, State};

/// The cookie that names the device.
const DEVICE_COOKIE: &str = "mautic_device_id";
/// The cookie that names the contact, for scripts.
const CONTACT_COOKIE: &str = "mtc_id";
/// The cookie that names the last hit.
const LAST_HIT_COOKIE: &str = "mautic_referer_id";
/// How long a device is remembered, in seconds.
const DEVICE_COOKIE_AGE: u32 = 31_536_000;

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracked {
    /// A stored contact.
    Contact(Id),
    /// A contact Mautic only pretends to have, for those who are not tracked.
    Nobody,
}

impl Tracked {
    /// The contact's id, if there is a stored one.
    pub(super) fn id(self) -> Option<Id> {
        match self {
            Self::Contact(id) => Some(id),
            Self::Nobody => None,
        }
    }
}

/// A request of a visitor while it is answered.
pub(super) struct Visit<'a> {
    /// The request.
    pub(super) request: &'a Request,
    /// `$_POST`.
    pub(super) post: Value,
    cookies: Vec<(&'static str, String)>,
    tracked: Option<Tracked>,
    system: Option<Id>,
    device: Option<Id>,
    devices_seen: Vec<(Id, Id)>,
    device_changed: bool,
    activity_logged: bool,
    trackable: bool,
}

impl<'a> Visit<'a> {
    /// A request nobody has looked at yet.
    pub(super) fn new(request: &'a Request) -> Self {
        let is_form = request.method == "POST" && request.content_type() != "multipart/form-data";
        Self {
            request,
            post: if is_form { request.form() } else { json!({}) },
            cookies: Vec::new(),
            tracked: None,
            system: None,
            device: None,
            devices_seen: Vec::new(),
            device_changed: false,
            activity_logged: false,
            trackable: !is_bot(request.header("user-agent").unwrap_or("")),
        }
    }

    /// A parameter of the query or, failing that, of the body (`$request->get`).
    pub(super) fn parameter(&self, name: &str) -> Option<&Value> {
        self.request.query.get(name).or_else(|| self.post.get(name))
    }

    /// The user agent, if one was sent.
    pub(super) fn user_agent(&self) -> Option<&str> {
        self.request.header("user-agent")
    }

    /// Whether this request may leave traces.
    pub(super) fn is_trackable(&self) -> bool {
        self.trackable
    }

    /// Whether the device was made or changed in this request.
    pub(super) fn device_changed(&self) -> bool {
        self.device_changed
    }

    /// The id in the cookie of the last hit.
    pub(super) fn last_hit(&self) -> Option<Id> {
        self.request.cookie(LAST_HIT_COOKIE)?.parse().ok()
    }

    /// Remembers the hit for the next request of the browser.
    pub(super) fn remember_hit(&mut self, hit: Id) {
        self.set_cookie(LAST_HIT_COOKIE, hit.to_string());
    }

    fn set_cookie(&mut self, name: &'static str, value: String) {
        match self.cookies.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.cookies.push((name, value)),
        }
    }

    /// The answer with the cookies of this request.
    pub(super) fn finish(self, mut answer: Answer) -> Answer {
        for (name, value) in self.cookies {
            let age = match name {
                DEVICE_COOKIE => format!(" Max-Age={DEVICE_COOKIE_AGE};"),
                CONTACT_COOKIE => String::new(),
                _ => " Max-Age=1800;".to_owned(),
            };
            answer = answer.with_header(
                "set-cookie",
                &format!("{name}={value};{age} path=/; samesite=none"),
            );
        }
        answer
    }

    /// The device of the cookie, or the one made in this request.
    pub(super) fn tracked_device<'s>(&self, state: &'s State) -> Option<&'s Device> {
        if let Some(id) = self.device {
            return state.web.devices.get(id);
        }
        let cookie = self.request.cookie(DEVICE_COOKIE);
        let tracking_id =
            cookie.or_else(|| self.parameter(DEVICE_COOKIE).and_then(Value::as_str))?;
        state.web.devices.by_tracking_id(tracking_id)
    }

    /// The tracking id of that device.
    pub(super) fn tracking_id(&self, state: &State) -> Option<String> {
        self.tracked_device(state)
            .map(|device| device.tracking_id.clone())
    }

    /// Who this request is for; makes an anonymous contact if nobody is known (`ContactTracker::getContact`).
    pub(super) fn contact(&mut self, state: &mut State) -> Result<Tracked, Exception> {
        if let Some(id) = self.system {
            return Ok(Tracked::Contact(id));
        }
        let tracked = match self.tracked {
            Some(tracked) => tracked,
            None => self.begin(state)?,
        };
        if !std::mem::replace(&mut self.activity_logged, true)
            && let Some(id) = tracked.id()
        {
            let now = state.now();
            if let Some(contact) = state.contacts.get_mut(id) {
                contact.last_active = Some(now);
            }
        }
        Ok(tracked)
    }

    fn begin(&mut self, state: &mut State) -> Result<Tracked, Exception> {
        let tracked = if !self.trackable {
            Tracked::Nobody
        } else if let Some(owner) = self.tracked_device(state).map(|device| device.contact) {
            contacts::load(state, owner);
            Tracked::Contact(owner)
        } else {
            Tracked::Contact(new_anonymous(state)?)
        };
        self.tracked = Some(tracked);
        if let Some(id) = tracked.id() {
            self.device_of(state, id);
        }
        Ok(tracked)
    }

    /// Makes this contact the tracked one (`setTrackedContact`): another contact takes the browser's hits with it.
    pub(super) fn track(&mut self, state: &mut State, contact: Id) {
        if self.system.is_some() {
            self.track_for_system(state, contact);
            return;
        }
        let before = self.tracked;
        let tracking_id_before = self.tracking_id(state);
        self.tracked = Some(Tracked::Contact(contact));
        contacts::ensure_fields(state, contact);
        set_last_active(state, contact);
        self.device_of(state, contact);
        let changed = before.is_some_and(|before| before != Tracked::Contact(contact));
        if let (true, Some(old)) = (changed, tracking_id_before) {
            let new = self.tracking_id(state).unwrap_or_default();
            state.web.hits.retrack(&old, contact, &new);
            for download in state
                .web
                .downloads
                .values_mut()
                .filter(|row| row.tracking_id.as_ref() == Some(&old))
            {
                download.contact = Some(contact);
                download.tracking_id = Some(new.clone());
            }
        }
    }

    /// From here on the request works for this contact, without touching cookies (`setSystemContact`).
    pub(super) fn track_for_system(&mut self, state: &mut State, contact: Id) {
        contacts::ensure_fields(state, contact);
        self.system = Some(contact);
    }

    /// The contact's device of this user agent, made and put into a cookie if it is not the tracked one already.
    pub(super) fn device_of(&mut self, state: &mut State, contact: Id) -> Id {
        if let Some((_, device)) = self.devices_seen.iter().find(|(of, _)| *of == contact) {
            return *device;
        }
        let detected = detect(self.user_agent().unwrap_or(""));
        let tracked = self.tracked_device(state);
        let same = tracked
            .filter(|known| known.contact == contact && known.detected.same_device(&detected));
        let same = same.map(|known| known.id);
        self.device_changed |= same.is_none();
        let device = same.unwrap_or_else(|| self.take_device(state, contact, detected));
        self.devices_seen.push((contact, device));
        device
    }

    fn take_device(
        &mut self,
        state: &mut State,
        contact: Id,
        detected: super::device_detection::Detected,
    ) -> Id {
        let same_hardware = |known: &&Device| {
            let of = |detected: &super::device_detection::Detected| {
                (detected.device, detected.brand, detected.model)
            };
            of(&known.detected) == of(&detected)
        };
        let known = state
            .web
            .devices
            .of_contact(contact)
            .find(same_hardware)
            .map(|device| device.id);
        let id = known.unwrap_or_else(|| {
            let tracking_id = state.random.alphanumeric(23);
            let date_added = state.now();
            state.web.devices.insert_with(|id| Device {
                id,
                contact,
                date_added,
                detected,
                tracking_id,
            })
        });
        if let Some(tracking_id) = state
            .web
            .devices
            .get(id)
            .map(|device| device.tracking_id.clone())
        {
            self.set_cookie(DEVICE_COOKIE, tracking_id);
            self.set_cookie(CONTACT_COOKIE, contact.to_string());
        }
        self.device = Some(id);
        id
    }
}

/// An anonymous contact for a browser nobody knows (FACTS 90).
fn new_anonymous(state: &mut State) -> Result<Id, Exception> {
    let mut contact = contacts::constructed();
    contact.memory.newly_created = true;
    contact.preferred_profile_image = Some("gravatar".to_owned());
    add_address(state, &mut contact);
    contacts::create_tracked(state, contact)
}

/// Adds the request's address to a contact unless it has it (`Lead::addIpAddress`).
pub(super) fn add_address(state: &mut State, contact: &mut Contact) {
    let ip = state.current_ip();
    let address = state.remote_address.clone();
    let has = |id: &Id| {
        state
            .web
            .ip_addresses
            .get(*id)
            .is_some_and(|known| known.address == address)
    };
    if contact.ip_addresses.iter().any(has) {
        return;
    }
    contact
        .memory
        .changes
        .insert("ipAddresses".to_owned(), json!(["", address]));
    contact
        .memory
        .changes
        .insert("ipAddressList".to_owned(), json!({address: ip}));
    contact.ip_addresses.push(ip);
}

/// [`add_address`] for a stored contact.
pub(super) fn add_address_to(state: &mut State, id: Id) {
    if let Some(mut contact) = state.contacts.get(id).cloned() {
        add_address(state, &mut contact);
        state.contacts.put(id, contact);
    }
}

/// `Lead::setLastActive(now)`: a change even when nothing moves.
pub(super) fn set_last_active(state: &mut State, id: Id) {
    let now = state.now();
    if let Some(contact) = state.contacts.get_mut(id) {
        contacts::set_last_active(contact, now);
    }
}
