//! A Markdown table with aligned columns.

/// The first row is the heading; the first column and the contenders' stand left.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let is_word = |column: usize| column == 0 || rows[0][column] == "contender";
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            if is_word(column) {
                text += &format!("| {cell:<width$} ");
            } else {
                text += &format!("| {cell:>width$} ");
            }
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                text += &if is_word(column) { format!("|{dashes}-") } else { format!("|{dashes}:") };
            }
            text += "|\n";
        }
    }
    text
}

/// A heading.
pub(super) fn words<const COUNT: usize>(words: [&str; COUNT]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// A number with so many decimals; a dash where there is none.
pub(super) fn digits(count: usize, number: Option<f64>) -> String {
    number.map_or("–".into(), |number| format!("{number:.count$}"))
}
