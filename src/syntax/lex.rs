//! BuildKit's own word lexer: quotes, escapes and variables in the arguments of instructions. It is not the shell's.

use std::iter::Peekable;
use std::str::Chars;

/// What the lexer leaves as it stands.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    keep_quotes: bool,
    keep_escapes: bool,
}

impl Mode {
    /// Quotes and escapes are processed.
    pub(super) const PLAIN: Mode = Mode {
        keep_quotes: false,
        keep_escapes: false,
    };
    /// Quotes stay, escapes are processed.
    pub(super) const QUOTED: Mode = Mode {
        keep_quotes: true,
        keep_escapes: false,
    };
    /// Quotes and escapes stay.
    pub(super) const RAW: Mode = Mode {
        keep_quotes: true,
        keep_escapes: true,
    };
}

/// Why a word cannot be processed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unprocessable;

/// A word with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexed {
    /// The result.
    pub value: String,
    /// The variables that have no value, in the order of their use.
    pub unset: Vec<String>,
}

/// Says what the value of a variable is, if it has one.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Replaces the variables in `word` by what `variable` says, and takes quotes and escapes out, as BuildKit does for
/// most instructions. `escape` is the file's escape character. None where BuildKit would stop with an error.
pub fn expand(word: &str, escape: char, variable: &Variables<'_>) -> Option<Lexed> {
    if !word.contains(['$', '\'', '"', escape]) {
        return Some(Lexed {
            value: word.to_owned(),
            unset: Vec::new(),
        });
    }
    let mut lexer = Lexer::new(word, escape, Mode::PLAIN, Some(variable));
    let (value, _) = lexer.process(None).ok()?;
    Some(Lexed {
        value,
        unset: lexer.unset,
    })
}

/// Splits `text` into words, variables left as they stand; a backslash escapes.
pub(super) fn split_words(text: &str, mode: Mode) -> Result<Vec<String>, Unprocessable> {
    Lexer::new(text, '\\', mode, None).process(None).map(|(_, words)| words)
}

struct Lexer<'a> {
    characters: Peekable<Chars<'a>>,
    escape: char,
    mode: Mode,
    /// Gives values; without it, variables stay as they are written.
    variable: Option<&'a Variables<'a>>,
    unset: Vec<String>,
    /// The bytes that came from variables.
    replaced: usize,
    depth: usize,
    /// Whether a substitution was read since the last look.
    substituted: bool,
}

/// Words as they grow: white space ends one, unless it came from quotes or escapes.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    current: String,
}

impl Words {
    fn push(&mut self, character: char) {
        if !character.is_whitespace() {
            self.current.push(character);
        } else if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
    }

    fn finish(mut self) -> Vec<String> {
        if !self.current.is_empty() {
            self.done.push(self.current);
        }
        self.done
    }
}

/// The longest text that variables may give: a few lines, each ten times the last, would take all memory.
const LONGEST_VALUE: usize = 16 * 1024;

/// The longest value in which patterns are looked for, which takes the third power of its length.
const LONGEST_MATCHED: usize = 1024;

type Processed = Result<(String, Vec<String>), Unprocessable>;

impl<'a> Lexer<'a> {
    fn new(text: &'a str, escape: char, mode: Mode, variable: Option<&'a Variables<'a>>) -> Self {
        Lexer {
            // Go's scanner skips a byte-order mark at the beginning.
            characters: text.strip_prefix('\u{FEFF}').unwrap_or(text).chars().peekable(),
            escape,
            mode,
            variable,
            unset: Vec::new(),
            replaced: 0,
            depth: 0,
            substituted: false,
        }
    }

    /// Processes up to `stop`, which is consumed, or to the end where there is none.
    fn process(&mut self, stop: Option<char>) -> Processed {
        // Substitutions nest; nobody's do so deeply, and the stack must hold on hostile input.
        if self.depth > 64 {
            return Err(Unprocessable);
        }
        self.depth += 1;
        let result = self.process_nested(stop);
        self.substituted = true;
        self.depth -= 1;
        result
    }

    fn process_nested(&mut self, stop: Option<char>) -> Processed {
        let (mut result, mut words) = (String::new(), Words::default());
        while let Some(&character) = self.characters.peek() {
            if Some(character) == stop {
                self.characters.next();
                return Ok((result, words.finish()));
            }
            match character {
                '$' => {
                    let value = self.dollar()?;
                    self.forget_word(&mut words);
                    value.chars().for_each(|c| words.push(c));
                    result.push_str(&value);
                }
                '\'' | '"' | '<' => {
                    let value = match character {
                        '\'' => self.single_quoted()?,
                        '"' => self.double_quoted()?,
                        _ => self.possible_heredoc(),
                    };
                    self.forget_word(&mut words);
                    words.current.push_str(&value);
                    result.push_str(&value);
                }
                _ if character == self.escape => {
                    self.characters.next();
                    if self.mode.keep_escapes {
                        words.current.push(character);
                        result.push(character);
                    }
                    let Some(escaped) = self.characters.next() else { break };
                    words.current.push(escaped);
                    result.push(escaped);
                }
                _ => {
                    self.characters.next();
                    words.push(character);
                    result.push(character);
                }
            }
        }
        if stop.is_some() {
            Err(Unprocessable)
        } else {
            Ok((result, words.finish()))
        }
    }

