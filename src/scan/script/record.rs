//! Imports and exports as oxc's module record has them.
//! Owns which names go with which statement; never looks at the tree, so it also reads files that break off.

use oxc_parser::ParserReturn;
use oxc_syntax::module_record::{
    ExportEntry, ExportExportName, ExportImportName, ImportEntry, ImportImportName, ModuleRecord,
};

use crate::scan::Source;
use crate::scan::facts::{Bindings, Export, ExportSource, Import, ImportKind, ModuleFacts};

/// Adds the static imports and the exports.
pub(super) fn read(source: Source<'_>, parsed: &ParserReturn<'_>, facts: &mut ModuleFacts) {
    let record = &parsed.module_record;
    if !record.has_module_syntax {
        return;
    }
    imports(source, record, facts);
    exports(source, record, facts);
}

fn imports(source: Source<'_>, record: &ModuleRecord<'_>, facts: &mut ModuleFacts) {
    let mut requests: Vec<_> = record
        .requested_modules
        .iter()
        // That is what the parser makes up for a statement that breaks off.
        .filter(|(specifier, _)| !specifier.is_empty())
        .flat_map(|(specifier, requests)| requests.iter().map(move |request| (specifier, request)))
        .collect();
    requests.sort_unstable_by_key(|(_, request)| request.span.start);
    facts.imports.reserve(requests.len());
    // Both lists follow the text, so one pass over the entries serves all statements.
    let mut entries = record.import_entries.as_slice();
    let passed = passed_on(record);
    for (specifier, request) in requests {
        let (kind, (bindings, all_types)) = if request.is_import {
            let begin = entries
                .iter()
                .position(|entry| entry.statement_span.start >= request.statement_span.start)
                .unwrap_or(entries.len());
            let rest = &entries[begin..];
            let count =
                rest.iter().take_while(|entry| entry.statement_span == request.statement_span).count();
            let (own, after) = rest.split_at(count);
            entries = after;
            (ImportKind::Static, imported(own))
        } else {
            let begin =
                passed.partition_point(|entry| entry.statement_span.start < request.statement_span.start);
            let rest = passed[begin..].iter().copied();
            (
                ImportKind::ReExport,
                re_exported(rest.take_while(|entry| entry.statement_span == request.statement_span)),
            )
        };
        facts.imports.push(Import {
            specifier: specifier.as_str().into(),
            kind,
            bindings,
            type_only: request.is_type || all_types,
            position: source.position(request.span.start as usize),
        });
    }
}

/// What the entries of one import statement take, and whether that is types only.
fn imported(entries: &[ImportEntry<'_>]) -> (Bindings, bool) {
    let types = !entries.is_empty() && entries.iter().all(|entry| entry.is_type);
    let taken = entries.iter().filter(|entry| types || !entry.is_type);
    let mut names = Vec::new();
    for entry in taken {
        match &entry.import_name {
            ImportImportName::NamespaceObject => return (Bindings::Namespace, types),
            ImportImportName::Name(name) => push_once(&mut names, name.name.as_str()),
            ImportImportName::Default(_) => push_once(&mut names, "default"),
        }
    }
    (if names.is_empty() { Bindings::None } else { Bindings::Names(names) }, types)
}

/// What all `export … from` statements take, by statement.
fn passed_on<'r, 'a>(record: &'r ModuleRecord<'a>) -> Vec<&'r ExportEntry<'a>> {
    let mut entries: Vec<_> =
        record.star_export_entries.iter().chain(&record.indirect_export_entries).collect();
    entries.sort_by_key(|entry| entry.statement_span.start);
    entries
}

/// What the entries of one `export … from` statement take, and whether that is types only.
fn re_exported<'r, 'a: 'r>(entries: impl Iterator<Item = &'r ExportEntry<'a>> + Clone) -> (Bindings, bool) {
    let types = entries.clone().next().is_some() && entries.clone().all(|entry| entry.is_type);
    let mut names = Vec::new();
    for entry in entries.filter(|entry| types || !entry.is_type) {
        match &entry.import_name {
            ExportImportName::Name(name) => push_once(&mut names, name.name.as_str()),
            ExportImportName::AllButDefault => return (Bindings::Star, types),
            ExportImportName::All | ExportImportName::Null => return (Bindings::Namespace, types),
        }
    }
    (if names.is_empty() { Bindings::None } else { Bindings::Names(names) }, types)
}

fn push_once(names: &mut Vec<Box<str>>, name: &str) {
    // Lists of names are short, and an export is taken twice by one statement almost never.
    if names.len() > 64 || !names.iter().any(|known| &**known == name) {
        names.push(name.into());
    }
}

fn exports(source: Source<'_>, record: &ModuleRecord<'_>, facts: &mut ModuleFacts) {
    let mut found: Vec<_> = record
        .local_export_entries
        .iter()
        .chain(&record.indirect_export_entries)
        .filter_map(|entry| {
            let (name, span) = match &entry.export_name {
                ExportExportName::Name(name) => (name.name.as_str(), name.span),
                ExportExportName::Default(span) => ("default", *span),
                ExportExportName::Null => return None,
            };
            Some((span.start, name, entry))
        })
        // As above.
        .filter(|(_, name, _)| !name.is_empty())
        .collect();
    found.sort_by_key(|(start, ..)| *start);
    facts.exports.names.extend(found.into_iter().map(|(start, name, entry)| Export {
        name: name.into(),
        from: export_source(record, entry),
        type_only: entry.is_type,
        position: source.position(start as usize),
    }));
    let stars = record.star_export_entries.iter().filter(|entry| !entry.is_type);
    let specifiers = stars.filter_map(|entry| entry.module_request.as_ref());
    facts.exports.stars.extend(specifiers.map(|request| Box::from(request.name.as_str())));
}

/// Where a name that is only passed on comes from.
fn export_source(record: &ModuleRecord<'_>, entry: &ExportEntry<'_>) -> Option<ExportSource> {
    let request = entry.module_request.as_ref()?;
    let imported = match &entry.import_name {
        ExportImportName::Name(name) => {
            // `import local from 'x'; export { local }`: oxc keeps the local name here, which the other module does
            // not know. The statement is then the import.
            let begin = record
                .import_entries
                .partition_point(|import| import.statement_span.start < entry.statement_span.start);
            // A default import comes first in its statement.
            let first = record.import_entries.get(begin).filter(|import| {
                import.statement_span == entry.statement_span && import.import_name.is_default()
            });
            let default = first.is_some_and(|import| import.local_name.span == name.span);
            Some(if default { "default".into() } else { name.name.as_str().into() })
        }
        _ => None,
    };
    Some(ExportSource { specifier: request.name.as_str().into(), imported })
}
