//! No circle of imports of more than two files inside a crate: what imports itself over others
//! cannot be read, moved or tested alone.

use super::sources::{Crate, crates, shown, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Files of one circle may be two: a noun and the child that it was cut from.
const CIRCLE_FILES_MAX: usize = 2;

#[test]
fn files_import_each_other_in_no_circle() {
    let mut found = Vec::new();
    for one in crates() {
        for circle in circles(&imports(&one)) {
            let files: Vec<String> = circle.iter().map(|path| shown(path)).collect();
            found.push(format!("{} files: {}", files.len(), files.join(" ")));
        }
    }
    assert!(found.is_empty(), "circles of imports:\n{}", found.join("\n"));
}

/// A file that no root declares is compiled by nobody, and read in vain.
#[test]
fn every_file_belongs_to_its_crate() {
    for one in crates() {
        let graph = imports(&one);
        for path in one.files().iter().filter(|path| !path.starts_with(one.folder.join("tests"))) {
            assert!(graph.contains_key(path), "{} is declared nowhere", shown(path));
        }
    }
}

#[test]
fn a_circle_over_super_and_braces_is_found() {
    let folder = std::env::temp_dir().join(format!("yinxin-circle-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join("src").join(name), text);
    write("lib.rs", "mod one; mod two; mod three;").unwrap();
    write("one.rs", "use crate::{two::{self}}; // use super::three;").unwrap();
    write("two.rs", "mod tests { fn a() { super::super::three::b(\"crate::one\"); } }").unwrap();
    write("three.rs", "use super::one::C;").unwrap();
    let name = "sample".to_owned();
    let sample = Crate { name, folder: folder.clone(), manifest: toml::Table::new() };
    let found = circles(&imports(&sample));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].len(), 3);
    std::fs::remove_dir_all(folder).unwrap();
}

type Graph = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// A module: the file that it lies in, and what it declares below itself.
#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeMap<String, Module>,
}

/// Who imports whom among the files of one crate, each of its roots read for itself.
fn imports(one: &Crate) -> Graph {
    let mut graph = Graph::new();
    let files = one.files();
    for root in files.iter().filter(|path| is_root(one, path)) {
        let tree = module(root, root.parent().unwrap(), &files);
        read(&tree, &tree, &mut Vec::new(), &mut graph);
    }
    graph
}

fn is_root(one: &Crate, path: &Path) -> bool {
    let inside = path.strip_prefix(&one.folder).unwrap();
    let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
    matches!(
        parts.as_slice(),
        ["src", "lib.rs" | "main.rs"]
            | ["build.rs"]
            | ["src", "bin", _]
            | ["tests" | "benches" | "examples", _]
            | ["tests", _, "main.rs"]
    )
}

/// The module of a file with everything that it declares; `below` is where its children lie.
fn module(file: &Path, below: &Path, files: &[PathBuf]) -> Module {
    let text = std::fs::read_to_string(file).unwrap();
    let mut children = BTreeMap::new();
    let words = tokens(&text);
    for at in 0..words.len().saturating_sub(2) {
        if words[at] != "mod" || words[at + 2] != ";" {
            continue;
        }
        let name = &words[at + 1];
        let flat = below.join(format!("{name}.rs"));
        let own = below.join(name);
        let named =
            file.parent().unwrap().join(file.file_stem().unwrap()).join(format!("{name}.rs"));
        for path in [flat, own.join("mod.rs"), named] {
            if files.contains(&path) {
                let below = path.parent().unwrap().join(name);
                let below = if path.ends_with("mod.rs") { own.clone() } else { below };
                children.insert(name.clone(), module(&path, &below, files));
                break;
            }
        }
    }
    Module { file: file.to_owned(), children }
}

fn read(root: &Module, here: &Module, at: &mut Vec<String>, graph: &mut Graph) {
    let text = std::fs::read_to_string(&here.file).unwrap();
    let edges = graph.entry(here.file.clone()).or_default();
    for path in paths(&tokens(&text), here) {
        let target = resolve(root, at, &path);
        edges.extend(target.filter(|file| *file != here.file));
    }
    for (name, child) in &here.children {
        at.push(name.clone());
        read(root, child, at, graph);
        at.pop();
    }
}

