//! JSON Schemas of rows, out of the metadata: types, nullability, what decimals and dates look like on
//! the wire.

use std::collections::BTreeMap;

use tributary_sdk::serde_json::{Map, Value, json};

use crate::config::{Stream, Version};
use crate::edmx::{Property, Service, Type};

/// Complex types and expanded ways inside each other.
const MAX_DEPTH: usize = 8;

/// Ways to expand, as a tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expand(pub BTreeMap<String, Expand>);

impl Expand {
    /// The tree of paths such as `items/product`.
    pub fn of(paths: &[String]) -> Self {
        let mut root = Self::default();
        for path in paths {
            let mut here = &mut root;
            for step in path.split('/').filter(|step| !step.is_empty()) {
                here = here.0.entry(step.to_owned()).or_default();
            }
        }
        root
    }
}

/// The schema of a stream's rows.
pub fn of_stream(service: &Service, whole: &Type, stream: &Stream, version: Version) -> Value {
    let expand = Expand::of(&stream.expand);
    let mut chosen = whole.clone();
    if !stream.select.is_empty() {
        let wanted = |name: &String| {
            stream.select.contains(name)
                || whole.key.contains(name)
                || stream.cursor.as_ref() == Some(name)
        };
        chosen.properties.retain(|property| wanted(&property.name));
    }
    let mut schema = of_type(service, &chosen, &expand, (version, 0));
    if let Some(members) = schema.as_object_mut() {
        members.insert("required".to_owned(), json!(whole.key));
    }
    schema
}

fn of_type(
    service: &Service,
    whole: &Type,
    expand: &Expand,
    (version, depth): (Version, usize),
) -> Value {
    let mut properties = Map::new();
    for property in &whole.properties {
        let schema = of_property(service, property, (version, depth));
        properties.insert(property.name.clone(), schema);
    }
    for way in &whole.ways {
        let Some(below) = expand.0.get(&way.name).filter(|_| depth < MAX_DEPTH) else {
            continue;
        };
        let Some((name, many)) = service.target_of(way) else {
            continue;
        };
        let Some(target) = service.whole(&name) else {
            continue;
        };
        let mut schema = of_type(service, &target, below, (version, depth + 1));
        if many {
            schema = json!({ "type": "array", "items": schema });
        } else {
            nullable(&mut schema);
        }
        properties.insert(way.name.clone(), schema);
    }
    json!({ "type": "object", "properties": properties })
}

fn of_property(
    service: &Service,
    property: &Property,
    (version, depth): (Version, usize),
) -> Value {
    let mut schema = match of_primitive(property, version) {
        Some(schema) => schema,
        None => {
            if let Some(members) = service.members_of(&property.kind) {
                json!({ "type": "string", "enum": members })
            } else {
                match service.whole(&property.kind).filter(|_| depth < MAX_DEPTH) {
                    Some(whole) => {
                        of_type(service, &whole, &Expand::default(), (version, depth + 1))
                    }
                    None => json!({}),
                }
            }
        }
    };
    if let Some(members) = schema.as_object_mut() {
        members.insert("x-edm-type".to_owned(), json!(property.kind));
    }
    if property.many {
        return json!({ "type": "array", "items": schema });
    }
    if property.nullable {
        nullable(&mut schema);
    }
    schema
}

