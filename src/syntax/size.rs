//! Files that are too large to look into. Real ones are far smaller; what grows faster than a file ends here.

use super::tree::Dockerfile;

/// The most instructions of a file.
const MOST_INSTRUCTIONS: usize = 1_000;

/// The most lines of an instruction, heredocs included.
const MOST_LINES: usize = 2_000;

/// The most bytes of an instruction.
const MOST_BYTES: usize = 256 * 1024;

/// Why `file` is too large to look into; none where it is not.
pub fn too_large(file: &Dockerfile) -> Option<String> {
    let count = file.instructions.len();
    if count > MOST_INSTRUCTIONS {
        return Some(format!(
            "too large to look into: {count} instructions, more than {MOST_INSTRUCTIONS}"
        ));
    }
    file.instructions.iter().enumerate().find_map(|(index, instruction)| {
        let text = instruction.text();
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let large = |what: String| {
            Some(format!(
                "too large to look into: line {} has {what}",
                file.line_of(index)
            ))
        };
        match (lines > MOST_LINES, text.len() > MOST_BYTES) {
            (true, _) => large(format!("an instruction of {lines} lines, more than {MOST_LINES}")),
            (_, true) => large(format!(
                "an instruction of {} kB, more than {}",
                text.len() / 1000,
                MOST_BYTES / 1000
            )),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn what_is_too_large_is_named() {
        let said = |text: &str| too_large(&parse("Dockerfile", text).unwrap());
        let run = "RUN true\n";
        assert_eq!(said(&format!("FROM a\n{}", run.repeat(MOST_INSTRUCTIONS - 1))), None);
        let many = said(&format!("FROM a\n{}", run.repeat(MOST_INSTRUCTIONS))).unwrap();
        assert!(many.contains("1001 instructions, more than 1000"), "{many}");
        let long = said(&format!("FROM a\nRUN {}true\n", "true && \\\n".repeat(MOST_LINES + 1))).unwrap();
        assert!(long.contains("line 2 has an instruction of 2"), "{long}");
        let wide = said(&format!(
            "FROM a\nRUN true {}x\n",
            format!("{} \\\n", "x".repeat(998)).repeat(300)
        ))
        .unwrap();
        assert!(wide.contains("line 2 has an instruction of 300 kB"), "{wide}");
    }
}
