/// Whether a literal may mean something else at another time: `'now'`, `'today'` and the like, which
/// the input functions of dates and times turn into a value when they read them.
///
/// The type of a literal is not looked at. A text column whose default is the word `now` requires
/// approval for nothing; a date column that is different on each node would be worse.
///
/// ```
/// assert!(steep_ddl::is_moving_literal(" Today "));
/// assert!(steep_ddl::is_moving_literal("tomorrow 12:00"));
/// assert!(!steep_ddl::is_moving_literal("2026-01-31"));
/// ```
#[must_use]
pub fn is_moving_literal(text: &str) -> bool {
    const MOVING: [&str; 4] = ["now", "today", "tomorrow", "yesterday"];
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
    words.into_iter().any(|word| MOVING.iter().any(|moving| word.eq_ignore_ascii_case(moving)))
}
