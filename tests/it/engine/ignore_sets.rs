//! Generated .dockerignore files, and a tree of files for them to match: the same ones in every run.

/// Files; folders are where files are. Odd names among them: what is special in a pattern, a regular expression or a
/// shell is legal in a name.
pub const FILES: &[&str] = &[
    "#hash",
    "!bang",
    "$x",
    "(x).md",
    ".dockerignore.bak",
    ".env",
    ".env.local",
    ".git/HEAD",
    ".git/objects/ab/cd",
    "A.TXT",
    "Dockerfile",
    "README.md",
    "[z]",
    "^c",
    "a",
    "a+b.txt",
    "a-b/c",
    "a.txt",
    "aa/a/a/a",
    "aa/a/b",
    "aa/b",
    "ab/a.txt",
    "ab/ab/ab.txt",
    "ab/b.md",
    "abc",
    "a|b",
    "bin/Debug/x.dll",
    "bin/d",
    "bin/x.dll",
    "b/a",
    "b/c/d/e/f",
    "b/c/d/x.txt",
    "b/c/g",
    "docs/README.md",
    "docs/api/README.md",
    "docs/api/index.html",
    "é.txt",
    "node_modules/.bin/x",
    "node_modules/x/index.js",
    "node_modules/x/node_modules/y/index.js",
    "package.json",
    "src/__pycache__/m.pyc",
    "src/main.py",
    "src/node_modules/z.js",
    "src/pages/index.js",
    "src/pages/x/y.js",
    "web/node_modules/x/index.js",
    "web/package.json",
    "web/src/a.js",
    "with space.txt",
    "x/y/z/w/v.txt",
    "{a}",
];

/// Lines that real projects write, and lines that show where Docker's rules are not what one expects.
const LINES: &[&str] = &[
    "# comment",
    " # no comment",
    "",
    "   ",
    "*",
    "**",
    "***",
    "****",
    "**/",
    "/**",
    "*/*",
    "**/*",
    "*/**",
    ".",
    "./",
    "..",
    "../a",
    "../../b/c",
    "/",
    "//",
    "/a",
    "//a",
    "./a",
    "a/",
    "a//",
    "a/.",
    "a/../b",
    "./../a",
    "!/a",
    "! a",
    "!./a",
    "!a/..",
    "!..",
    "!.",
    "!!a",
    "!!bang",
    "\\!bang",
    "\\#hash",
    "a\\",
    "a*\\",
    "\\*",
    "\\a",
    "\\**",
    "bin\\Debug",
    "bin\\d",
    "src\\pages",
    "src\\pages*",
    "bin\\x64",
    "bin/\\x64",
    "a|b",
    "a|b*",
    "b*|src",
    "{a}",
    "{a}*",
    "a{2}*",
    "a{2}/*",
    "a{1,2}?",
    "*{2}",
    "?{2}",
    "[a-c]{1,3}",
    "a+b.txt",
    "a+?",
    "(x).*",
    "$x",
    "$?",
    "^c",
    "^*",
    "[a]",
    "[a-c]*",
    "[^a]*",
    "[!a]*",
    "[]a]",
    "[a",
    "a[",
    "x*[",
    "x[z-a]",
    "*[z-a]",
    "[[:alpha:]]*",
    "[[:nope:]]x",
    "[a&&b]*",
    "[[a]*",
    "[z]",
    "[[]z[]]",
    "\\[z\\]",
    "[*]",
    "[?]",
    "a[*]",
    "[a-]*",
    "[-a]*",
    "a[/]b",
    "[^x]/a",
    "a[^x]b",
    "[\\d]*",
    "[\\]]*",
    "\\Qa*\\E",
    "\\pL*",
    "**a",
    "**.md",
    "**/a",
    "**/*.md",
    "**/README.md",
    "**/node_modules",
    "**/node_modules/**",
    "**/node_modules/*",
    "a**",
    "b/**",
    "b/**/",
    "b/**/f",
    "b/**/d/**",
    "b/*/d",
    "**/c/**",
    "**b/a",
    "*.md",
    "*.txt",
    "*.TXT",
    "!README.md",
    "!**/README.md",
    "!*.md",
    "!docs/*",
    "!docs/**",
    "!docs/api",
    "!b/c/d",
    "!b/c/d/",
    "!**/b",
    "!src",
    "!src/**",
    "!package*.json",
    "node_modules",
    "node_modules/",
    "/node_modules",
    ".git",
    ".env*",
    "!.env",
    "src/*.py",
    "**/__pycache__",
    "**/*.py[cod]",
    "a?c",
    "???",
    "?",
    "with space.txt",
    " with space.txt ",
    "with*",
    "é*",
    "?.txt",
    "É.txt",
    "\tabc\t",
];

/// A generator of numbers that is the same everywhere (xorshift).
pub struct Random(pub u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len())]
    }

    /// The text of a .dockerignore of one to eight lines.
    pub fn ignore_file(&mut self) -> String {
        let newline = if self.below(10) == 0 { "\r\n" } else { "\n" };
        let mut text = String::new();
        if self.below(20) == 0 {
            text.push('\u{FEFF}');
        }
        for _ in 0..=self.below(8) {
            text += &self.line();
            text += newline;
        }
        // A last line without an end.
        if self.below(5) == 0 {
            text += &self.line();
        }
        text
    }

    fn line(&mut self) -> String {
        match self.below(10) {
            0..=3 => self.of(LINES).to_owned(),
            4..=8 => self.variation(),
            _ => self.soup(),
        }
    }

    /// The path of a file or folder of the tree with some of it replaced by wildcards.
    fn variation(&mut self) -> String {
        let path = self.of(FILES);
        let segments: Vec<&str> = path.split('/').collect();
        let depth = 1 + self.below(segments.len());
        let mut varied: Vec<String> = segments[..depth].iter().map(|segment| self.segment(segment)).collect();
        if self.below(6) == 0 {
            varied.remove(0);
        }
        let mark = self.of(&["", "", "", "!", "!", "! "]);
        let front = self.of(&["", "", "", "", "", "/", "./", "**/", "*/", "x/../"]);
        let back = self.of(&["", "", "", "", "", "/", "/*", "/**", "**", "*", "/.."]);
        format!("{mark}{front}{}{back}", varied.join("/"))
    }

    fn segment(&mut self, segment: &str) -> String {
        let chars: Vec<char> = segment.chars().collect();
        let at = self.below(chars.len());
        let (before, behind): (String, String) = (chars[..at].iter().collect(), chars[at + 1..].iter().collect());
        match self.below(14) {
            0 => "*".to_owned(),
            1 => "**".to_owned(),
            2 => format!("{before}*"),
            3 => format!("*{behind}"),
            4 => format!("{before}?{behind}"),
            5 => format!("{before}[{}-{}]{behind}", chars[at], chars[at]),
            6 => format!("{before}[^q]{behind}"),
            7 => format!("{before}\\{}{behind}", chars[at]),
            _ => segment.to_owned(),
        }
    }

    /// Special characters in any order.
    fn soup(&mut self) -> String {
        let pieces = [
            "*",
            "**",
            "?",
            "[",
            "]",
            "^",
            "-",
            "\\",
            "!",
            "/",
            "a",
            "b",
            "c",
            ".",
            "x",
            "{",
            "}",
            "2",
            ",",
            "|",
            "+",
            "(",
            ")",
            "$",
            " ",
            "é",
            "d",
            "[:alpha:]",
        ];
        (0..1 + self.below(7)).map(|_| self.of(&pieces)).collect()
    }
}
