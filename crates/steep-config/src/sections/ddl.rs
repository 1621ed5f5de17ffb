use crate::reader::Section;

/// Which statements change the schema on all nodes: command tags such as `CREATE TABLE` or
/// `ALTER TABLE ADD COLUMN`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ddl {
    /// Carried out everywhere at once.
    pub auto_apply: Vec<String>,
    /// Carried out after somebody approved.
    pub require_approval: Vec<String>,
    /// Left alone.
    pub exclude: Vec<String>,
}

impl Ddl {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let auto = ["CREATE TABLE", "ALTER TABLE ADD COLUMN", "CREATE INDEX", "DROP INDEX"];
        let approval = ["DROP TABLE", "ALTER TABLE DROP COLUMN", "TRUNCATE"];
        let read = Self {
            auto_apply: section.list("auto_apply", &auto),
            require_approval: section.list("require_approval", &approval),
            exclude: section.list("exclude", &["CREATE FUNCTION", "CREATE TRIGGER"]),
        };
        let lists = [
            ("auto_apply", &read.auto_apply),
            ("require_approval", &read.require_approval),
            ("exclude", &read.exclude),
        ];
        for (index, (key, list)) in lists.iter().enumerate() {
            for (other, earlier) in &lists[..index] {
                for command in list.iter().filter(|command| earlier.contains(command)) {
                    let key = if section.is_set(key) { key } else { other };
                    section.reject(key, format_args!("\"{command}\" is in two lists"), None);
                }
            }
        }
        read
    }
}
