//! Work grows as its input does: counted in bytes that are allocated, which no busy machine changes.

#[path = "../../benches/work/inputs.rs"]
mod inputs;

#[test]
fn four_times_the_input_is_no_more_than_five_times_the_work() {
    let mut wrong = Vec::new();
    for input in inputs::INPUTS {
        let (small, large) = (inputs::work(input, input.size), inputs::work(input, 4 * input.size));
        println!(
            "{}: {small} and {large}, {:.2} times",
            input.name,
            large as f64 / small as f64
        );
        if large > 5 * small {
            wrong.push(format!(
                "{}: {small} bytes, and {large} for four times as many",
                input.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
