//! `$metadata`: the entity sets, types and ways between them, of both versions (CSDL 2.0 to 4.01, in
//! XML). Annotations are passed over.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Levels of elements; a real one has six.
const MAX_DEPTH: usize = 32;
/// Types and properties in all.
const MAX_PARTS: usize = 200_000;

/// A service.
#[derive(Debug, Default)]
pub struct Service {
    /// name → qualified name of its type
    pub sets: BTreeMap<String, String>,
    /// entity and complex types by qualified name
    pub types: BTreeMap<String, Type>,
    /// members of enumerations by qualified name
    pub enums: BTreeMap<String, Vec<String>>,
    aliases: BTreeMap<String, String>,
    /// V2: (relationship, role) → (type, many)
    ends: BTreeMap<(String, String), (String, bool)>,
}

#[derive(Debug, Default, Clone)]
pub struct Type {
    pub base: Option<String>,
    pub key: Vec<String>,
    pub properties: Vec<Property>,
    pub ways: Vec<Way>,
}

#[derive(Debug, Default, Clone)]
pub struct Property {
    pub name: String,
    /// without `Collection(…)`
    pub kind: String,
    pub many: bool,
    pub nullable: bool,
    pub max_length: Option<u32>,
    pub precision: Option<u32>,
    pub scale: Option<String>,
}

/// A navigation property.
#[derive(Debug, Clone)]
pub struct Way {
    pub name: String,
    to: To,
}

#[derive(Debug, Clone)]
enum To {
    Type(String, bool),
    /// V2: relationship and role
    End(String, String),
}

