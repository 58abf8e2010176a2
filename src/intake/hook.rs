//! Keeps the one webhook in Mautic that sends us deliveries.
//!
//! Mautic unpublishes a hook at its first failure unless it was edited within two days (FACTS 9),
//! and a hook that is unpublished breaks Mautic's own answers while it happens (FACTS N1). So it
//! is edited right after it was made, and again daily.

use super::{decode::EventType, poll::PollError, receiver::Secrets};
use crate::{
    clock::Clock,
    mautic::{Client, Error, HookDraft, HookPatch, Priority, wire::Hook},
    store::Settings,
};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt::Write, sync::Arc, time::Duration};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Time between two edits; Mautic forgives failures for two days.
const EDIT: SignedDuration = SignedDuration::from_hours(24);
/// How often it is looked at.
const CHECK: Duration = Duration::from_mins(5);
/// The setting that holds our hook's id in Mautic.
pub const ID: &str = "hook.id";
const SECRET: &str = "hook.secret";

/// What keeping the hook needs of Mautic.
#[async_trait::async_trait]
pub trait Hooks: Send + Sync + std::fmt::Debug {
    /// All hooks.
    async fn hooks(&self) -> Result<Vec<Hook>, Error>;
    /// Registers one.
    async fn new_hook(&self, draft: &HookDraft) -> Result<Hook, Error>;
    /// Edits one.
    async fn patch_hook(&self, id: u32, patch: &HookPatch) -> Result<Hook, Error>;
    /// Deletes one.
    async fn delete_hook(&self, id: u32) -> Result<bool, Error>;
}

#[async_trait::async_trait]
impl Hooks for Client {
    async fn hooks(&self) -> Result<Vec<Hook>, Error> {
        Self::hooks(self, Priority::Urgent).await
    }
    async fn new_hook(&self, draft: &HookDraft) -> Result<Hook, Error> {
        Self::new_hook(self, draft, Priority::Urgent).await
    }
    async fn patch_hook(&self, id: u32, patch: &HookPatch) -> Result<Hook, Error> {
        Self::patch_hook(self, id, patch, Priority::Urgent).await
    }
    async fn delete_hook(&self, id: u32) -> Result<bool, Error> {
        Self::delete_hook(self, id, Priority::Urgent).await
    }
}

/// How the hook should be.
#[derive(Debug, Clone)]
pub struct HookOptions {
    /// Name; together with the address it tells our hook from others.
    pub name: String,
    /// Where Mautic reaches our receiver.
    pub url: String,
    /// Whether to publish it again when Mautic has unpublished it.
    pub republish: bool,
}

/// What was found and done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookState {
    /// Registered just now.
    Registered,
    /// As it should be.
    Fine,
    /// It was as it should be, and was edited so that Mautic goes on to forgive failures.
    Edited,
    /// It was unpublished; deliveries were lost since. It is published again: poll the gap.
    Republished,
    /// It is unpublished and was left so.
    Unpublished,
}

impl HookState {
    /// Whether deliveries may have been lost: poll now.
    #[must_use]
    pub const fn has_gap(self) -> bool {
        matches!(
            self,
            Self::Registered | Self::Republished | Self::Unpublished
        )
    }
}

/// Keeps our hook. Run by one process at a time; twice at once is mended at the next check.
#[derive(Debug)]
pub struct HookKeeper<S: ?Sized, M: ?Sized> {
    store: Arc<S>,
    mautic: Arc<M>,
    secrets: Arc<Secrets>,
    options: HookOptions,
}

impl<S: Settings + ?Sized, M: Hooks + ?Sized> HookKeeper<S, M> {
    /// A keeper that hands the hook's secret to the receiver by `secrets`.
    #[must_use]
    pub fn new(store: Arc<S>, mautic: Arc<M>, secrets: Arc<Secrets>, options: HookOptions) -> Self {
        Self {
            store,
            mautic,
            secrets,
            options,
        }
    }

    /// Accepts deliveries signed with the secret of the last run. To be called before the
    /// receiver starts: Mautic may deliver before it can be asked.
    ///
    /// # Errors
    /// [`PollError::Store`] if the secret can't be read.
    pub async fn restore(&self) -> Result<(), PollError> {
        if let Some(secret) = self.secret().await? {
            self.secrets.replace(vec![secret]);
        }
        Ok(())
    }

