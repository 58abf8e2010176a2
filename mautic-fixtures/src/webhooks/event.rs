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

    /// All types in the order the API lists them.
    pub const ALL: [Self; 14] = [
        Self::CompanyPostSave,
        Self::CompanyPostDelete,
        Self::LeadChannelSubscriptionChanged,
        Self::LeadCompanyChange,
        Self::LeadPostDelete,
        Self::LeadPostSaveNew,
        Self::LeadPointsChange,
        Self::LeadListChange,
        Self::LeadPostSaveUpdate,
        Self::EmailOnOpen,
        Self::EmailOnSend,
        Self::FormOnSubmit,
        Self::PageOnHit,
        Self::SmsOnSend,
    ];

    /// The label `/api/hooks/triggers` shows.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::CompanyPostSave => "Company Create/Update Event",
            Self::CompanyPostDelete => "Company Deleted Event",
            Self::LeadChannelSubscriptionChanged => "Contact Channel Subscription Change Event",
            Self::LeadCompanyChange => "Contact Company Subscription Change Event",
            Self::LeadPostDelete => "Contact Deleted Event",
            Self::LeadPostSaveNew => "Contact Identified Event",
            Self::LeadPointsChange => "Contact Points Changed Event",
            Self::LeadListChange => "Contact Segment Membership Change Event",
            Self::LeadPostSaveUpdate => "Contact Updated Event",
            Self::EmailOnOpen => "Email Open Event",
            Self::EmailOnSend => "Email Send Event",
            Self::FormOnSubmit => "Form Submit Event",
            Self::PageOnHit => "Page Hit Event",
            Self::SmsOnSend => "Text Send Event",
        }
    }

    /// The description `/api/hooks/triggers` shows, untranslated keys and misspellings included.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::CompanyPostSave => "Triggered when a company is created/updated",
            Self::CompanyPostDelete => "Triggered when a company is deleted",
            Self::LeadChannelSubscriptionChanged => {
                "Triggered when a contact's channel subscription status changes."
            }
            Self::LeadCompanyChange => {
                "Triggered when a commpany is added or removed to/from contact"
            }
            Self::LeadPostDelete => "Triggered when a contact is deleted.",
            Self::LeadPostSaveNew => "Triggered when a contact is identified.",
            Self::LeadPointsChange => "Triggered when a contact's points are modified.",
            Self::LeadListChange => "Triggered when a contact segment membership is changed",
            Self::LeadPostSaveUpdate => "Triggered when a contact is updated.",
            Self::EmailOnOpen => "mautic.email.webhook.event.open_desc",
            Self::EmailOnSend => "mautic.email.webhook.event.send_desc",
            Self::FormOnSubmit => "mautic.form.webhook.event.form.submit_desc",
            Self::PageOnHit => "mautic.page.webhook.event.hit_desc",
            Self::SmsOnSend => "mautic.sms.webhook.event.send_desc",
        }
    }
}
