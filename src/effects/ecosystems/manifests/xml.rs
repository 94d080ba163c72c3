//! Short ways through XML manifests: elements by their local name, since most of them have a default namespace.

use roxmltree::{Document, Node};

use super::gather::Gather;

/// Reads `path` as XML; says so when it cannot be parsed.
pub(crate) fn parse<'t>(gather: &mut Gather, path: &str, text: &'t str) -> Option<Document<'t>> {
    match Document::parse(text) {
        Ok(document) => Some(document),
        Err(error) => {
            gather.invalid(path, error);
            None
        }
    }
}

/// The children of `node` that are called `name`.
pub(crate) fn children<'a, 't: 'a>(node: Node<'a, 't>, name: &'a str) -> impl Iterator<Item = Node<'a, 't>> {
    node.children()
        .filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The first child of `node` at `path`.
pub(crate) fn at<'a, 't: 'a>(node: Node<'a, 't>, path: &[&'a str]) -> Option<Node<'a, 't>> {
    path.iter().try_fold(node, |node, name| children(node, name).next())
}

/// The text of the first child of `node` at `path`, trimmed.
pub(crate) fn text<'a, 't: 'a>(node: Node<'a, 't>, path: &[&'a str]) -> Option<&'a str> {
    at(node, path)?.text().map(str::trim)
}