/// The file that a path from the module `at` leads to, as deep as modules go.
fn resolve(root: &Module, at: &[String], path: &[String]) -> Option<PathBuf> {
    let mut place: Vec<String> = at.to_vec();
    for (index, step) in path.iter().enumerate() {
        match step.as_str() {
            "crate" => place.clear(),
            "self" => {}
            "super" => drop(place.pop()?),
            _ if index > 0 || walk(root, &place)?.children.contains_key(step) => {
                place.push(step.clone());
            }
            _ => return None,
        }
    }
    let mut here = root;
    for step in &place {
        let Some(child) = here.children.get(step) else { break };
        here = child;
    }
    Some(here.file.clone())
}

fn walk<'a>(root: &'a Module, place: &[String]) -> Option<&'a Module> {
    place.iter().try_fold(root, |here, step| here.children.get(step))
}

/// Every path of a text that starts inside the crate; inline modules count as their file.
fn paths(words: &[String], here: &Module) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    // For each open brace: whether an inline module was opened by it.
    let mut open: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].as_str();
        let inline = open.iter().filter(|module| **module).count();
        let begins = at == 0 || words[at - 1] != "::";
        // Not the `use<…>` of a type, which captures lifetimes.
        if word == "use" && words.get(at + 1).is_some_and(|next| next != "<") {
            let mut trees = Vec::new();
            at = tree(words, at + 1, &Vec::new(), &mut trees);
            found.extend(trees.into_iter().filter_map(|path| outside(path, inline)));
            continue;
        }
        let starts = ["crate", "self", "super"].contains(&word) || here.children.contains_key(word);
        if begins && starts && words.get(at + 1).is_some_and(|next| next == "::") {
            let mut path = vec![word.to_owned()];
            while words.get(at + 1).is_some_and(|next| next == "::") && at + 2 < words.len() {
                path.push(words[at + 2].clone());
                at += 2;
            }
            found.extend(outside(path, inline));
        }
        match words[at].as_str() {
            "{" => open.push(at >= 2 && words[at - 2] == "mod"),
            "}" => drop(open.pop()),
            _ => {}
        }
        at += 1;
    }
    found
}

/// A path as it reads from the file's own module; one that stays inside an inline module is none.
fn outside(mut path: Vec<String>, inline: usize) -> Option<Vec<String>> {
    for _ in 0..inline {
        match path.first().map(String::as_str) {
            Some("super") => drop(path.remove(0)),
            Some("crate") => return Some(path),
            _ => return None,
        }
    }
    if path.first().is_some_and(|first| first != "super" && first != "crate") && inline > 0 {
        path.insert(0, "self".to_owned());
    }
    (!path.is_empty()).then_some(path)
}

/// The paths of a `use` tree from `at` on; returns where it ends.
fn tree(words: &[String], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    loop {
        match words.get(at).map(String::as_str) {
            Some("::") => at += 1,
            Some("{") => {
                at += 1;
                while words.get(at).is_some_and(|word| word != "}" && word != ";") {
                    at = tree(words, at, &path, found);
                    at += usize::from(words.get(at).is_some_and(|word| word == ","));
                }
                return at + 1;
            }
            Some("as") => at += 2,
            Some("," | "}" | ";") | None => {
                found.push(path);
                return at;
            }
            Some("self") if !path.is_empty() => at += 1,
            Some(step) => {
                path.push(step.to_owned());
                at += 1;
            }
        }
    }
}

/// The sets of more than the permitted files that reach each other.
fn circles(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let reached: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> =
        graph.keys().map(|file| (file, reach(graph, file))).collect();
    let mut found: Vec<BTreeSet<PathBuf>> = Vec::new();
    for (file, all) in &reached {
        let circle = all.iter().filter(|other| reached[*other].contains(*file));
        let circle: BTreeSet<PathBuf> = circle.map(|path| (*path).clone()).collect();
        if circle.len() > CIRCLE_FILES_MAX && !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

fn reach<'a>(graph: &'a Graph, from: &'a PathBuf) -> BTreeSet<&'a PathBuf> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&PathBuf> = vec![from];
    while let Some(file) = next.pop() {
        for other in graph.get(file).into_iter().flatten() {
            if reached.insert(other) {
                next.push(other);
            }
        }
    }
    reached
}
