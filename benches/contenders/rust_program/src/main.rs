//! A Rust program that allocates much: `rust_program COUNT`. It says on stderr who served it, on stdout what came out.

mod allocator;
mod channels;
mod documents;
mod draw;
mod words;

fn main() {
    eprintln!("allocator: {}", allocator::NAME);
    let argument = std::env::args().nth(1).and_then(|argument| argument.parse::<usize>().ok());
    let Some(count) = argument else {
        eprintln!("usage: rust_program COUNT");
        std::process::exit(2);
    };
    let text = documents::print(200 * count);
    let (by_tag, sum) = documents::parse(&text);
    let names: usize = by_tag.values().map(Vec::len).sum();
    println!("documents: {} bytes, {} tags, {names} names, {sum}", text.len(), by_tag.len());

    let replaced = words::replace(&text);
    drop(text);
    for (start, counts) in words::count(&replaced) {
        let seen: usize = counts.values().sum();
        println!("words: {start} {} {seen}", counts.len());
    }
    println!("strings: {}", words::churn(10_000 * count));
    println!("channels: {}", channels::pass(100 * count));
}
