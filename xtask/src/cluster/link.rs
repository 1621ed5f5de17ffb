//! `cluster link`: tells a link what to do.

use anyhow::{Context as _, Result, bail};

use super::description::{Description, FILE};
use super::{LinkOptions, links};
use crate::say;

pub(super) fn run(options: &LinkOptions) -> Result<()> {
    let folder = &options.folder.dir;
    let Some(description) = Description::read(folder)? else {
        bail!("there are no clusters in {}: it has no {FILE}", folder.display());
    };
    let LinkOptions { from, to, order, .. } = options;
    let link = description.links.iter().find(|link| link.from == *from && link.to == *to);
    let Some(link) = link else {
        let all: Vec<_> =
            description.links.iter().map(|link| format!("{}-{}", link.from, link.to)).collect();
        bail!("there is no link from {from} to {to}; there are: {}", all.join(", "));
    };
    let control = link
        .proxy_control
        .as_deref()
        .with_context(|| "these links have no proxies; run `cluster up` with --proxies")?;
    links::say(control, *order)?;
    say::progress(format!("link from {from} to {to}: {order}"));
    Ok(())
}
