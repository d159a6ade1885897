//! Globs: `import.meta.glob` with its options, and templates in `import()`.
//! Owns how they are read; never looks for files.

use oxc_ast::ast::{Argument, CallExpression, Expression, ObjectPropertyKind, TemplateLiteral};

use super::strings::{element_string, plain_argument, plain_string};
use crate::scan::facts::Glob;
use crate::scan::position::Position;

/// `` `./pages/${name}.js` `` as the glob that Vite's dynamic imports make of it: relative, and with an extension.
pub(super) fn of_template(template: &TemplateLiteral<'_>) -> Option<Box<str>> {
    let parts: Option<Vec<_>> =
        template.quasis.iter().map(|quasi| Some(quasi.value.cooked.as_ref()?.as_str())).collect();
    let parts = parts?;
    let (first, last) = (parts.first()?, parts.last()?);
    let relative = first.starts_with("./") || first.starts_with("../");
    let extension = last.rsplit('/').next().is_some_and(|name| name.contains('.'));
    (relative && extension && !parts.iter().any(|part| part.contains('*')))
        .then(|| parts.join("*").replace("**", "*").into())
}

/// The arguments of an `import.meta.glob` call; `None` if the patterns are computed.
pub(super) fn of_call(call: &CallExpression<'_>, position: Position) -> Option<Glob> {
    let patterns = match call.arguments.first()? {
        Argument::ArrayExpression(list) => {
            list.elements.iter().filter_map(element_string).map(Box::from).collect()
        }
        argument => vec![plain_argument(argument)?.0.into()],
    };
    let mut glob = Glob::new(patterns, position);
    if let Some(Argument::ObjectExpression(options)) = call.arguments.get(1) {
        for property in &options.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else { continue };
            let Some(name) = property.key.static_name() else { continue };
            let text = || plain_string(&property.value).map(|(text, _)| text.into());
            let yes = || matches!(property.value.get_inner_expression(), Expression::BooleanLiteral(it) if it.value);
            match name.as_ref() {
                "eager" => glob.eager = yes(),
                "exhaustive" => glob.exhaustive = yes(),
                "import" => glob.import = text(),
                "query" => glob.query = text(),
                "base" => glob.base = text(),
                _ => {}
            }
        }
    }
    Some(glob)
}

impl Glob {
    /// A lazy one, of these patterns.
    pub(super) fn new(patterns: Vec<Box<str>>, position: Position) -> Self {
        Self { patterns, eager: false, import: None, query: None, base: None, exhaustive: false, position }
    }
}
