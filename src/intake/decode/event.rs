//! The event types of Mautic 5.1.1's webhooks.

/// One of the 14 types a hook can subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// A company was deleted.
    CompanyDeleted,
    /// A company was created or changed.
    CompanySaved,
    /// An email's pixel was loaded, once per load (FACTS 76).
    EmailOpened,
    /// An email was handed to the mailer.
    EmailSent,
    /// A form was submitted.
    FormSubmitted,
    /// A contact may, or may not, be contacted on a channel.
    SubscriptionChanged,
    /// A contact joined or left a company.
    ContactCompanyChanged,
    /// A contact joined or left a segment.
    SegmentChanged,
    /// A contact's main points changed.
    PointsChanged,
    /// A contact was deleted or merged away.
    ContactDeleted,
    /// A contact became known.
    ContactIdentified,
    /// A known contact was changed.
    ContactUpdated,
    /// A page or URL was visited, or a tracked link clicked.
    PageHit,
    /// A text message was sent.
    SmsSent,
}

impl EventType {
    /// All types.
    pub const ALL: [Self; 14] = [
        Self::CompanyDeleted,
        Self::CompanySaved,
        Self::EmailOpened,
        Self::EmailSent,
        Self::FormSubmitted,
        Self::SubscriptionChanged,
        Self::ContactCompanyChanged,
        Self::SegmentChanged,
        Self::PointsChanged,
        Self::ContactDeleted,
        Self::ContactIdentified,
        Self::ContactUpdated,
        Self::PageHit,
        Self::SmsSent,
    ];

    /// Mautic's name, such as `mautic.page_on_hit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CompanyDeleted => "mautic.company_post_delete",
            Self::CompanySaved => "mautic.company_post_save",
            Self::EmailOpened => "mautic.email_on_open",
            Self::EmailSent => "mautic.email_on_send",
            Self::FormSubmitted => "mautic.form_on_submit",
            Self::SubscriptionChanged => "mautic.lead_channel_subscription_changed",
            Self::ContactCompanyChanged => "mautic.lead_company_change",
            Self::SegmentChanged => "mautic.lead_list_change",
            Self::PointsChanged => "mautic.lead_points_change",
            Self::ContactDeleted => "mautic.lead_post_delete",
            Self::ContactIdentified => "mautic.lead_post_save_new",
            Self::ContactUpdated => "mautic.lead_post_save_update",
            Self::PageHit => "mautic.page_on_hit",
            Self::SmsSent => "mautic.sms_on_send",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// Whether it tells anything that is kept; the hook subscribes to these only.
    #[must_use]
    pub const fn is_used(self) -> bool {
        !matches!(self, Self::CompanyDeleted | Self::CompanySaved)
    }
}
