//! JSON: documents made up, printed, parsed, changed and counted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::draw::Draw;

/// The text of `count` documents.
pub(crate) fn print(count: usize) -> String {
    let mut draw = Draw::new(42);
    let documents: Vec<Value> = (0..count).map(|number| document(&mut draw, number)).collect();
    serde_json::to_string(&documents).expect("a value prints")
}

fn document(draw: &mut Draw, number: usize) -> Value {
    let tags: Vec<String> = (0..draw.below(8)).map(|_| format!("tag{}", draw.below(300))).collect();
    let parts: Vec<Value> = (0..draw.below(5)).map(|_| json!({"weight": draw.below(1000), "name": "a part"})).collect();
    json!({
        "number": number,
        "name": format!("name {}", draw.below(10_000)),
        "tags": tags,
        "parts": parts,
        "nested": {"left": {"first": draw.below(99)}, "right": [1, 2.5, null, true]},
    })
}

/// Parses them; each tag's documents, and a sum over all parts.
pub(crate) fn parse(text: &str) -> (BTreeMap<String, Vec<String>>, u64) {
    let mut documents: Vec<Value> = serde_json::from_str(text).expect("we printed it");
    let mut by_tag: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut weight = 0;
    for document in &mut documents {
        let name = document["name"].as_str().unwrap_or_default().to_owned();
        for tag in document["tags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            by_tag.entry(tag.to_owned()).or_default().push(name.clone());
        }
        weight +=
            document["parts"].as_array().into_iter().flatten().filter_map(|part| part["weight"].as_u64()).sum::<u64>();
        document["name"] = json!(name.to_uppercase());
        document["seen"] = json!(weight);
    }
    let length = serde_json::to_string_pretty(&documents).expect("a value prints").len();
    (by_tag, weight + length as u64)
}
