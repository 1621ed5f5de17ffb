//! One test per PostgreSQL major.

/// Makes every function a module with the tests `pg16`, `pg17` and `pg18`.
///
/// The function takes the [`Major`](crate::Major) and may return what a test may return. Its body
/// sees what the place of the macro sees.
///
/// ```no_run
/// use steep_testkit::{ClusterError, Major, PgCluster, on_each_major};
///
/// on_each_major! {
///     fn a_table_can_be_made(major: Major) -> Result<(), ClusterError> {
///         PgCluster::builder(major).start()?.execute("postgres", "create table t (id int)")
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_each_major {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($major:ident: $kind:ty) $(-> $result:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn on($major: $kind) $(-> $result)? $body

            #[test]
            fn pg16() $(-> $result)? {
                on($crate::Major::V16)
            }

            #[test]
            fn pg17() $(-> $result)? {
                on($crate::Major::V17)
            }

            #[test]
            fn pg18() $(-> $result)? {
                on($crate::Major::V18)
            }
        }
    )*};
}
