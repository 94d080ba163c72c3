//! No text makes the parser panic, and what it accepts is emitted byte for byte.

/// Checks one text.
pub fn run(text: &str) {
    if let Ok(file) = plimsoll::syntax::parse("Dockerfile", text) {
        assert_eq!(file.emit(), text);
        for instruction in &file.instructions {
            let again = file
                .instruction(instruction.text())
                .expect("an instruction parses by itself");
            assert_eq!(again.node(), instruction.node());
        }
    }
}
