//! What a module says to `import.meta.hot`, and what follows from it by Vite's rule.
//! Owns the data and that rule; `script` finds the calls.
//!
//! Vite's rule is textual (`lexAcceptedHmrDeps` in its import analysis): it looks for the very text
//! `import.meta.hot.accept` or `import.meta.hot?.accept` and at the first sign in the brackets. A quote begins a
//! dependency, a `[` a list of them, anything else means that the module accepts itself. The scan reads the syntax
//! tree instead, which gives the same results but where Vite's text differs from what the code means:
//!
//! - A comment between the bracket and the first argument makes Vite say "accepts itself"; here it is skipped.
//! - White space or a comment inside `import.meta . hot`, and `import.meta.hot['accept']`, escape Vite; here they
//!   count. In TypeScript Vite sees them too: it reads the printed code.
//! - `import.meta.hot.accept` without a call makes Vite read on to the next bracket; here it is no call.
//!
//! A call by another name (`const hot = import.meta.hot; hot.accept()`) is invisible to Vite. It is listed with
//! [`HotCall::alias`] set, and does not count in the verdicts below.

use serde::Serialize;

use super::position::Position;

/// Every call of a method of `import.meta.hot`, in the order of the text, conditional or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hot {
    /// The calls.
    pub calls: Vec<HotCall>,
}

/// One call of a method of `import.meta.hot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HotCall {
    /// Which method, with what of its arguments matters.
    pub method: HotMethod,
    /// Whether it is made through a variable that holds `import.meta.hot`, so that Vite does not see it. Such
    /// variables are told apart by name only.
    pub alias: bool,
    /// Where the call begins.
    pub position: Position,
}

/// A method of `import.meta.hot` with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum HotMethod {
    /// `accept()`, `accept(callback)`: the module accepts itself. So do a name or an expression as the first argument.
    AcceptSelf,
    /// `accept('./dep', callback)` and `accept(['./a', './b'], callback)`: these, as written. An empty list accepts
    /// nothing.
    AcceptDeps(Vec<Box<str>>),
    /// `accept` with a list that holds something else than strings: Vite refuses the module.
    AcceptUnreadable,
    /// `acceptExports('a')`, `acceptExports(['a', 'b'], callback)`: these names.
    AcceptExports(Vec<Box<str>>),
    /// `dispose(callback)`.
    Dispose,
    /// `prune(callback)`.
    Prune,
    /// `invalidate(message?)`; the message if it is a plain string.
    Invalidate(Option<Box<str>>),
    /// `decline()`, which does nothing in Vite.
    Decline,
    /// `on(event, callback)`; the event if it is a plain string.
    On(Option<Box<str>>),
    /// `off(event, callback)`; the event if it is a plain string.
    Off(Option<Box<str>>),
    /// `send(event, data)`; the event if it is a plain string.
    Send(Option<Box<str>>),
    /// Anything else, by its name.
    Other(Box<str>),
}

impl Hot {
    /// Whether it says that it accepts updates of itself. See also
    /// [`ModuleFacts::accepts_itself`](super::ModuleFacts::accepts_itself).
    pub fn accepts_itself(&self) -> bool {
        self.seen_by_vite().any(|method| matches!(method, HotMethod::AcceptSelf))
    }

    /// The specifiers whose updates Vite would say that it accepts (`acceptedHmrDeps`), in the order of the text.
    pub fn accepted_deps(&self) -> impl Iterator<Item = &str> {
        self.seen_by_vite()
            .filter_map(|method| match method {
                HotMethod::AcceptDeps(deps) => Some(deps),
                _ => None,
            })
            .flatten()
            .map(|dep| &**dep)
    }

    /// The exports whose updates it accepts (`acceptedHmrExports`); `None` when it never said.
    pub fn accepted_exports(&self) -> Option<Vec<&str>> {
        let lists: Vec<_> = self
            .seen_by_vite()
            .filter_map(|method| match method {
                HotMethod::AcceptExports(names) => Some(names),
                _ => None,
            })
            .collect();
        (!lists.is_empty()).then(|| lists.into_iter().flatten().map(|name| &**name).collect())
    }

    fn seen_by_vite(&self) -> impl Iterator<Item = &HotMethod> {
        self.calls.iter().filter(|call| !call.alias).map(|call| &call.method)
    }
}
