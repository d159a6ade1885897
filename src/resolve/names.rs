//! What a specifier says by itself, before anything is looked for.

/// Whether a specifier names something that is no file of the project: another origin, a module of the runtime, or
/// one that a plugin makes up.
pub(super) fn is_external(specifier: &str) -> bool {
    specifier.is_empty()
        || specifier.starts_with('\0')
        || specifier.starts_with("//")
        || ["/@id/", "/@vite/", "/@react-refresh", "@vite/client"]
            .iter()
            .any(|own| specifier.starts_with(own))
        || has_scheme(specifier)
}

/// `node:`, `https:`, `data:`, `virtual:`, `sass:`; a single letter is a drive of Windows.
fn has_scheme(specifier: &str) -> bool {
    let Some((scheme, _)) = specifier.split_once(':') else { return false };
    scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Without the query, and without the fragment where that cannot be part of a name.
pub(super) fn without_query(specifier: &str, fragments: bool) -> &str {
    let end = specifier.find('?').unwrap_or(specifier.len());
    let path = &specifier[..end];
    match path.find('#') {
        Some(at) if at > 0 && fragments => &path[..at],
        _ => path,
    }
}

/// `./x`, `../x`, `.` and `..`.
pub(super) fn is_relative(specifier: &str) -> bool {
    let rest = specifier.strip_prefix("..").or_else(|| specifier.strip_prefix('.'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The package that a bare specifier names: `a` of `a/b`, `@a/b` of `@a/b/c`.
pub(super) fn package_of(specifier: &str) -> &str {
    let names = if specifier.starts_with('@') { 2 } else { 1 };
    specifier.match_indices('/').nth(names - 1).map_or(specifier, |(at, _)| &specifier[..at])
}
