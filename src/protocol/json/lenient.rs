//! Values to Rust types: takes what a peer in any language may write for a field.

use serde::de::value::MapDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::{JsonError, parse};

/// A value on its way into a Rust type.
pub(super) struct Lenient {
    value: Value,
    /// The text is that of a key, where a whole object may stand.
    is_key: bool,
}

impl Lenient {
    pub(super) const fn new(value: Value) -> Self {
        Self {
            value,
            is_key: false,
        }
    }

    const fn key(text: String) -> Self {
        Self {
            value: Value::String(text),
            is_key: true,
        }
    }

    /// The fields of an object; those that are `null` count as missing where `without_null`.
    fn members(self, without_null: bool) -> Result<Members, JsonError> {
        let value = match self.value {
            Value::String(text) if self.is_key => parse(text.as_bytes())?,
            value => value,
        };
        let members = match value {
            Value::Object(members) => members,
            Value::Null => Map::new(),
            other => return Err(unexpected("an object", &other)),
        };
        Ok(Members {
            members: members.into_iter(),
            without_null,
            value: None,
        })
    }

    fn integer(&self) -> Result<i64, JsonError> {
        let integer = match &self.value {
            Value::Null => Some(0),
            Value::Bool(value) => Some(i64::from(*value)),
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => match text.trim() {
                "" | "null" => Some(0),
                text => text.parse().ok(),
            },
            Value::Array(_) | Value::Object(_) => None,
        };
        integer.ok_or_else(|| unexpected("an integer", &self.value))
    }
}

/// A double without a fraction, as an integer.
fn whole(double: f64) -> Option<i64> {
    /// The integers up to here are doubles too.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if double.fract() != 0.0 || double.abs() > EXACT_MAX {
        return None;
    }
    format!("{double:.0}").parse().ok()
}

fn unexpected(expected: &str, found: &Value) -> JsonError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    JsonError::shape(format!("expected {expected}, found {found}"))
}

macro_rules! integers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            visitor.visit_i64(self.integer()?)
        })+
    };
}

impl<'de> Deserializer<'de> for Lenient {
    type Error = JsonError;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let unsigned = match &self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match unsigned {
            Some(unsigned) => visitor.visit_u64(unsigned),
            None => visitor.visit_i64(self.integer()?),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let double = match &self.value {
            Value::Null => Some(0.0),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        visitor.visit_f64(double.ok_or_else(|| unexpected("a number", &self.value))?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let boolean = match &self.value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => {
                let text = text.trim();
                text == "1"
                    || ["true", "y", "t"]
                        .iter()
                        .any(|yes| text.eq_ignore_ascii_case(yes))
            }
            other => return Err(unexpected("a boolean", other)),
        };
        visitor.visit_bool(boolean)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.value {
            Value::String(text) => visitor.visit_string(text),
            Value::Null => visitor.visit_string(String::new()),
            other => visitor.visit_string(other.to_string()),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.value.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.into_iter(),
                at: 0,
            }),
            Value::Null => visitor.visit_seq(Items {
                items: Vec::new().into_iter(),
                at: 0,
            }),
            other => Err(unexpected("an array", &other)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_map(self.members(false)?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_map(self.members(true)?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        let by_number = |number: i64| variants.get(usize::try_from(number).ok()?).copied();
        let variant = match &self.value {
            Value::String(text) => match variants.iter().find(|variant| *variant == text) {
                Some(variant) => Some(*variant),
                None => text.trim().parse().ok().and_then(by_number),
            },
            Value::Number(number) => number.as_i64().and_then(by_number),
            other => return Err(unexpected("a name", other)),
        };
        match variant {
            Some(variant) => visitor.visit_enum(UnitVariant { name: variant }),
            None => Err(JsonError::shape(format!(
                "{} is none of {variants:?}",
                self.value
            ))),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::String(text) => visitor.visit_string(text),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(signed), _) => visitor.visit_i64(signed),
                (None, Some(unsigned)) => visitor.visit_u64(unsigned),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.into_iter(),
                at: 0,
            }),
            Value::Object(_) => visitor.visit_map(self.members(false)?),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// The items of an array.
struct Items {
    items: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = JsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, JsonError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let at = self.at;
        self.at += 1;
        let item = seed.deserialize(Lenient::new(item));
        item.map(Some)
            .map_err(|error| error.within(&at.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The fields of an object.
struct Members {
    members: serde_json::map::IntoIter,
    without_null: bool,
    /// Name and value of the field whose name was asked for last.
    value: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, JsonError> {
        let without_null = self.without_null;
        let next = self
            .members
            .find(|(_, value)| !(without_null && value.is_null()));
        let Some((name, value)) = next else {
            return Ok(None);
        };
        let key = seed.deserialize(Lenient::key(name.clone()));
        let key = key.map_err(|error| error.within(&name))?;
        self.value = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        let (name, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Lenient::new(value))
            .map_err(|error| error.within(&name))
    }
}

/// The name of an enum's variant.
struct UnitVariant {
    name: &'static str,
}

impl<'de> EnumAccess<'de> for UnitVariant {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), JsonError> {
        let name: serde::de::value::StrDeserializer<'_, JsonError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for UnitVariant {
    type Error = JsonError;

    fn unit_variant(self) -> Result<(), JsonError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, JsonError> {
        seed.deserialize(Lenient::new(Value::Null))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_seq(Items {
            items: Vec::new().into_iter(),
            at: 0,
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        let nothing: [(String, u8); 0] = [];
        visitor.visit_map(MapDeserializer::new(nothing.into_iter()))
    }
}
