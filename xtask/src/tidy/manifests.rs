//! What every crate says about itself.

use cargo_metadata::{Metadata, Package};

use super::Finding;

/// Every crate without a licence or a description.
#[must_use]
pub fn findings(metadata: &Metadata) -> Vec<Finding> {
    metadata.workspace_packages().into_iter().flat_map(package_findings).collect()
}

fn package_findings(package: &Package) -> Vec<Finding> {
    let fields = [("license", &package.license), ("description", &package.description)];
    fields
        .into_iter()
        .filter(|(_, value)| value.as_deref().is_none_or(|value| value.trim().is_empty()))
        .map(|(field, _)| format!("{}: Cargo.toml has no {field}", package.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_licence_and_description_is_found() {
        let package = serde_json::json!({
            "name": "bare", "version": "0.1.0", "id": "bare", "dependencies": [], "targets": [],
            "features": {}, "manifest_path": "/bare/Cargo.toml", "description": " ",
        });
        let package: Package = serde_json::from_value(package).unwrap();
        let found = package_findings(&package);
        assert_eq!(
            found,
            ["bare: Cargo.toml has no license", "bare: Cargo.toml has no description"]
        );
    }
}
