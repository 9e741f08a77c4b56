//! What a filter sees of a message.

/// One property of a message, by value.
///
/// A broker knows texts only: the wire has no other properties. The other kinds are for what a
/// client adds: parts of a JSON body, an offset, an age in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text; compared with a number, it is read as one.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// True or false.
    Boolean(bool),
}

/// A message as a filter looks at it.
///
/// Called for each name each time it is needed, so it should look up, not make.
pub trait View {
    /// The property of that name, spelled exactly so; nothing if the message has none.
    fn property(&self, name: &str) -> Option<Value<'_>>;
}

impl<V: View + ?Sized> View for &V {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        (**self).property(name)
    }
}

/// A short list of names and values.
impl View for [(&str, Value<'_>)] {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|&(_, value)| value)
    }
}

impl<const N: usize> View for [(&str, Value<'_>); N] {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        self.as_slice().property(name)
    }
}
