//! One call of a method of `import.meta.hot`, with its arguments.
//! Owns how arguments are read, which is as Vite reads their text (see `scan::hot`); `visit` finds the calls.

use oxc_ast::ast::{Argument, ArrayExpression, ArrayExpressionElement, CallExpression, Expression};

use super::strings::{element_string, plain_argument};
use crate::scan::hot::HotMethod;

/// Names that tell a call of `import.meta.hot` from most other calls of a variable's methods.
pub(super) fn is_method(name: &str) -> bool {
    matches!(
        name,
        "accept" | "acceptExports" | "dispose" | "prune" | "invalidate" | "decline" | "on" | "off" | "send"
    )
}

/// A call of the method `name` of `import.meta.hot`.
pub(super) fn method(name: &str, call: &CallExpression<'_>, typescript: bool) -> HotMethod {
    let first = || call.arguments.first().and_then(plain_argument).map(|(text, _)| text.into());
    match name {
        "acceptExports" => HotMethod::AcceptExports(match call.arguments.first() {
            Some(Argument::ArrayExpression(list)) => {
                list.elements.iter().filter_map(element_string).map(Box::from).collect()
            }
            Some(argument) => plain_argument(argument).map(|(text, _)| text.into()).into_iter().collect(),
            None => Vec::new(),
        }),
        "accept" => accept(call, typescript),
        "dispose" => HotMethod::Dispose,
        "prune" => HotMethod::Prune,
        "invalidate" => HotMethod::Invalidate(first()),
        "decline" => HotMethod::Decline,
        "on" => HotMethod::On(first()),
        "off" => HotMethod::Off(first()),
        "send" => HotMethod::Send(first()),
        // Vite compares the first letters only.
        other if other.starts_with("accept") => accept(call, typescript),
        other => HotMethod::Other(other.into()),
    }
}

/// What `accept` accepts, by how its first argument begins: Vite looks no further.
fn accept(call: &CallExpression<'_>, typescript: bool) -> HotMethod {
    let first = call.arguments.first().and_then(Argument::as_expression);
    match first.map(|first| first_piece(first, typescript)) {
        Some(Expression::StringLiteral(dep)) => HotMethod::AcceptDeps(vec![dep.value.as_str().into()]),
        Some(Expression::TemplateLiteral(dep)) => match dep.single_quasi() {
            Some(dep) => HotMethod::AcceptDeps(vec![dep.as_str().into()]),
            None => HotMethod::AcceptUnreadable,
        },
        Some(Expression::ArrayExpression(list)) => accept_list(list),
        _ => HotMethod::AcceptSelf,
    }
}

/// The part of an expression that its text begins with: `a` of `a.b(c) + d`.
fn first_piece<'e, 'a>(mut expression: &'e Expression<'a>, typescript: bool) -> &'e Expression<'a> {
    loop {
        expression = match expression {
            Expression::BinaryExpression(it) => &it.left,
            Expression::LogicalExpression(it) => &it.left,
            Expression::ConditionalExpression(it) => &it.test,
            Expression::CallExpression(it) => &it.callee,
            Expression::TaggedTemplateExpression(it) => &it.tag,
            Expression::StaticMemberExpression(it) => &it.object,
            Expression::ComputedMemberExpression(it) => &it.object,
            // Vite reads TypeScript as it is printed again, without types and idle brackets.
            Expression::ParenthesizedExpression(it) if typescript => &it.expression,
            Expression::TSAsExpression(it) => &it.expression,
            Expression::TSSatisfiesExpression(it) => &it.expression,
            Expression::TSNonNullExpression(it) => &it.expression,
            other => return other,
        };
    }
}

fn accept_list(list: &ArrayExpression<'_>) -> HotMethod {
    let mut deps = Vec::with_capacity(list.elements.len());
    for element in &list.elements {
        match element_string(element) {
            Some(dep) => deps.push(dep.into()),
            // Vite's lexer skips commas, however many.
            None if matches!(element, ArrayExpressionElement::Elision(_)) => {}
            None => return HotMethod::AcceptUnreadable,
        }
    }
    HotMethod::AcceptDeps(deps)
}
