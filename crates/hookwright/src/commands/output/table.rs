//! Aligned columns.

use super::escaped;

/// Columns as wide as the widest cell so far; the last one is as long as it is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    widths: Vec<usize>,
}

impl Table {
    /// The rows as lines. Lines that follow later align with these, as far as their cells fit.
    pub(crate) fn lines<const N: usize>(&mut self, rows: impl IntoIterator<Item = [String; N]>) -> String {
        let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|cell| one_line(&cell))).collect();
        self.widths.resize(N, 0);
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &[String]) -> String {
        let cells: String =
            row.iter().zip(&self.widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        format!("{}\n", cells.trim_end())
    }
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
    fn a_cell_has_one_line() {
        let lines = Table::default().lines([row(["a\nb", "c\u{7}", "d"])]);
        assert_eq!(lines, "a\\nb  c\\u{7}  d\n");
    }
}
