//! Deliveries, one a line; on a narrow terminal, two lines each.

use std::collections::HashMap;

use anstyle::{AnsiColor, Style};
use hookwright_api_types::delivery::DeliveryBody;
use hookwright_model::DeliveryState;

use crate::commands::delivery::report;
use crate::commands::output::{self, Table};

/// The most characters of the last column, where no terminal says.
const MAX_SUMMARY_CHARS: usize = 100;
/// The most columns of a name.
const MAX_NAME_COLUMNS: usize = 24;
/// How many columns of a terminal the longest row has to its last column; narrower ones fold it.
const FOLD_BELOW: usize = 180;
const STATE_COLUMN: usize = 2;
const HEAD: [&str; 7] = ["CREATED", "DELIVERY", "STATE", "ATTEMPTS", "LEAD", "WEBHOOK", "RESULT"];

pub(super) struct DeliveryTable {
    webhook_names: HashMap<String, String>,
    /// Columns of the terminal; none where no person reads it.
    width: Option<usize>,
    table: Table,
}

impl DeliveryTable {
    pub(super) fn new(webhook_names: HashMap<String, String>, width: Option<usize>) -> Self {
        Self { webhook_names, width, table: Table::default() }
    }

    /// The head and the first lines.
    pub(super) fn begin(&mut self, deliveries: &[DeliveryBody]) -> String {
        if self.is_folded() {
            return self.go_on(deliveries);
        }
        let rows = deliveries.iter().map(|delivery| self.row(delivery));
        let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
        self.table.styled(rows, style)
    }

    /// More lines.
    pub(super) fn go_on(&mut self, deliveries: &[DeliveryBody]) -> String {
        if self.is_folded() {
            return deliveries.iter().map(|delivery| self.folded(delivery)).collect();
        }
        let rows: Vec<_> = deliveries.iter().map(|delivery| self.row(delivery)).collect();
        self.table.styled(rows, style)
    }

    fn is_folded(&self) -> bool {
        self.width.is_some_and(|width| width < FOLD_BELOW)
    }

    fn row(&self, delivery: &DeliveryBody) -> [String; 7] {
        let room = self.width.map_or(MAX_SUMMARY_CHARS, |width| width.saturating_sub(150));
        [
            output::to_second(&delivery.created_at),
            delivery.id.clone(),
            delivery.state.clone(),
            delivery.attempt_count.to_string(),
            lead(delivery),
            self.webhook(delivery),
            output::fit(&summary(delivery), room),
        ]
    }

    /// What happened to whom on one line, and where to look on the next.
    fn folded(&self, delivery: &DeliveryBody) -> String {
        let room = self.width.unwrap_or(MAX_SUMMARY_CHARS);
        let [created, state] = [output::to_second(&delivery.created_at), format!("{:10}", delivery.state)];
        let whom =
            output::fit(&format!("{} → {}", lead(delivery), self.webhook(delivery)), room.saturating_sub(34));
        let first = Table::default().styled([[created, state, whom]], |column, cell| match column {
            1 => style(STATE_COLUMN, cell.trim()),
            _ => None,
        });
        let id = format!("  {}", delivery.id);
        let result = output::fit(&summary(delivery), room.saturating_sub(id.len() + 2));
        first + &Table::default().lines([[id, result]])
    }

    fn webhook(&self, delivery: &DeliveryBody) -> String {
        let name = self.webhook_names.get(&delivery.webhook);
        name.map_or_else(|| delivery.webhook.clone(), |name| output::fit(name, MAX_NAME_COLUMNS))
    }
}

/// The lead's name, or what else is known of it.
fn lead(delivery: &DeliveryBody) -> String {
    let lead = delivery.lead.as_ref();
    let known = lead.and_then(|lead| [&lead.name, &lead.email, &lead.phone].into_iter().flatten().next());
    known.map_or_else(|| "–".to_owned(), |name| output::fit(name, MAX_NAME_COLUMNS))
}