impl Service {
    /// Reads the document; the error is for a person.
    pub fn parse(xml: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        let mut state = State::default();
        loop {
            let event = reader.read_event().map_err(|error| {
                format!(
                    "the metadata is no XML that can be read: {error} at byte {}",
                    reader.error_position()
                )
            })?;
            match event {
                Event::Start(element) => {
                    state.open(&element)?;
                    state.depth += 1;
                    if state.depth > MAX_DEPTH {
                        return Err(format!("the metadata is deeper than {MAX_DEPTH} levels"));
                    }
                }
                Event::Empty(element) => {
                    state.open(&element)?;
                    state.close(element.local_name().as_ref());
                }
                Event::End(element) => {
                    state.depth = state.depth.saturating_sub(1);
                    state.close(element.local_name().as_ref());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if state.service.sets.is_empty() {
            return Err(
                "the metadata names no entity set; is this the service's address?".to_owned(),
            );
        }
        Ok(state.service)
    }

    fn full_name(&self, name: &str) -> String {
        let (space, last) = name.rsplit_once('.').unwrap_or(("", name));
        match self.aliases.get(space) {
            Some(space) => format!("{space}.{last}"),
            None => name.to_owned(),
        }
    }

    /// The type of that name.
    pub fn type_of(&self, name: &str) -> Option<&Type> {
        self.types.get(&self.full_name(name))
    }

    /// The members of an enumeration.
    pub fn members_of(&self, name: &str) -> Option<&[String]> {
        self.enums.get(&self.full_name(name)).map(Vec::as_slice)
    }

    /// The type with what it inherits, the oldest first.
    pub fn whole(&self, name: &str) -> Option<Type> {
        let mut whole = self.type_of(name)?.clone();
        let mut base = whole.base.clone();
        for _ in 0..MAX_DEPTH {
            let Some(parent) = base.as_deref().and_then(|base| self.type_of(base)) else {
                break;
            };
            if whole.key.is_empty() {
                whole.key.clone_from(&parent.key);
            }
            let own = std::mem::take(&mut whole.properties);
            whole.properties = parent.properties.iter().cloned().chain(own).collect();
            whole.ways.extend(parent.ways.iter().cloned());
            base.clone_from(&parent.base);
        }
        Some(whole)
    }

    /// Where a navigation property leads, and whether to many.
    pub fn target_of(&self, way: &Way) -> Option<(String, bool)> {
        match &way.to {
            To::Type(name, many) => Some((self.full_name(name), *many)),
            To::End(relationship, role) => {
                let (_, last) = relationship.rsplit_once('.').unwrap_or(("", relationship));
                self.ends.get(&(last.to_owned(), role.clone())).cloned()
            }
        }
    }
}

#[derive(Default)]
struct State {
    service: Service,
    depth: usize,
    parts: usize,
    space: String,
    /// qualified name of the type that is open
    open: Option<String>,
    enumeration: Option<String>,
    association: Option<String>,
    in_key: bool,
}

impl State {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(format!("the metadata has more than {MAX_PARTS} elements"));
        }
        let name = element.local_name();
        let attributes = Attributes::of(element)?;
        match name.as_ref() {
            "Schema" => {
                self.space = attributes.text("Namespace");
                if let Some(alias) = attributes.get("Alias") {
                    let aliases = &mut self.service.aliases;
                    aliases.insert(alias.to_owned(), self.space.clone());
                }
            }
            "EntityType" | "ComplexType" => {
                let name = format!("{}.{}", self.space, attributes.text("Name"));
                let parsed = Type {
                    base: attributes.get("BaseType").map(str::to_owned),
                    ..Type::default()
                };
                self.service.types.insert(name.clone(), parsed);
                self.open = Some(name);
            }
            "EnumType" => {
                let name = format!("{}.{}", self.space, attributes.text("Name"));
                self.service.enums.insert(name.clone(), Vec::new());
                self.enumeration = Some(name);
            }
            "Member" => {
                let open = self.enumeration.as_ref();
                if let Some(members) = open.and_then(|name| self.service.enums.get_mut(name)) {
                    members.push(attributes.text("Name"));
                }
            }
            "Key" => self.in_key = true,
            "Association" => self.association = Some(attributes.text("Name")),
            "EntitySet" => {
                let kind = attributes.text("EntityType");
                self.service.sets.insert(attributes.text("Name"), kind);
            }
            "End" => self.end_of(&attributes),
            "PropertyRef" | "Property" | "NavigationProperty" => {
                self.part(name.as_ref(), &attributes);
            }
            _ => {}
        }
        Ok(())
    }

    /// An end of an association; one of a set has no role's type.
    fn end_of(&mut self, attributes: &Attributes) {
        if let (Some(association), Some(kind)) = (&self.association, attributes.get("Type")) {
            let many = attributes.get("Multiplicity") == Some("*");
            let at = (association.clone(), attributes.text("Role"));
            self.service.ends.insert(at, (kind.to_owned(), many));
        }
    }

    /// A part of the type that is open.
    fn part(&mut self, element: &str, attributes: &Attributes) {
        let open = self.open.as_ref();
        let Some(open) = open.and_then(|name| self.service.types.get_mut(name)) else {
            return;
        };
        let name = attributes.text("Name");
        match element {
            "PropertyRef" if self.in_key => open.key.push(name),
            "Property" => {
                let (kind, many) = single(attributes.get("Type").unwrap_or("Edm.String"));
                open.properties.push(Property {
                    name,
                    kind: kind.to_owned(),
                    many,
                    nullable: attributes.get("Nullable") != Some("false"),
                    max_length: attributes.number("MaxLength"),
                    precision: attributes.number("Precision"),
                    scale: attributes.get("Scale").map(str::to_owned),
                });
            }
            "NavigationProperty" => {
                let to = match attributes.get("Type") {
                    Some(kind) => {
                        let (kind, many) = single(kind);
                        To::Type(kind.to_owned(), many)
                    }
                    None => To::End(attributes.text("Relationship"), attributes.text("ToRole")),
                };
                open.ways.push(Way { name, to });
            }
            _ => {}
        }
    }

    fn close(&mut self, element: &str) {
        match element {
            "EntityType" | "ComplexType" => self.open = None,
            "EnumType" => self.enumeration = None,
            "Association" => self.association = None,
            "Key" => self.in_key = false,
            _ => {}
        }
    }
}

/// `Collection(X)` is many X.
fn single(kind: &str) -> (&str, bool) {
    let inner = kind.strip_prefix("Collection(");
    match inner.and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (kind, false),
    }
}

struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(element: &BytesStart<'_>) -> Result<Self, String> {
        let mut all = Vec::new();
        for attribute in element.attributes() {
            let wrong = |error: String| format!("the metadata has a wrong attribute: {error}");
            let attribute = attribute.map_err(|error| wrong(error.to_string()))?;
            let name = attribute.key.local_name().as_ref().to_owned();
            // two attributes of one local name: the one without a prefix is the schema's
            let prefixed = attribute.key.prefix().is_some();
            let value = attribute.value.to_string();
            if !prefixed {
                all.push((name, value));
            }
        }
        Ok(Self(all))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn both_versions_have_the_same_shape() {
        let v4 = r#"<Edmx><Schema Namespace="S" Alias="A">
            <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="ID"/></Key>
              <Property Name="ID" Type="Edm.Guid" Nullable="false"/></EntityType>
            <EntityType Name="Order" BaseType="A.Base"><Property Name="total" Type="Edm.Decimal" Precision="14" Scale="2"/>
              <Property Name="tags" Type="Collection(Edm.String)"/>
              <NavigationProperty Name="items" Type="Collection(A.Item)"/></EntityType>
            <EntityType Name="Item"><Property Name="s" Type="S.State"/></EntityType>
            <EnumType Name="State"><Member Name="open" Value="0"/><Member Name="shut"/></EnumType>
            <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="S.Order"/></EntityContainer></Schema></Edmx>"#;
        let service = Service::parse(v4).unwrap();
        let order = service.whole("S.Order").unwrap();
        assert_eq!(order.key, ["ID"]);
        let names: Vec<&str> = order.properties.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["ID", "total", "tags"]);
        assert!(
            order
                .properties
                .iter()
                .any(|p| p.many && p.kind == "Edm.String")
        );
        let way = order.ways.first().unwrap();
        assert_eq!(service.target_of(way), Some(("S.Item".to_owned(), true)));
        assert_eq!(service.members_of("A.State").unwrap(), ["open", "shut"]);

        let v2 = r#"<e:Edmx xmlns:m="m" xmlns:sap="sap"><Schema Namespace="S">
            <EntityType Name="Order"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.String" sap:Name="x"/>
              <NavigationProperty Name="items" Relationship="S.OI" FromRole="O" ToRole="I"/></EntityType>
            <EntityType Name="Item"/>
            <Association Name="OI"><End Role="O" Type="S.Order" Multiplicity="1"/><End Role="I" Type="S.Item" Multiplicity="*"/></Association>
            <EntityContainer><EntitySet Name="Orders" EntityType="S.Order"/>
              <AssociationSet Name="OI" Association="S.OI"><End Role="O" EntitySet="Orders"/></AssociationSet></EntityContainer></Schema></e:Edmx>"#;
        let service = Service::parse(v2).unwrap();
        let order = service.whole("S.Order").unwrap();
        assert_eq!(order.properties.first().unwrap().name, "ID");
        let way = order.ways.first().unwrap();
        assert_eq!(service.target_of(way), Some(("S.Item".to_owned(), true)));
    }

    #[test]
    fn what_is_no_metadata_is_told() {
        let deep = "<a>".repeat(40);
        let circle = r#"<S Namespace="S"><EntityType Name="A" BaseType="A"/><EntitySet Name="X" EntityType=".A"/></S>"#;
        for (text, word) in [
            ("<html><body>login</body></html>", "no entity set"),
            ("{}", "no entity set"),
            ("<a b=></a>", "attribute"),
            ("<a></b>", "no XML"),
            (deep.as_str(), "deeper"),
        ] {
            let message = Service::parse(text).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
        }
        assert!(Service::parse(circle).unwrap().whole(".A").is_some());
    }
}
