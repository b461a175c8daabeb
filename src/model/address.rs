//! Addresses as a report may show them.

/// The address of a server without what may be secret in it: a user name and password, a query, a fragment.
///
/// Text that is no address at all is treated alike, and rather loses too much: all of it up to the last `@` goes.
pub fn without_credentials(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, address),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let shown = rest.split(['?', '#']).next().unwrap_or_default();
    match scheme {
        // What stands before is no scheme but a part of what is hidden.
        Some(scheme) if !scheme.contains(['@', '?', '#', '/']) => format!("{scheme}://{shown}"),
        Some(_) | None => shown.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_is_left() {
        for (address, shown) in [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
            (
                "https://rancher/k8s/clusters/c-1",
                "https://rancher/k8s/clusters/c-1",
            ),
            ("https://me:hunter2@host:6443/", "https://host:6443/"),
            ("https://me:hunter2/with/slashes@host", "https://host"),
            ("https://a@hunter2@host", "https://host"),
            ("me:hunter2@host", "host"),
            ("https://host/?token=hunter2", "https://host/"),
            ("https://host/#hunter2", "https://host/"),
            ("hunter2@x://host", "host"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(address), shown);
        }
    }
}