    /// Keeps the hook until `stop`; `gap` is called when deliveries may have been lost.
    pub async fn run(&self, clock: &dyn Clock, stop: CancellationToken, gap: impl Fn() + Send) {
        let mut last = None;
        while !stop.is_cancelled() {
            match self.check_once(clock.now()).await {
                Ok(state) => {
                    // A hook that stays unpublished is one gap, not one every few minutes.
                    if state.has_gap() && last != Some(state) {
                        gap();
                    }
                    last = Some(state);
                }
                Err(error) => tracing::warn!(%error, "the hook could not be checked; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(CHECK) => {}
            }
        }
    }

    /// Makes or mends the hook; to be called at the start and every few minutes.
    ///
    /// # Errors
    /// [`PollError`] when Mautic or the store could not be asked; nothing is half done that the
    /// next call does not mend.
    pub async fn check_once(&self, now: Timestamp) -> Result<HookState, PollError> {
        let mut ours = self.ours().await?;
        let Some(hook) = ours.pop() else {
            return self.register(now).await;
        };
        for surplus in ours {
            tracing::warn!(hook = surplus.id, "deleting a second hook of ours");
            self.mautic.delete_hook(surplus.id).await?;
        }
        self.remember(&hook).await?;
        self.mend(hook, now).await
    }

    /// Hooks with our name or id that deliver to us; the one to keep last.
    async fn ours(&self) -> Result<Vec<Hook>, PollError> {
        let known = self.store.setting(ID).await?;
        let is_known = |hook: &Hook| known.as_ref().is_some_and(|id| *id == hook.id.to_string());
        let all = self.mautic.hooks().await?;
        let is_ours = |hook: &Hook| {
            hook.name == self.options.name && (is_known(hook) || hook.url == self.options.url)
        };
        let mut ours: Vec<_> = all.into_iter().filter(is_ours).collect();
        ours.sort_by_key(|hook| (is_known(hook), std::cmp::Reverse(hook.id)));
        Ok(ours)
    }

    async fn register(&self, now: Timestamp) -> Result<HookState, PollError> {
        let secret = new_secret();
        // Accepted and kept first: the first delivery may come before the answer.
        let former = self.secret().await?;
        self.store
            .put_setting(SECRET, secret.expose_secret())
            .await?;
        self.secrets
            .replace(former.into_iter().chain([secret.clone()]).collect());
        let draft = HookDraft {
            name: self.options.name.clone(),
            description: "Made and kept by topicscore".to_owned(),
            url: self.options.url.clone(),
            secret,
            triggers: triggers(),
        };
        let hook = self.mautic.new_hook(&draft).await?;
        self.store.put_setting(ID, &hook.id.to_string()).await?;
        self.edit(&hook, now).await?;
        tracing::info!(
            hook = hook.id,
            url = self.options.url,
            "registered the hook"
        );
        Ok(HookState::Registered)
    }

    /// Mautic shows the secret (FACTS 12), so what it shows is right.
    async fn remember(&self, hook: &Hook) -> Result<(), PollError> {
        let known = self.secret().await?;
        let same = known
            .as_ref()
            .is_some_and(|secret| secret.expose_secret() == hook.secret.expose_secret());
        if !same {
            self.store
                .put_setting(SECRET, hook.secret.expose_secret())
                .await?;
        }
        self.store.put_setting(ID, &hook.id.to_string()).await?;
        let former = if same { None } else { known };
        let secrets = former.into_iter().chain([hook.secret.clone()]);
        self.secrets.replace(secrets.collect());
        Ok(())
    }

    async fn mend(&self, hook: Hook, now: Timestamp) -> Result<HookState, PollError> {
        let missing = triggers()
            .iter()
            .any(|event| !hook.triggers.contains(event));
        if !hook.is_published {
            tracing::warn!(
                hook = hook.id,
                republish = self.options.republish,
                "Mautic has unpublished the hook: deliveries are lost, polling goes on"
            );
            if !self.options.republish {
                return Ok(HookState::Unpublished);
            }
            self.edit(&hook, now).await?;
            return Ok(HookState::Republished);
        }
        let recent = hook
            .modified_at
            .is_some_and(|edited| now.duration_since(edited) < EDIT);
        if recent && !missing && hook.url == self.options.url {
            return Ok(HookState::Fine);
        }
        self.edit(&hook, now).await?;
        Ok(HookState::Edited)
    }

    /// An edit that brings everything to what it should be, and moves the date.
    async fn edit(&self, hook: &Hook, now: Timestamp) -> Result<(), PollError> {
        let patch = HookPatch {
            url: Some(self.options.url.clone()),
            add_triggers: triggers(),
            is_published: Some(true),
            // Another text each day: an edit that changes nothing may not count as one.
            description: Some(format!("Made and kept by topicscore; last edited {now:.0}")),
            ..HookPatch::default()
        };
        self.mautic.patch_hook(hook.id, &patch).await?;
        Ok(())
    }

    async fn secret(&self) -> Result<Option<SecretString>, PollError> {
        Ok(self.store.setting(SECRET).await?.map(SecretString::from))
    }
}

fn triggers() -> Vec<String> {
    let used = EventType::ALL.into_iter().filter(|event| event.is_used());
    used.map(|event| event.name().to_owned()).collect()
}

/// 256 random bits.
fn new_secret() -> SecretString {
    let bytes: [u8; 32] = rand::rng().random();
    let mut text = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failing test may panic"
    )]

    use super::*;
    use crate::{
        intake::testing::{MemoryStore, at},
        mautic::signature,
    };
    use std::sync::Mutex;

    /// Hooks as Mautic keeps them.
    #[derive(Debug, Default)]
    struct FakeHooks {
        hooks: Mutex<Vec<Hook>>,
        edits: Mutex<u32>,
        lose_answer: Mutex<bool>,
    }

    fn hook(id: u32, name: &str, url: &str, secret: &str) -> Hook {
        Hook {
            id,
            name: name.to_owned(),
            url: url.to_owned(),
            secret: secret.into(),
            triggers: Vec::new(),
            order: None,
            is_published: true,
            modified_at: None,
        }
    }

    fn lost() -> Error {
        Error::Unsendable("lost".to_owned())
    }

    #[async_trait::async_trait]
    impl Hooks for FakeHooks {
        async fn hooks(&self) -> Result<Vec<Hook>, Error> {
            Ok(self.hooks.lock().unwrap().clone())
        }
        async fn new_hook(&self, draft: &HookDraft) -> Result<Hook, Error> {
            let mut hooks = self.hooks.lock().unwrap();
            let id = hooks.iter().map(|hook| hook.id).max().unwrap_or(0) + 1;
            let mut made = hook(id, &draft.name, &draft.url, draft.secret.expose_secret());
            made.triggers.clone_from(&draft.triggers);
            hooks.push(made.clone());
            if *self.lose_answer.lock().unwrap() {
                return Err(lost());
            }
            Ok(made)
        }
        async fn patch_hook(&self, id: u32, patch: &HookPatch) -> Result<Hook, Error> {
            let mut hooks = self.hooks.lock().unwrap();
            let hook = hooks.iter_mut().find(|hook| hook.id == id).unwrap();
            hook.url = patch.url.clone().unwrap_or(hook.url.clone());
            hook.triggers.extend(patch.add_triggers.clone());
            hook.is_published = patch.is_published.unwrap_or(hook.is_published);
            hook.modified_at = Some(at(NOW));
            *self.edits.lock().unwrap() += 1;
            Ok(hook.clone())
        }
        async fn delete_hook(&self, id: u32) -> Result<bool, Error> {
            self.hooks.lock().unwrap().retain(|hook| hook.id != id);
            Ok(true)
        }
    }

    const NOW: &str = "2026-11-21T22:00:00Z";
    const URL: &str = "http://scores.example.test/webhook";

    type Keeper = HookKeeper<MemoryStore, FakeHooks>;

    fn keeper(republish: bool) -> Keeper {
        let options = HookOptions {
            name: "topicscore".to_owned(),
            url: URL.to_owned(),
            republish,
        };
        HookKeeper::new(Arc::default(), Arc::default(), Arc::default(), options)
    }

    /// The keeper after a restart of the process.
    fn restarted(keeper: &Keeper) -> Keeper {
        let (store, mautic) = (Arc::clone(&keeper.store), Arc::clone(&keeper.mautic));
        HookKeeper::new(store, mautic, Arc::default(), keeper.options.clone())
    }

    async fn check(keeper: &Keeper, now: &str) -> HookState {
        keeper.check_once(at(now)).await.unwrap()
    }

    fn hooks(keeper: &Keeper) -> Vec<Hook> {
        keeper.mautic.hooks.lock().unwrap().clone()
    }

    fn accepts(keeper: &Keeper, secret: &SecretString) -> bool {
        keeper.secrets.signed(b"x", &signature::sign(secret, b"x"))
    }

    #[tokio::test]
    async fn registered_once_edited_at_once_and_daily() {
        let keeper = keeper(true);
        assert_eq!(check(&keeper, NOW).await, HookState::Registered);
        let made = hooks(&keeper);
        assert_eq!((made.len(), *keeper.mautic.edits.lock().unwrap()), (1, 1));
        assert_eq!(made[0].modified_at, Some(at(NOW)));
        assert_eq!(made[0].secret.expose_secret().len(), 64);
        assert!(made[0].triggers.contains(&"mautic.page_on_hit".to_owned()));
        assert!(
            !made[0]
                .triggers
                .iter()
                .any(|event| event.contains("company_post"))
        );
        assert!(accepts(&keeper, &made[0].secret));
        assert_eq!(
            check(&keeper, "2026-11-22T21:59:59Z").await,
            HookState::Fine
        );
        assert_eq!(
            check(&keeper, "2026-11-22T22:00:00Z").await,
            HookState::Edited
        );
        assert_eq!(hooks(&keeper).len(), 1);
    }

    #[tokio::test]
    async fn found_again_after_a_restart() {
        let first = keeper(true);
        check(&first, NOW).await;
        let keeper = restarted(&first);
        let secret = &hooks(&keeper)[0].secret;
        assert!(!accepts(&keeper, secret));
        keeper.restore().await.unwrap();
        assert!(accepts(&keeper, secret));
        assert_eq!(check(&keeper, NOW).await, HookState::Fine);
        assert_eq!(hooks(&keeper).len(), 1);
    }

    #[tokio::test]
    async fn a_lost_answer_makes_no_second_hook() {
        let keeper = keeper(true);
        *keeper.mautic.lose_answer.lock().unwrap() = true;
        assert!(keeper.check_once(at(NOW)).await.is_err());
        // Its deliveries are accepted already, and the edit is made up for.
        assert!(accepts(&keeper, &hooks(&keeper)[0].secret));
        assert_eq!(check(&keeper, NOW).await, HookState::Edited);
        assert_eq!(hooks(&keeper).len(), 1);
    }

    #[tokio::test]
    async fn two_hooks_of_ours_become_one_and_others_are_left_alone() {
        let keeper = keeper(true);
        let others = [
            hook(1, "crm", URL, "a"),
            hook(2, "topicscore", "http://other.example.test/webhook", "b"),
        ];
        keeper.mautic.hooks.lock().unwrap().extend(others);
        check(&keeper, NOW).await;
        keeper
            .mautic
            .hooks
            .lock()
            .unwrap()
            .push(hook(9, "topicscore", URL, "c"));
        assert_eq!(check(&keeper, NOW).await, HookState::Fine);
        let ids: Vec<_> = hooks(&keeper).iter().map(|hook| hook.id).collect();
        assert_eq!(ids, [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_unpublished_hook_is_noticed() {
        for (republish, state) in [
            (true, HookState::Republished),
            (false, HookState::Unpublished),
        ] {
            let keeper = keeper(republish);
            check(&keeper, NOW).await;
            keeper.mautic.hooks.lock().unwrap()[0].is_published = false;
            let found = check(&keeper, NOW).await;
            assert_eq!((found, found.has_gap()), (state, true));
            assert_eq!(hooks(&keeper)[0].is_published, republish);
        }
    }

    #[tokio::test]
    async fn a_new_secret_or_address_is_followed() {
        let first = keeper(true);
        check(&first, NOW).await;
        let old = hooks(&first)[0].secret.clone();
        first.mautic.hooks.lock().unwrap()[0].secret = "by hand".into();
        check(&first, NOW).await;
        assert!(accepts(&first, &old) && accepts(&first, &"by hand".into()));
        check(&first, NOW).await;
        assert!(!accepts(&first, &old) && accepts(&first, &"by hand".into()));
        let mut moved = restarted(&first);
        moved.options.url = "http://new.example.test/webhook".to_owned();
        assert_eq!(check(&moved, NOW).await, HookState::Edited);
        assert_eq!(hooks(&moved)[0].url, moved.options.url);
        assert_eq!(hooks(&moved).len(), 1);
    }
}
