//! Runs a test again as a child process: in a namespace of its own, or as another user. Where the system does not permit
//! that, the test says loudly that it was skipped.

use std::io::Write;
use std::process::Command;

/// Set in the child, to the name of the test.
const INSIDE: &str = "BINO_TEST_INSIDE";

/// The name of the test, in the child.
pub fn inside() -> Option<String> {
    std::env::var(INSIDE).ok()
}

/// Says that a test is skipped, past the harness, which shows what `println!` prints only of tests that fail.
pub fn skip(test: &str, reason: &str) {
    let line = format!("\n!!! SKIPPED {test}: {reason}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

/// In the parent: runs the test of that name in a child that `wrap` starts, and gives `true`: there is nothing more to
/// do. In the child it gives `false`.
pub fn skips_or_runs(test: &str, wrap: &[&str]) -> bool {
    if inside().is_some() {
        return false;
    }
    let probe = Command::new(wrap[0]).args(&wrap[1..]).arg("true").output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        skip(test, &format!("this system does not permit `{}`", wrap.join(" ")));
        return true;
    }
    let exe = std::env::current_exe().unwrap();
    let output = Command::new(wrap[0])
        .args(&wrap[1..])
        .arg(exe)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, test)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("1 passed"), "{test} in `{}`:\n{text}", wrap.join(" "));
    true
}

/// Runs a command that has to succeed.
pub fn run(command: &str, args: &[&str]) {
    let output = Command::new(command).args(args).output().unwrap();
    assert!(output.status.success(), "{command} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
