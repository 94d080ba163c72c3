//! Rewrites standard input.
use std::io::Read;
fn main() {
    let mut t = String::new();
    std::io::stdin().read_to_string(&mut t).unwrap();
    let r = plimsoll::rewrite::rewrite("Dockerfile", &t, &Default::default()).unwrap();
    print!("{}", r.text);
    for c in r.changes {
        eprintln!("C {} {} | {} | {}", c.lines, c.pass, c.what, c.why)
    }
    for c in r.refusals {
        eprintln!("R {} {} | {} | {} | {}", c.lines, c.pass, c.what, c.obstacle, c.remedy)
    }
}
