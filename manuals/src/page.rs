//! A page: prose from `manuals/pages/`, with what the tables say in the places marked there.

/// The release's date and version, from the changelog of the packages.
const CHANGELOG: &str = include_str!("../../packaging/debian/changelog");

/// Replaces each line `.\" insert NAME` by the text of that name, and the words `@DATE@` and `@VERSION@`.
///
/// # Panics
/// Where page and names do not match: the page would lack something.
pub(crate) fn filled(template: &str, inserts: &[(&str, String)]) -> String {
    let mut used = Vec::new();
    let mut page = String::new();
    for line in template.lines() {
        let Some(name) = line.strip_prefix(".\\\" insert ") else {
            page += &line.replace("@DATE@", &date()).replace("@VERSION@", env!("CARGO_PKG_VERSION"));
            page.push('\n');
            continue;
        };
        let (name, text) =
            inserts.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("nothing to insert for {name}"));
        used.push(*name);
        page += text;
    }
    assert_eq!(used.len(), inserts.len(), "inserted: {used:?}");
    page
}

/// The date of the newest entry of the changelog, as in `2026-11-24`.
fn date() -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let signed = CHANGELOG.lines().find(|line| line.starts_with(" -- ")).expect("a signed entry of the changelog");
    let words: Vec<&str> = signed.rsplit('>').next().expect("a date").split_whitespace().collect();
    let [_, day, month, year, ..] = words.as_slice() else { panic!("no date: {signed}") };
    let month = MONTHS.iter().position(|name| name == month).expect("a month") + 1;
    format!("{year}-{month:02}-{day:0>2}")
}
