//! Aligned columns.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::escaped;

/// Columns as wide as the widest cell so far; the last one is as long as it is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    widths: Vec<usize>,
}

impl Table {
    /// The rows as lines. Lines that follow later align with these, as far as their cells fit.
    pub(crate) fn lines<const N: usize>(&mut self, rows: impl IntoIterator<Item = [String; N]>) -> String {
        self.styled(rows, |_, _| None)
    }

    /// The rows as lines, some cells in a style, by their column and text.
    pub(crate) fn styled<const N: usize>(
        &mut self,
        rows: impl IntoIterator<Item = [String; N]>,
        style: impl Fn(usize, &str) -> Option<Style>,
    ) -> String {
        let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|cell| one_line(&cell))).collect();
        self.widths.resize(N, 0);
        for row in &rows {
            for (widest, cell) in self.widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        rows.iter().map(|row| self.line(row, &style)).collect()
    }

    fn line(&self, row: &[String], style: impl Fn(usize, &str) -> Option<Style>) -> String {
        let last = row.iter().rposition(|cell| !cell.is_empty()).unwrap_or_default();
        let cells =
            row.iter().zip(&self.widths).enumerate().take(last + 1).map(|(column, (cell, widest))| {
                let padding = if column == last { 0 } else { widest - width(cell) + 2 };
                let shown = match style(column, cell) {
                    Some(style) => format!("{style}{cell}{style:#}"),
                    None => cell.clone(),
                };
                format!("{shown}{:padding$}", "")
            });
        format!("{}\n", cells.collect::<String>())
    }
}

/// How many columns of a terminal a text takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

fn one_line(cell: &str) -> String {
    escaped(cell, char::is_control).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 3]) -> [String; 3] {
        cells.map(str::to_owned)
    }

    #[test]
    fn columns_align_and_stay_aligned() {
        let mut table = Table::default();
        let first = table.lines([row(["ID", "NAME", "URL"]), row(["1", "größer", "https://example.com"])]);
        assert_eq!(first, "ID  NAME    URL\n1   größer  https://example.com\n");
        assert_eq!(table.lines([row(["22", "b", ""])]), "22  b\n");
        assert_eq!(table.lines([row(["333", "b", "c"])]), "333  b       c\n");
    }

    #[test]
    fn wide_characters_take_two_columns_and_styles_none() {
        let bold = Style::new().bold();
        let rows = [row(["李明", "x", ""]), row(["Ann", "y", ""])];
        let text = Table::default().styled(rows, |column, _| (column == 0).then_some(bold));
        assert_eq!(text, "\u{1b}[1m李明\u{1b}[0m  x\n\u{1b}[1mAnn\u{1b}[0m   y\n");
    }

    #[test]
    fn a_cell_has_one_line() {
        let lines = Table::default().lines([row(["a\nb", "c\u{7}", "d"])]);
        assert_eq!(lines, "a\\nb  c\\u{7}  d\n");
    }
}
