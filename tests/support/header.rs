//! Reads the functions of `include/cosimg.h`. The header is generated, so that a plain reader is enough.
#![allow(dead_code, reason = "each test uses a part")]

/// A parameter as `type name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// A function declaration.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) result: String,
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
}

pub(crate) fn functions() -> Vec<Function> {
    let text = include_str!("../../include/cosimg.h");
    let (_, body) = text.split_once("extern \"C\" {").expect("the functions are in one extern \"C\" block");
    let mut code = String::new();
    for line in body.lines().take_while(|line| !line.starts_with('}')) {
        let line = line.trim();
        if !(line.starts_with("/*") || line.starts_with('*') || line.starts_with('#')) {
            code.push_str(line);
            code.push(' ');
        }
    }
    code.split(';').filter_map(function).collect()
}

fn function(declaration: &str) -> Option<Function> {
    let (head, rest) = declaration.trim().split_once('(')?;
    let head = parameter(head);
    let list = rest.trim_end().trim_end_matches(')');
    let parameters = if list == "void" { Vec::new() } else { list.split(',').map(parameter).collect() };
    Some(Function { result: head.kind, name: head.name, parameters })
}

fn parameter(text: &str) -> Parameter {
    let text = text.trim();
    let start = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    Parameter { kind: text[..start].trim().to_owned(), name: text[start..].to_owned() }
}
