//! Conditions on profiles and activities.

use super::Ref;
use crate::domain::{SegmentId, StageId, UserId};
use jiff::civil;
use regex::Regex;

/// Conditions nested with all, any and not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree<Leaf> {
    /// All hold.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A single condition.
    Leaf(Leaf),
}

impl<Leaf> Tree<Leaf> {
    /// Whether it holds, given what single conditions say.
    pub fn holds(&self, leaf: &mut impl FnMut(&Leaf) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(leaf)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(leaf)),
            Self::Not(part) => !part.holds(leaf),
            Self::Leaf(single) => leaf(single),
        }
    }

    /// All single conditions in it.
    pub fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
            Self::Not(part) => part.leaves(),
            Self::Leaf(single) => vec![single],
        }
    }

    /// The same tree with other single conditions; `None` if one of them has none. All are asked.
    pub fn map<Other>(&self, leaf: &mut impl FnMut(&Leaf) -> Option<Other>) -> Option<Tree<Other>> {
        let mut each = |parts: &[Self]| -> Option<Vec<Tree<Other>>> {
            let mapped: Vec<_> = parts.iter().map(|part| part.map(leaf)).collect();
            mapped.into_iter().collect()
        };
        Some(match self {
            Self::All(parts) => Tree::All(each(parts)?),
            Self::Any(parts) => Tree::Any(each(parts)?),
            Self::Not(part) => Tree::Not(Box::new(part.map(leaf)?)),
            Self::Leaf(single) => Tree::Leaf(leaf(single)?),
        })
    }
}

/// A condition on the profile. Generic over how segments, stages and owners are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileTest<Segment = Ref<SegmentId>, Stage = Ref<StageId>, Owner = Ref<UserId>> {
    /// Of a field, by its alias.
    Field {
        /// Alias.
        field: String,
        /// What must be so.
        test: Test,
    },
    /// Has the tag (case does not matter, as in Mautic).
    Tag(String),
    /// Is in the segment.
    Segment(Segment),
    /// Is in one of these stages.
    Stage(Vec<Stage>),
    /// Belongs to one of these users; empty: to anybody.
    Owner(Vec<Owner>),
    /// One of the contact's companies, by name.
    Company(Test),
    /// A UTM parameter of one of the contact's visits.
    Utm {
        /// Which.
        part: UtmPart,
        /// What must be so.
        test: Test,
    },
    /// Must not be contacted on this channel (`email`, `sms`).
    DoNotContact(String),
    /// Mautic's main points, as last seen.
    MainPoints(Test),
}

/// A condition on an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityTest<Object = Ref<u32>> {
    /// The URL matches one of these patterns (as `url` of a point action).
    Url(Vec<String>),
    /// It was done to one of these objects (of the kind's sort).
    Object(Vec<Object>),
    /// An attribute; a submitted value is `result.ALIAS`.
    Attribute {
        /// Name (see [`crate::domain::attribute`]).
        name: String,
        /// What must be so.
        test: Test,
    },
    /// A UTM parameter in the URL's query.
    Utm {
        /// Which.
        part: UtmPart,
        /// What must be so.
        test: Test,
    },
}

/// UTM parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UtmPart {
    /// `utm_source`.
    Source,
    /// `utm_medium`.
    Medium,
    /// `utm_campaign`.
    Campaign,
    /// `utm_term`.
    Term,
    /// `utm_content`.
    Content,
}

/// What a value must be. Text is compared without regard to case, as Mautic's database does. A
/// value that is not there is empty, and meets no test but [`Test::Empty`] and negations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these.
    Is(Vec<Operand>),
    /// More than.
    Above(Operand),
    /// At least.
    AtLeast(Operand),
    /// Less than.
    Below(Operand),
    /// At most.
    AtMost(Operand),
    /// From the first to the second, both included.
    Between(Operand, Operand),
    /// Has no value.
    Empty,
    /// Contains this text.
    Contains(String),
    /// Begins with it.
    Starts(String),
    /// Ends with it.
    Ends(String),
    /// SQL's `LIKE`: `%` any text, `_` one character; `\` takes the meaning away.
    Like(String),
    /// A regular expression finds something.
    Regex(Pattern),
    /// The opposite.
    Not(Box<Self>),
}

impl Test {
    /// What values are compared with.
    #[must_use]
    pub fn operands(&self) -> Vec<&Operand> {
        match self {
            Self::Is(operands) => operands.iter().collect(),
            Self::Above(one) | Self::AtLeast(one) | Self::Below(one) | Self::AtMost(one) => {
                vec![one]
            }
            Self::Between(low, high) => vec![low, high],
            Self::Not(test) => test.operands(),
            Self::Empty
            | Self::Contains(_)
            | Self::Starts(_)
            | Self::Ends(_)
            | Self::Like(_)
            | Self::Regex(_) => Vec::new(),
        }
    }

    /// A number with decimals that values are compared with.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        self.operands().into_iter().find_map(|one| match one {
            Operand::Number(number) if number.0.fract() != 0.0 => Some(number.0),
            _ => None,
        })
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// Compared as text.
    Text(String),
    /// Compared as a number; a value that is none meets nothing.
    Number(Number),
    /// Compared as a date or time (fields of the sort datetime are UTC: FACTS 121).
    Date(civil::DateTime),
    /// Compared as a date: the plan's day of the last tick, moved.
    Today(Relative),
}

/// A number of a plan; never NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

// Never NaN, so that equality is one.
impl Eq for Number {}

/// Away from today: months first, then days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relative {
    /// Months, negative: earlier.
    pub months: i32,
    /// Days, negative: earlier.
    pub days: i32,
}

/// A regular expression, compiled.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As written.
    pub text: String,
    /// Compiled, ignoring case.
    pub regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}