    /// BuildKit has one buffer for the words of all levels: a substitution such as `${x:-y}` takes away what the word
    /// around it held before. So `<<"${x:-y}"` is no heredoc.
    fn forget_word(&mut self, words: &mut Words) {
        if std::mem::take(&mut self.substituted) {
            words.current.clear();
        }
    }

    fn single_quoted(&mut self) -> Result<String, Unprocessable> {
        let mut result = String::new();
        self.quote(&mut result);
        loop {
            match self.characters.next().ok_or(Unprocessable)? {
                '\'' => break,
                character => result.push(character),
            }
        }
        if self.mode.keep_quotes {
            result.push('\'');
        }
        Ok(result)
    }

    /// Consumes an opening quote and keeps it where quotes stay.
    fn quote(&mut self, result: &mut String) {
        result.extend(self.characters.next().filter(|_| self.mode.keep_quotes));
    }

    fn double_quoted(&mut self) -> Result<String, Unprocessable> {
        let mut result = String::new();
        self.quote(&mut result);
        loop {
            match *self.characters.peek().ok_or(Unprocessable)? {
                '"' => {
                    self.quote(&mut result);
                    return Ok(result);
                }
                '$' => result.push_str(&self.dollar()?),
                character => {
                    self.characters.next();
                    if character != self.escape {
                        result.push(character);
                        continue;
                    }
                    match self.characters.peek().copied() {
                        None => {}
                        Some(escaped) if escaped == '"' || escaped == '$' || escaped == self.escape => {
                            if self.mode.keep_escapes {
                                result.push(character);
                            }
                            self.characters.next();
                            result.push(escaped);
                        }
                        Some(_) => result.push(character),
                    }
                }
            }
        }
    }

