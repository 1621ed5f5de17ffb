//! The page about each statement says what the table says.

#[path = "../examples/reference.rs"]
#[allow(dead_code, reason = "the program itself is not run here")]
mod reference;

#[test]
fn the_page_is_made_of_the_table() {
    let page = include_str!("../../../docs/reference/ddl.md");
    let made = reference::page();
    let differing = made.lines().zip(page.lines()).find(|(made, page)| made != page);
    assert_eq!(
        differing, None,
        "cargo run -q -p steep-ddl --example reference > docs/reference/ddl.md"
    );
    assert_eq!(made.lines().count(), page.lines().count());
}
