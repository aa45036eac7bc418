// SPDX-License-Identifier: Apache-2.0
// The reference's side: reads and checks a header from memory, again and again; prints the seconds of each.
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds: usize = arguments[2].parse().expect("a number");
    let bytes = std::fs::read(&arguments[3]).expect("a file");
    for _ in 0..rounds {
        let start = Instant::now();
        let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).expect("a header");
        let count = std::hint::black_box(&metadata).tensors().len();
        drop(metadata);
        println!("{}", start.elapsed().as_secs_f64());
        assert!(count > 0);
    }
}
