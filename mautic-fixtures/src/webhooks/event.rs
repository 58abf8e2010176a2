//! The event types a hook can ask for.

/// One of Mautic's 14 webhook types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are Mautic's own, see `name`
pub enum EventType {
    CompanyPostSave,
    CompanyPostDelete,
    LeadChannelSubscriptionChanged,
    LeadCompanyChange,
    LeadPostDelete,
    LeadPostSaveNew,
    LeadPointsChange,
    LeadListChange,
    LeadPostSaveUpdate,
    EmailOnOpen,
    EmailOnSend,
    FormOnSubmit,
    PageOnHit,
    SmsOnSend,
}

impl EventType {
    /// The name in a hook's `triggers` and in a delivery's body.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CompanyPostSave => "mautic.company_post_save",
            Self::CompanyPostDelete => "mautic.company_post_delete",
            Self::LeadChannelSubscriptionChanged => "mautic.lead_channel_subscription_changed",
            Self::LeadCompanyChange => "mautic.lead_company_change",
            Self::LeadPostDelete => "mautic.lead_post_delete",
            Self::LeadPostSaveNew => "mautic.lead_post_save_new",
            Self::LeadPointsChange => "mautic.lead_points_change",
            Self::LeadListChange => "mautic.lead_list_change",
            Self::LeadPostSaveUpdate => "mautic.lead_post_save_update",
            Self::EmailOnOpen => "mautic.email_on_open",
            Self::EmailOnSend => "mautic.email_on_send",
            Self::FormOnSubmit => "mautic.form_on_submit",
            Self::PageOnHit => "mautic.page_on_hit",
            Self::SmsOnSend => "mautic.sms_on_send",
        }
    }
}
