//! Each folder of `tests/scan` is a case: one source file, and in `expected.json` what the scan finds in it.
//! A new case is a folder; `BLESS=1 cargo test --test scan` writes what is expected of it, to be read before it is
//! committed.

use std::fs;
use std::path::{Path, PathBuf};

use bino_hmr::scan::scan;
use serde_json::Value;

#[test]
fn every_case_is_scanned_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scan");
    let mut wrong = Vec::new();
    let mut cases = folders(&root);
    cases.sort();
    assert!(cases.len() > 10, "the cases are where this test looks for them");
    for case in cases {
        let input = source(&case);
        let bytes = fs::read(&input).expect("the source is readable");
        let facts = scan(&input.to_string_lossy(), &bytes);
        let mut found = serde_json::to_value(&facts).expect("facts are plain data");
        found.as_object_mut().expect("an object").remove("hash");
        let mut found = serde_json::to_string_pretty(&readable(found)).expect("JSON");
        found.push('\n');
        let file = case.join("expected.json");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &found).expect("the case is writable");
        } else if fs::read_to_string(&file).ok().as_ref() != Some(&found) {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\nBLESS=1 writes them", wrong.join("\n"));
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).expect("the cases are readable");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
}

fn source(case: &Path) -> PathBuf {
    let entries =
        fs::read_dir(case).expect("the case is readable").map(|entry| entry.expect("an entry").path());
    entries
        .into_iter()
        .find(|path| path.file_stem().is_some_and(|stem| stem == "input"))
        .expect("a file `input.*`")
}

/// Without what is empty, and with places as `line:column`.
fn readable(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            if let (2, Some(line), Some(column)) = (map.len(), map.get("line"), map.get("column")) {
                return Value::String(format!("{line}:{column}"));
            }
            let kept = map.into_iter().map(|(key, value)| (key, readable(value)));
            // Fields are in small letters, variants of an enum are not: those stay.
            let variant = |key: &str| key.starts_with(char::is_uppercase);
            Value::Object(kept.filter(|(key, value)| variant(key) || !is_empty(value)).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(readable).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}