    /// `<` or `<<` with the blanks behind it, which do not end the word.
    fn possible_heredoc(&mut self) -> String {
        self.characters.next();
        if self.characters.next_if_eq(&'<').is_none() {
            return "<".to_owned();
        }
        let mut result = "<<".to_owned();
        while let Some(blank) = self.characters.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
            result.push(blank);
        }
        result
    }

    fn dollar(&mut self) -> Result<String, Unprocessable> {
        self.characters.next();
        if self.characters.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(match (name.is_empty(), self.value(&name)?) {
                (true, _) => "$".to_owned(),
                (_, Some(value)) => value,
                _ if self.variable.is_none() => format!("${name}"),
                _ => String::new(),
            });
        }
        if matches!(self.characters.peek(), None | Some('{' | '}' | ':')) {
            return Err(Unprocessable);
        }
        let name = self.name();
        let mut modifier = self.characters.next().ok_or(Unprocessable)?;
        let null_is_unset = modifier == ':';
        if null_is_unset {
            modifier = self.characters.next().ok_or(Unprocessable)?;
        }
        match modifier {
            '}' if !null_is_unset => {
                let value = self.value(&name)?;
                Ok(value.unwrap_or_else(|| {
                    if self.variable.is_none() {
                        format!("${{{name}}}")
                    } else {
                        String::new()
                    }
                }))
            }
            '-' | '+' | '?' => self.alternative(&name, modifier, null_is_unset),
            '#' | '%' if !null_is_unset => self.trim(&name, modifier),
            '/' if !null_is_unset => self.substitute(&name),
            '#' | '%' => Err(Unprocessable),
            // Such as `${env:NAME}`, which is PowerShell's: only a replacement finds that it makes no sense.
            _ if null_is_unset => self.alternative(&name, modifier, true),
            _ => Err(Unprocessable),
        }
    }

    /// `${name-word}`, `${name+word}`, `${name?word}`, with or without a colon.
    fn alternative(&mut self, name: &str, modifier: char, null_is_unset: bool) -> Result<String, Unprocessable> {
        let word = self.operand('}', false)?;
        if self.variable.is_none() {
            let colon = if null_is_unset { ":" } else { "" };
            return Ok(format!("${{{name}{colon}{modifier}{word}}}"));
        }
        let value = self.variable.and_then(|variable| variable(name));
        self.count(value.as_deref())?;
        let present = value.filter(|value| !(null_is_unset && value.is_empty()));
        match (modifier, present) {
            ('-', None) => Ok(word),
            ('+', Some(_)) => Ok(word),
            ('+', None) => Ok(String::new()),
            ('-' | '?', Some(value)) => Ok(value),
            _ => Err(Unprocessable),
        }
    }

    /// What stands up to `stop`. Escapes stay in patterns, for the matcher; in words they do not.
    fn operand(&mut self, stop: char, keep_escapes: bool) -> Result<String, Unprocessable> {
        let mode = self.mode;
        self.mode = Mode { keep_escapes, ..mode };
        let result = self.process(Some(stop));
        self.mode = mode;
        result.map(|(operand, _)| operand)
    }

    /// `${name#pattern}` and `${name%pattern}`, doubled for the longest match.
    fn trim(&mut self, name: &str, modifier: char) -> Result<String, Unprocessable> {
        let pattern = self.operand('}', true)?;
        if self.variable.is_none() {
            return Ok(format!("${{{name}{modifier}{pattern}}}"));
        }
        let value = self.matched(name)?;
        let (longest, pattern) = pattern
            .strip_prefix(modifier)
            .map_or((false, pattern.as_str()), |rest| (true, rest));
        let pattern = wildcard(pattern)?;
        let mut lengths: Vec<usize> = (0..=value.len()).collect();
        if longest {
            lengths.reverse();
        }
        for length in lengths {
            let (cut, kept) = if modifier == '#' {
                value.split_at(length)
            } else {
                let (kept, cut) = value.split_at(value.len() - length);
                (cut, kept)
            };
            if matches_wildcard(&pattern, cut) {
                return Ok(kept.iter().collect());
            }
        }
        Ok(value.into_iter().collect())
    }

    /// `${name/pattern/replacement}` and `${name//pattern/replacement}`.
    fn substitute(&mut self, name: &str) -> Result<String, Unprocessable> {
        let all = self.characters.next_if_eq(&'/').is_some();
        let pattern = self.operand('/', true)?;
        let replacement = self.operand('}', true)?;
        if self.variable.is_none() {
            return Ok(format!("${{{name}/{pattern}/{replacement}}}"));
        }
        let value = self.matched(name)?;
        let pattern = wildcard(&pattern)?;
        let (mut result, mut at) = (String::new(), 0);
        while at <= value.len() {
            let longest = (at..=value.len())
                .rev()
                .find(|&end| value.get(at..end).is_some_and(|part| matches_wildcard(&pattern, part)));
            match longest.filter(|&end| end > at) {
                Some(end) => {
                    self.count(Some(&replacement))?;
                    result.push_str(&replacement);
                    at = end;
                    if !all {
                        break;
                    }
                }
                None => {
                    result.extend(value.get(at));
                    at += 1;
                }
            }
        }
        result.extend(value.get(at..).unwrap_or_default());
        Ok(result)
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        if let Some(&first) = self.characters.peek() {
            if first.is_ascii_digit() {
                while let Some(digit) = self.characters.next_if(char::is_ascii_digit) {
                    name.push(digit);
                }
                return name;
            }
            if "@*#?-$!0".contains(first) {
                name.extend(self.characters.next());
                return name;
            }
        }
        while let Some(character) = self.characters.next_if(|c| c.is_alphanumeric() || *c == '_') {
            name.push(character);
        }
        name
    }

    fn value(&mut self, name: &str) -> Result<Option<String>, Unprocessable> {
        let value = self.variable.and_then(|variable| variable(name));
        if value.is_none() && self.variable.is_some() && !name.is_empty() {
            self.unset.push(name.to_owned());
        }
        self.count(value.as_deref())?;
        Ok(value)
    }

    /// The characters of a value that a pattern is held against.
    fn matched(&mut self, name: &str) -> Result<Vec<char>, Unprocessable> {
        let value = self.value(name)?.unwrap_or_default();
        if value.len() > LONGEST_MATCHED {
            return Err(Unprocessable);
        }
        Ok(value.chars().collect())
    }

    /// Fails where what variables give gets too long.
    fn count(&mut self, value: Option<&str>) -> Result<(), Unprocessable> {
        self.replaced += value.map_or(0, str::len);
        if self.replaced > LONGEST_VALUE {
            return Err(Unprocessable);
        }
        Ok(())
    }
}

/// A piece of a shell pattern as BuildKit knows it: no bracket expressions.
enum Wild {
    Any,
    One,
    Exactly(char),
}

fn wildcard(pattern: &str) -> Result<Vec<Wild>, Unprocessable> {
    let (mut pieces, mut characters) = (Vec::new(), pattern.chars().peekable());
    while let Some(character) = characters.next() {
        pieces.push(match character {
            '*' => Wild::Any,
            '?' => Wild::One,
            '\\' => match characters.next() {
                Some(escaped @ ('}' | '/' | '*' | '?' | '\\')) => Wild::Exactly(escaped),
                _ => return Err(Unprocessable),
            },
            _ => Wild::Exactly(character),
        });
    }
    Ok(pieces)
}

/// Whether `pattern` matches all of `text`: the usual greedy walk with one point of return, no recursion.
fn matches_wildcard(pattern: &[Wild], text: &[char]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(Wild::Any) => {
                star = Some((p, t));
                p += 1;
            }
            Some(Wild::One) => (p, t) = (p + 1, t + 1),
            Some(Wild::Exactly(c)) if Some(c) == text.get(t) => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    (p, t) = (star_p + 1, star_t + 1);
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|piece| matches!(piece, Wild::Any))
}
