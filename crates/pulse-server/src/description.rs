//! Holds `openapi.json` against the code: every route, every body and every field is in both.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::routes::{DESCRIPTION, ROUTES};

/// What is asked for in an address has no body of its own.
const OF_ADDRESSES: [&str; 3] = ["Upload", "After", "DifferenceAsk"];

/// The public structs of a source, each with the names and types of its fields.
fn structs(source: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut within = None;
    for line in source.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("pub struct ") {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            found.insert(name.clone(), BTreeMap::new());
            within = (!rest.ends_with("{}")).then_some(name);
        } else if line == "}" {
            within = None;
        } else if let (Some(name), Some((field, kind))) =
            (&within, line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")))
        {
            let fields = found.get_mut(name).expect("it was put there");
            fields.insert(field.to_owned(), kind.trim_end_matches(',').to_owned());
        }
    }
    found
}

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).expect("openapi.json is JSON")
}

#[test]
fn every_route_is_described_and_no_other() {
    let description = description();
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    let own = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described, own);
}

#[test]
fn every_field_of_every_body_is_described_and_no_other() {
    let description = description();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    let mut own = structs(include_str!("body.rs"));
    own.extend(structs(include_str!("ask.rs")));
    own.retain(|name, _| !OF_ADDRESSES.contains(&name.as_str()));
    assert_eq!(schemas.keys().collect::<BTreeSet<_>>(), own.keys().collect::<BTreeSet<_>>());
    for (name, fields) in own {
        let properties = schemas[&name]["properties"].as_object().unwrap();
        assert_eq!(properties.keys().collect::<BTreeSet<_>>(), fields.keys().collect::<BTreeSet<_>>(), "{name}");
        for (field, kind) in fields {
            let schema = &properties[&field];
            let said = schema.to_string();
            let may_be_null = said.contains("\"null\"");
            assert_eq!(may_be_null, kind.starts_with("Option<"), "{name}.{field}: {kind}");
            let inner = kind.trim_start_matches("Option<").trim_start_matches("Vec<").trim_end_matches('>');
            let wanted = match inner {
                "String" => "\"string\"".to_owned(),
                "bool" => "\"boolean\"".to_owned(),
                "f64" => "\"number\"".to_owned(),
                "usize" | "u64" | "u32" | "u8" => "\"integer\"".to_owned(),
                "Self" => format!("schemas/{name}\""),
                other => format!("schemas/{other}\""),
            };
            assert!(said.contains(&wanted), "{name}.{field}: {kind} is described as {said}");
            assert_eq!(said.contains("\"array\""), kind.contains("Vec<"), "{name}.{field}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let description = description();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for reference in DESCRIPTION.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}