fn summary(delivery: &DeliveryBody) -> String {
    let test = if delivery.is_test() { "test: " } else { "" };
    let missing = delivery.lead.as_ref().map_or(0, |lead| lead.not_collected.len());
    let missing = match missing {
        0 => String::new(),
        1 => "; 1 field not collected".to_owned(),
        many => format!("; {many} fields not collected"),
    };
    format!("{test}{}{missing}", report::summary(delivery)).trim_start_matches("; ").to_owned()
}

/// The colour of a state.
fn style(column: usize, cell: &str) -> Option<Style> {
    if column != STATE_COLUMN {
        return None;
    }
    let state = DeliveryState::ALL.into_iter().find(|state| state.as_str() == cell)?;
    let colour = match state {
        DeliveryState::Delivered => AnsiColor::Green,
        DeliveryState::Pending | DeliveryState::Delivering => AnsiColor::Yellow,
        DeliveryState::Held => AnsiColor::Magenta,
        DeliveryState::Failed => AnsiColor::Red,
        DeliveryState::Skipped | DeliveryState::Cancelled => AnsiColor::BrightBlack,
    };
    Some(colour.on_default())
}

#[cfg(test)]
mod tests {
    use hookwright_api_types::delivery::ReceiptBody;
    use hookwright_api_types::event::LeadBody;

    use super::*;

    fn delivery(webhook: &str) -> DeliveryBody {
        DeliveryBody {
            id: "dlv_0198c0de7e577aaa80000123456789ab".to_owned(),
            event: "evt_1".to_owned(),
            webhook: webhook.to_owned(),
            project: "p".to_owned(),
            origin: "test".to_owned(),
            state: "delivered".to_owned(),
            reason: None,
            receipt: Some(ReceiptBody { reference: Some("contact/151".to_owned()), url: None }),
            attempt_count: 2,
            next_attempt_at: None,
            component: None,
            created_at: "2026-05-31T10:00:00.5Z".to_owned(),
            lead: Some(LeadBody {
                name: Some("李明".to_owned()),
                email: Some("li@example.com".to_owned()),
                phone: None,
                not_collected: vec!["phone".to_owned()],
            }),
        }
    }

    fn table(width: Option<usize>) -> DeliveryTable {
        DeliveryTable::new(HashMap::from([("whk_1".to_owned(), "HubSpot".to_owned())]), width)
    }

    #[test]
    fn a_line_has_the_lead_and_the_webhooks_name_or_its_id() {
        let mut table = table(None);
        let begun = table.begin(&[delivery("whk_1")]);
        let (head, first) = begun.split_once('\n').unwrap();
        assert_eq!(
            head,
            "CREATED               DELIVERY                              STATE      ATTEMPTS  LEAD  WEBHOOK  RESULT"
        );
        assert!(first.starts_with("2026-05-31T10:00:00Z  dlv_0198c0de7e577aaa80000123456789ab  "), "{first}");
        assert!(
            first.contains("\u{1b}[32mdelivered\u{1b}[0m  2         李明  HubSpot  test: contact/151;"),
            "{first}"
        );
        assert!(first.ends_with("1 field not collected\n"), "{first}");
        assert!(table.go_on(&[delivery("whk_2")]).contains("李明  whk_2"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [60, 80, 100, 179, 180, 220] {
            let mut long = delivery("whk_1");
            long.reason =
                Some("the target answered 429 and said a lot about it, in more words than fit".repeat(3));
            long.lead.as_mut().unwrap().name =
                Some("Maximiliane von und zu Hohenstein-Falkenberg".to_owned());
            for line in table(Some(width)).begin(&[long]).lines() {
                let plain = anstream::adapter::strip_str(line).to_string();
                assert!(output::width(&plain) <= width, "{width}: {plain}");
            }
        }
    }

    #[test]
    fn a_narrow_terminal_shows_the_lead_before_the_id() {
        let lines = table(Some(80)).begin(&[delivery("whk_1")]);
        let plain = anstream::adapter::strip_str(&lines).to_string();
        let expected = "\
            2026-05-31T10:00:00Z  delivered   李明 → HubSpot\n\
            \x20 dlv_0198c0de7e577aaa80000123456789ab  test: contact/151; 1 field not collected\n";
        assert_eq!(plain, expected);
    }
}