/// None: a type of the service's own.
fn of_primitive(property: &Property, version: Version) -> Option<Value> {
    let text = |format: &str| json!({ "type": "string", "format": format });
    Some(match property.kind.as_str() {
        "Edm.String" => match property.max_length {
            Some(most) => json!({ "type": "string", "maxLength": most }),
            None => json!({ "type": "string" }),
        },
        "Edm.Boolean" => json!({ "type": "boolean" }),
        "Edm.Byte" | "Edm.SByte" | "Edm.Int16" | "Edm.Int32" => json!({ "type": "integer" }),
        // digits in a text, as V2 always writes them and V4 may
        "Edm.Int64" if version == Version::V2 => json!({ "type": "string", "format": "integer" }),
        "Edm.Int64" => json!({ "type": ["integer", "string"] }),
        "Edm.Decimal" => {
            let mut schema = match version {
                Version::V2 => json!({ "type": "string", "format": "decimal" }),
                Version::V4 => json!({ "type": ["number", "string"], "format": "decimal" }),
            };
            if let Some(members) = schema.as_object_mut() {
                let parts = [
                    ("x-precision", property.precision.map(Value::from)),
                    ("x-scale", property.scale.clone().map(Value::from)),
                ];
                for (name, value) in parts {
                    members.extend(value.map(|value| (name.to_owned(), value)));
                }
            }
            schema
        }
        "Edm.Double" | "Edm.Single" => json!({ "type": ["number", "string"] }),
        "Edm.Guid" => text("uuid"),
        "Edm.Date" => text("date"),
        "Edm.DateTime" => json!({ "type": "string", "x-format": "date-time without a zone" }),
        "Edm.DateTimeOffset" => text("date-time"),
        "Edm.TimeOfDay" => text("time"),
        "Edm.Time" | "Edm.Duration" => text("duration"),
        "Edm.Binary" => json!({ "type": "string", "contentEncoding": "base64" }),
        kind if kind.starts_with("Edm.") => json!({}),
        _ => return None,
    })
}

fn nullable(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    let with_null = match members.get("type") {
        Some(Value::String(one)) => json!([one, "null"]),
        Some(Value::Array(several)) => {
            let mut several = several.clone();
            several.push(json!("null"));
            Value::Array(several)
        }
        _ => return,
    };
    members.insert("type".to_owned(), with_null);
    if let Some(Value::Array(allowed)) = members.get_mut("enum") {
        allowed.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn types_nulls_decimals_and_expanded_ways() {
        let xml = r#"<Schema Namespace="S"><EntityType Name="O"><Key><PropertyRef Name="ID"/></Key>
              <Property Name="ID" Type="Edm.Guid" Nullable="false"/><Property Name="total" Type="Edm.Decimal" Precision="14" Scale="2"/>
              <Property Name="big" Type="Edm.Int64"/><Property Name="state" Type="S.E"/><Property Name="at" Type="Edm.DateTimeOffset"/>
              <Property Name="home" Type="S.C"/>
              <NavigationProperty Name="items" Type="Collection(S.I)"/><NavigationProperty Name="more" Type="S.I"/></EntityType>
            <EntityType Name="I"><Property Name="n" Type="Edm.Int32"/><NavigationProperty Name="up" Type="S.O"/></EntityType>
            <ComplexType Name="C"><Property Name="city" Type="Edm.String" MaxLength="60"/><Property Name="self" Type="S.C"/></ComplexType>
            <EnumType Name="E"><Member Name="open"/></EnumType><EntitySet Name="Os" EntityType="S.O"/></Schema>"#;
        let service = Service::parse(xml).unwrap();
        let whole = service.whole("S.O").unwrap();
        let stream = |select: &[&str]| Stream {
            select: select.iter().map(|name| (*name).to_owned()).collect(),
            expand: vec!["items".to_owned(), "items/up".to_owned()],
            ..Stream::default()
        };
        let schema = of_stream(&service, &whole, &stream(&[]), Version::V4);
        let of = &schema["properties"];
        assert_eq!(schema["required"], json!(["ID"]));
        assert_eq!(of["ID"]["type"], "string");
        assert_eq!(of["total"]["type"], json!(["number", "string", "null"]));
        assert_eq!(
            (&of["total"]["x-precision"], &of["total"]["x-scale"]),
            (&json!(14), &json!("2"))
        );
        assert_eq!(of["state"]["enum"], json!(["open", null]));
        assert_eq!(of["home"]["properties"]["city"]["maxLength"], 60);
        assert_eq!(
            of["items"]["items"]["properties"]["n"]["type"],
            json!(["integer", "null"])
        );
        assert_eq!(
            of["items"]["items"]["properties"]["up"]["type"],
            json!(["object", "null"])
        );
        assert!(of.get("more").is_none());
        let schema = of_stream(&service, &whole, &stream(&["total"]), Version::V2);
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["ID", "items", "total"]);
        assert_eq!(
            schema["properties"]["total"]["type"],
            json!(["string", "null"])
        );
    }
}
