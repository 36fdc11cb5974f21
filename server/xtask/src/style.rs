//! One style sheet out of the files in `style/`.
//!
//! `style/index.css` names them in order, each with `@import "name.css";` on a line of its own: plain CSS, so the
//! order can be read, and moved, in one place. Comments and superfluous white space go.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Joins and shrinks the style sheets of a folder.
///
/// # Errors
/// When `index.css` or a file that it names cannot be read, or when it holds anything but imports and comments.
pub fn bundle(folder: &Path) -> Result<String> {
    let mut style = String::new();
    for name in imports(&shrink(&read(&folder.join("index.css"))?))? {
        style.push_str(&shrink(&read(&folder.join(name))?));
        style.push('\n');
    }
    Ok(style)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

fn imports(index: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for rule in index.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
        let name = rule.strip_prefix("@import").map(|name| name.trim().trim_matches('"'));
        match name {
            Some(name) if name.ends_with(".css") => names.push(name.to_owned()),
            _ => bail!("style/index.css may only hold lines like `@import \"board.css\";`, not `{rule}`"),
        }
    }
    Ok(names)
}

/// Drops comments, and makes each run of white space one space, or none beside a brace or semicolon. What is in
/// quotes stays as it is.
fn shrink(css: &str) -> String {
    let mut shrunk = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' | '\'' => quoted_len(rest, first),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => first.len_utf8(),
        };
        let (piece, tail) = rest.split_at(taken);
        rest = tail;
        if piece.starts_with("/*") || first.is_whitespace() {
            push_space(&mut shrunk);
        } else {
            if matches!(first, '{' | '}' | ';') && shrunk.ends_with(' ') {
                shrunk.pop();
            }
            shrunk.push_str(piece);
        }
    }
    shrunk.trim_end().to_owned()
}

fn push_space(text: &mut String) {
    if !(text.is_empty() || text.ends_with([' ', '{', '}', ';'])) {
        text.push(' ');
    }
}

/// How many bytes the quoted text at the start takes, with both quotes.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{imports, shrink};

    #[test]
    fn drops_comments_and_needless_space() {
        let css = "/* Tokens */\n:root {\n  --gap: 4px;\n  --font: \"A  /* b */ ; {\";\n}\n\n.a  .b , .c { margin: 0 auto }\n";
        assert_eq!(shrink(css), ":root{--gap: 4px;--font: \"A  /* b */ ; {\";}.a .b , .c{margin: 0 auto}");
    }

    #[test]
    fn keeps_the_spaces_that_mean_something() {
        assert_eq!(shrink("a :hover{width:calc(1px + 2px)}"), "a :hover{width:calc(1px + 2px)}");
        assert_eq!(shrink("a/**/b{}"), "a b{}");
        assert_eq!(shrink("a{content:'\\'/*'}"), "a{content:'\\'/*'}");
    }

    #[test]
    fn an_index_holds_imports_only() {
        let index = shrink("/* Order matters. */\n@import \"tokens.css\";\n@import \"base.css\";\n");
        assert_eq!(imports(&index).expect("two imports"), ["tokens.css", "base.css"]);
        assert!(imports("body{color:red}").is_err());
    }
}
