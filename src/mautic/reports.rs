//! Reports: the only way to read many group scores at once (FACTS 35). REST can read them, not
//! make them (FACTS N6).

use super::budget::Priority;
use super::request::Request;
use super::wire::{Page, Report, ReportPage};
use super::{Client, Error};

/// More reports than anybody has.
const REPORTS: u32 = 1_000;

impl Client {
    /// All reports, unpublished ones too: they can be read as well (FACTS 35).
    ///
    /// # Errors
    /// [`Error`]; status 403 when the role may not see reports.
    pub async fn reports(&self, priority: Priority) -> Result<Vec<Report>, Error> {
        let request = Request::get("/api/reports", priority).query("limit", REPORTS);
        let page: Page<Report> = self.page(request, "reports").await?;
        Ok(page.items)
    }

    /// A page of a report's rows, from page 1; one beyond the last is empty. Pages fit together
    /// only of a report with one order column (FACTS 36).
    ///
    /// # Errors
    /// [`Error`]; not found when the report was deleted.
    pub async fn report_page(
        &self,
        report: u32,
        page: u32,
        limit: u32,
        priority: Priority,
    ) -> Result<ReportPage, Error> {
        let request = Request::get("/api/reports/{id}", priority)
            .with(report)
            .query("limit", limit)
            .query("page", page);
        self.read(request, |answer| ReportPage::read(&answer)).await
    }
}
