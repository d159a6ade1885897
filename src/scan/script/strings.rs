//! Strings that can be read off the source: literals, and templates without `${}`.
//! Owns what counts as one; never computes anything.

use oxc_ast::ast::{Argument, ArrayExpressionElement, Expression};

/// The text of an element of a list, as [`plain_string`].
pub(super) fn element_string<'e>(element: &'e ArrayExpressionElement<'_>) -> Option<&'e str> {
    plain_string(element.as_expression()?).map(|(text, _)| text)
}

/// The text of an argument, as [`plain_string`].
pub(super) fn plain_argument<'e>(argument: &'e Argument<'_>) -> Option<(&'e str, u32)> {
    plain_string(argument.as_expression()?)
}

/// The text of a string, or of a template literal without `${}`; and where it begins.
pub(super) fn plain_string<'e>(expression: &'e Expression<'_>) -> Option<(&'e str, u32)> {
    match expression.get_inner_expression() {
        Expression::StringLiteral(literal) => Some((literal.value.as_str(), literal.span.start)),
        Expression::TemplateLiteral(template) => match template.quasis.as_slice() {
            [only] => Some((only.value.cooked.as_ref()?.as_str(), template.span.start)),
            _ => None,
        },
        _ => None,
    }
}
