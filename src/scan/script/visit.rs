//! One visit of a syntax tree for what the module record does not tell: `import()`, `require()`, `new URL()`,
//! `import.meta.glob()` and `import.meta.hot`.
//! Owns how each is recognised; `glob` and `hot_call` read the arguments. Never follows values through variables, except
//! the one that holds `import.meta.hot`.

use oxc_ast::ast::{
    BindingPattern, CallExpression, ExportNamedDeclaration, Expression, ImportExpression, NewExpression,
    Program, TSClassImplements, TSImportEqualsDeclaration, TSInterfaceDeclaration, TSModuleReference, TSType,
    TSTypeAliasDeclaration, TSTypeParameterDeclaration, TSTypeParameterInstantiation, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use rustc_hash::FxHashSet;

use super::strings::{plain_argument, plain_string};
use super::{glob, hot_call};
use crate::scan::Source;
use crate::scan::diagnostic::{Code, Diagnostic, Severity};
use crate::scan::facts::{Bindings, Glob, Import, ImportKind, ModuleFacts};
use crate::scan::hot::{HotCall, HotMethod};

/// Adds what is only in the tree.
pub(super) fn read(source: Source<'_>, program: &Program<'_>, facts: &mut ModuleFacts) {
    let first_call = facts.hot.calls.len();
    let typescript = program.source_type.is_typescript();
    let mut visitor =
        Visitor { source, typescript, facts, aliases: FxHashSet::default(), maybe_hot: Vec::new() };
    visitor.visit_program(program);
    let Visitor { aliases, maybe_hot, .. } = visitor;
    // A function can use the variable above the line that sets it, so the variables are known only now.
    let through = maybe_hot.into_iter().filter(|(name, _)| aliases.contains(name));
    facts.hot.calls.extend(through.map(|(_, call)| call));
    facts.hot.calls[first_call..].sort_by_key(|call| call.position);
}

struct Visitor<'s, 'a> {
    source: Source<'s>,
    typescript: bool,
    facts: &'s mut ModuleFacts,
    /// Variables that hold `import.meta.hot`.
    aliases: FxHashSet<&'a str>,
    /// Calls of methods that `import.meta.hot` has, of variables.
    maybe_hot: Vec<(&'a str, HotCall)>,
}

impl<'a> Visit<'a> for Visitor<'_, 'a> {
    // What is only in types does not run.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}
    fn visit_ts_type_parameter_declaration(&mut self, _: &TSTypeParameterDeclaration<'a>) {}
    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}
    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}
    fn visit_ts_class_implements(&mut self, _: &TSClassImplements<'a>) {}

    fn visit_export_named_declaration(&mut self, it: &ExportNamedDeclaration<'a>) {
        if !it.export_kind.is_type() {
            walk::walk_export_named_declaration(self, it);
        }
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        if let Some((specifier, start)) = plain_string(&it.source) {
            self.import(specifier, ImportKind::Dynamic, start);
        } else if let Expression::TemplateLiteral(template) = it.source.get_inner_expression()
            && let Some(pattern) = glob::of_template(template)
        {
            let position = self.source.position(it.span.start as usize);
            self.facts.globs.push(Glob::new(vec![pattern], position));
        }
        walk::walk_import_expression(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        match it.callee.get_inner_expression() {
            Expression::Identifier(name) if name.name == "require" => {
                if let Some((specifier, start)) = it.arguments.first().and_then(plain_argument) {
                    self.import(specifier, ImportKind::Require, start);
                }
            }
            callee => self.method_call(it, callee),
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        if let Expression::Identifier(name) = &it.callee
            && name.name == "URL"
            && let [url, base, ..] = it.arguments.as_slice()
            && base.as_expression().is_some_and(|base| is_meta_member(base, "url"))
            && let Some((specifier, start)) = plain_argument(url)
        {
            self.import(specifier, ImportKind::Url, start);
        }
        walk::walk_new_expression(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        match (&it.id, it.init.as_ref().map(Expression::get_inner_expression)) {
            (BindingPattern::BindingIdentifier(name), Some(value)) if is_meta_member(value, "hot") => {
                self.aliases.insert(name.name.as_str());
            }
            (BindingPattern::ObjectPattern(pattern), Some(Expression::ImportMeta(_))) => {
                for property in &pattern.properties {
                    if property.key.is_specific_static_name("hot")
                        && let BindingPattern::BindingIdentifier(name) = &property.value
                    {
                        self.aliases.insert(name.name.as_str());
                    }
                }
            }
            _ => {}
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        if let TSModuleReference::ExternalModuleReference(reference) = &it.module_reference {
            let literal = &reference.expression;
            self.import(literal.value.as_str(), ImportKind::Require, literal.span.start);
            if it.import_kind.is_type()
                && let Some(import) = self.facts.imports.last_mut()
            {
                import.type_only = true;
            }
        }
        walk::walk_ts_import_equals_declaration(self, it);
    }
}

impl<'a> Visitor<'_, 'a> {
    fn import(&mut self, specifier: &str, kind: ImportKind, start: u32) {
        self.facts.imports.push(Import {
            specifier: specifier.into(),
            kind,
            bindings: if kind == ImportKind::Url { Bindings::None } else { Bindings::Namespace },
            type_only: false,
            position: self.source.position(start as usize),
        });
    }

    fn method_call(&mut self, call: &CallExpression<'a>, callee: &Expression<'a>) {
        let Some(member) = callee.as_member_expression() else { return };
        let Some(method) = member.static_property_name() else { return };
        let object = member.object().get_inner_expression();
        let position = || self.source.position(call.span.start as usize);
        match object {
            Expression::ImportMeta(_) if method == "glob" => {
                if let Some(glob) = glob::of_call(call, position()) {
                    self.facts.globs.push(glob);
                }
            }
            Expression::Identifier(name) if hot_call::is_method(method) => {
                let call = HotCall {
                    method: hot_call::method(method, call, self.typescript),
                    alias: true,
                    position: position(),
                };
                self.maybe_hot.push((name.name.as_str(), call));
            }
            object if is_meta_member(object, "hot") => {
                let method = hot_call::method(method, call, self.typescript);
                if method == HotMethod::AcceptUnreadable {
                    let message = "`import.meta.hot.accept()` takes a string or a list of strings; \
                                   Vite refuses this module";
                    self.facts.diagnostics.push(Diagnostic::at(
                        Severity::Error,
                        Code::HotAccept,
                        message.to_owned(),
                        self.source.lines,
                        self.source.base + call.span.start as usize,
                    ));
                }
                let position = position();
                self.facts.hot.calls.push(HotCall { method, alias: false, position });
            }
            _ => {}
        }
    }
}

/// Whether an expression is `import.meta.<name>`, with or without `?.`.
fn is_meta_member(expression: &Expression<'_>, name: &str) -> bool {
    let expression = expression.get_inner_expression();
    let member = match expression {
        Expression::ChainExpression(chain) => chain.expression.as_member_expression(),
        other => other.as_member_expression(),
    };
    member.is_some_and(|member| {
        matches!(member.object().get_inner_expression(), Expression::ImportMeta(_))
            && member.static_property_name() == Some(name)
    })
}
