//! Runs over a folder of real Dockerfiles: `cargo run --release --example corpus -- FOLDER`.
fn main() {
    for path in std::env::args().skip(1) {
        let mut files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        let start = std::time::Instant::now();
        let mut n = 0;
        for f in files {
            let Ok(text) = String::from_utf8(std::fs::read(&f).unwrap()) else {
                println!("{{\"path\":{:?},\"ok\":false,\"error\":\"utf8\"}}", f);
                continue;
            };
            n += 1;
            match plimsoll::syntax::parse(&f.display().to_string(), &text) {
                Ok(d) => println!("{{\"path\":{:?},\"ok\":true,\"same\":{}}}", f, d.emit() == text),
                Err(e) => println!(
                    "{{\"path\":{:?},\"ok\":false,\"line\":{},\"error\":{:?}}}",
                    f, e.line, e.found
                ),
            }
        }
        eprintln!("{n} files in {:?}", start.elapsed());
    }
}
