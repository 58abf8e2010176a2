//! What Mautic's device detector makes of a user agent, for the browsers in common use.

use serde_json::{Value, json};

/// The columns of `lead_devices` that come from the user agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// Name, version and engine of the browser; `None` for an unknown client.
    pub client_info: Option<Value>,
    /// `desktop`, `smartphone`, `tablet` or empty.
    pub device: &'static str,
    /// Operating system, when it is known.
    pub os: Option<Os>,
    /// `Apple` and the like; empty when unknown.
    pub brand: &'static str,
    /// `iPhone` and the like; empty when unknown.
    pub model: &'static str,
}

/// An operating system as the detector names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Os {
    /// Name, such as `GNU/Linux`.
    pub name: &'static str,
    /// Three letters, such as `LIN`.
    pub short_name: &'static str,
    /// Version; empty when the user agent has none.
    pub version: String,
    /// `x64`, `ARM` or empty.
    pub platform: &'static str,
}

impl Detected {
    /// Whether two visits come from the same device: browser and system agree (`LeadDevice::getSignature`).
    #[must_use]
    pub fn same_device(&self, other: &Self) -> bool {
        let system = |detected: &Self| detected.os.as_ref().map(|os| (os.name, os.platform));
        self.client_info == other.client_info
            && self.device == other.device
            && system(self) == system(other)
            && (self.brand, self.model) == (other.brand, other.model)
    }
}

/// Looks at a user agent.
#[must_use]
pub fn detect(user_agent: &str) -> Detected {
    let os = system(user_agent);
    let client_info = browser(user_agent);
    let (device, brand, model) = hardware(user_agent, os.as_ref());
    Detected {
        client_info,
        device,
        os,
        brand,
        model,
    }
}

fn system(user_agent: &str) -> Option<Os> {
    let platform = if ["x86_64", "x64", "Win64", "WOW64"]
        .iter()
        .any(|mark| user_agent.contains(mark))
    {
        "x64"
    } else {
        ""
    };
    let os = |name, short_name, version: String, platform| {
        Some(Os {
            name,
            short_name,
            version,
            platform,
        })
    };
    if let Some(version) = after(user_agent, "Windows NT ") {
        let version = if version.starts_with("10") {
            "10".to_owned()
        } else {
            windows_version(&version).to_owned()
        };
        return os("Windows", "WIN", version, platform);
    }
    if user_agent.contains("iPhone OS ") || user_agent.contains("CPU OS ") {
        let version = after(user_agent, " OS ")
            .unwrap_or_default()
            .replace('_', ".");
        let (name, short_name) = if user_agent.contains("iPad") {
            ("iPadOS", "IPA")
        } else {
            ("iOS", "IOS")
        };
        return os(name, short_name, version, "");
    }
    if let Some(version) = after(user_agent, "Android ") {
        return os("Android", "AND", version, "");
    }
    if let Some(version) = after(user_agent, "Mac OS X ") {
        return os("Mac", "MAC", version.replace('_', "."), "");
    }
    if user_agent.contains("Linux") {
        return os("GNU/Linux", "LIN", String::new(), platform);
    }
    None
}

fn windows_version(kernel: &str) -> &'static str {
    match kernel.get(..3) {
        Some("6.1") => "7",
        Some("6.2") => "8",
        Some("6.3") => "8.1",
        _ => "",
    }
}

/// The version number right behind a mark.
fn after(user_agent: &str, mark: &str) -> Option<String> {
    let rest = &user_agent[user_agent.find(mark)? + mark.len()..];
    let version: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
        .collect();
    (!version.is_empty()).then_some(version)
}

/// Major and minor number.
fn short(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn browser(user_agent: &str) -> Option<Value> {
    let mobile = user_agent.contains("Mobile");
    let found = |name: &str,
                 code: &str,
                 version: String,
                 engine: &str,
                 engine_version: String,
                 family: &str| {
        Some(
            json!({"type": "browser", "name": name, "short_name": code, "version": short(&version), "engine": engine,
            "engine_version": engine_version, "family": family}),
        )
    };
    if let Some(version) = after(user_agent, "Firefox/") {
        let (name, code) = if mobile {
            ("Firefox Mobile", "FM")
        } else {
            ("Firefox", "FF")
        };
        return found(name, code, version.clone(), "Gecko", version, "Firefox");
    }
    if let Some(version) = after(user_agent, "Edg/") {
        return found(
            "Microsoft Edge",
            "PS",
            version,
            "Blink",
            after(user_agent, "Chrome/").unwrap_or_default(),
            "Internet Explorer",
        );
    }
    if let Some(version) = after(user_agent, "Chrome/") {
        let (name, code) = if mobile {
            ("Chrome Mobile", "CM")
        } else {
            ("Chrome", "CH")
        };
        // Reduced versions (128.0.0.0) leave the engine's version empty.
        let engine_version = if version.ends_with(".0.0.0") {
            String::new()
        } else {
            version.clone()
        };
        return found(name, code, version, "Blink", engine_version, "Chrome");
    }
    let engine = after(user_agent, "AppleWebKit/").filter(|_| user_agent.contains("Safari/"))?;
    let version = after(user_agent, "Version/").unwrap_or_default();
    let (name, code) = if mobile {
        ("Mobile Safari", "MF")
    } else {
        ("Safari", "SF")
    };
    found(name, code, version, "WebKit", engine, "Safari")
}

fn hardware(user_agent: &str, os: Option<&Os>) -> (&'static str, &'static str, &'static str) {
    if user_agent.contains("iPhone") {
        return ("smartphone", "Apple", "iPhone");
    }
    if user_agent.contains("iPad") {
        return ("tablet", "Apple", "iPad");
    }
    match os.map(|os| os.short_name) {
        Some("AND") if user_agent.contains("Mobile") => ("smartphone", "", ""),
        Some("AND") => ("tablet", "", ""),
        Some("MAC") => ("desktop", "Apple", ""),
        Some(_) => ("desktop", "", ""),
        None => ("", "", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::detect;

    #[test]
    fn firefox_on_linux_and_an_unknown_client() {
        let firefox =
            detect("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
        assert_eq!(firefox.device, "desktop");
        assert_eq!(
            firefox.os.as_ref().map(|os| (os.name, os.platform)),
            Some(("GNU/Linux", "x64"))
        );
        assert_eq!(
            firefox
                .client_info
                .as_ref()
                .map(|client| client["version"].clone()),
            Some("128.0".into())
        );
        let unknown = detect("Mozilla/5.0");
        assert_eq!(
            (unknown.client_info, unknown.device, unknown.os),
            (None, "", None)
        );
    }

    #[test]
    fn iphone_safari() {
        let phone = detect(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        );
        assert_eq!(
            (phone.device, phone.brand, phone.model),
            ("smartphone", "Apple", "iPhone")
        );
        assert_eq!(
            phone.os.as_ref().map(|os| os.version.as_str()),
            Some("17.5")
        );
    }
}
