//! From `jsonpath-rust`'s parsed tree to a [`Query`]: names and numbers come back from the lexer's
//! notes, and what the parser's grammar does not know of RFC 9535 is checked: the types of function
//! arguments and results (section 2.4.3) and blanks in compared queries.

use std::vec::IntoIter;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model;
use jsonpath_rust::parser::parse_json_path;

use super::PathError;
use super::lexer::{LexError, SegmentNote, lex};
use super::number::Number;
use super::query::{
    Comparison, Condition, InnerQuery, Matches, Operand, Operator, Pattern, Query, Segment,
    Selector,
};
use super::regexp::{self, PatternError};

/// RFC 9535, section 2.1: indexes lie within what a double holds exactly.
const MAX_INDEX: u64 = (1 << 53) - 1;

type Lowered<T> = Result<T, PathError>;

impl Query {
    /// Parses and checks a query.
    ///
    /// # Errors
    /// [`PathError::Invalid`] for what is no RFC 9535 query or nests deeper than the lexer allows.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        let lexed = lex(text).map_err(|LexError { at, reason }| placed(&reason, at))?;
        let parsed =
            parse_json_path(&lexed.masked).map_err(|error| describe(&error, &lexed.masked))?;
        let mut lowering = Lowering {
            notes: lexed.segments.into_iter(),
            numbers: lexed.numbers.into_iter(),
        };
        let segments = lowering.segments(parsed.segments)?;
        if lowering.notes.next().is_some() || lowering.numbers.next().is_some() {
            return Err(out_of_step());
        }
        Ok(Self { segments })
    }
}

fn placed(reason: &str, at: usize) -> PathError {
    PathError::Invalid(format!("{reason} (character {})", at + 1))
}

fn invalid<T>(reason: impl Into<String>) -> Lowered<T> {
    Err(PathError::Invalid(reason.into()))
}

/// Cannot happen as long as parser and lexer read the same text in the same order.
fn out_of_step() -> PathError {
    PathError::Invalid("the path cannot be read".to_owned())
}

/// The parser's complaint, with its place if it says one: `--> 1:5`.
fn describe(error: &JsonPathError, masked: &str) -> PathError {
    let text = error.to_string();
    let column = text
        .split_once("--> 1:")
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit))
        .and_then(|digits| digits.collect::<String>().parse::<usize>().ok())
        .and_then(|column| column.checked_sub(1));
    match column {
        Some(at) => match masked.chars().nth(at) {
            Some(sign) => placed(&format!("{sign:?} or what follows cannot stand here"), at),
            None => PathError::Invalid("the path ends too early".to_owned()),
        },
        None => {
            let line = text.lines().next().unwrap_or_default();
            let reason = line.strip_prefix("Invalid json path: ").unwrap_or(line);
            PathError::Invalid(reason.to_owned())
        }
    }
}

struct Lowering {
    notes: IntoIter<SegmentNote>,
    numbers: IntoIter<String>,
}

impl Lowering {
    fn note(&mut self) -> Lowered<SegmentNote> {
        self.notes.next().ok_or_else(out_of_step)
    }

    fn number(&mut self) -> Lowered<Operand> {
        let text = self.numbers.next().ok_or_else(out_of_step)?;
        Ok(Operand::Number(Number::new(text)))
    }

    fn segments(&mut self, segments: Vec<model::Segment>) -> Lowered<Vec<Segment>> {
        segments
            .into_iter()
            .map(|segment| self.segment(segment, false))
            .collect()
    }

    fn segment(&mut self, segment: model::Segment, descendant: bool) -> Lowered<Segment> {
        let selectors = match segment {
            model::Segment::Descendant(inner) if !descendant => return self.segment(*inner, true),
            model::Segment::Descendant(_) => return Err(out_of_step()),
            model::Segment::Selector(selector) => match self.note()?.name {
                Some(name) => vec![Selector::Name(name)],
                None => vec![self.selector(selector)?],
            },
            model::Segment::Selectors(selectors) => {
                self.note()?;
                selectors
                    .into_iter()
                    .map(|selector| self.selector(selector))
                    .collect::<Lowered<_>>()?
            }
        };
        Ok(Segment {
            descendant,
            selectors,
        })
    }

    fn selector(&mut self, selector: model::Selector) -> Lowered<Selector> {
        Ok(match selector {
            model::Selector::Name(name) => Selector::Name(name),
            model::Selector::Wildcard => Selector::Wildcard,
            model::Selector::Index(index) => Selector::Index(checked_index(index)?),
            model::Selector::Slice(start, end, step) => Selector::Slice {
                start: start.map(checked_index).transpose()?,
                end: end.map(checked_index).transpose()?,
                step: checked_index(step.unwrap_or(1))?,
            },
            model::Selector::Filter(filter) => Selector::Filter(self.condition(filter)?),
        })
    }

    fn condition(&mut self, filter: model::Filter) -> Lowered<Condition> {
        let mut all = |parts: Vec<model::Filter>| -> Lowered<Vec<Condition>> {
            parts.into_iter().map(|part| self.condition(part)).collect()
        };
        Ok(match filter {
            model::Filter::Or(parts) => Condition::Any(all(parts)?),
            model::Filter::And(parts) => Condition::All(all(parts)?),
            model::Filter::Atom(atom) => {
                let (condition, not) = match atom {
                    model::FilterAtom::Filter { expr, not } => (self.condition(*expr)?, not),
                    model::FilterAtom::Test { expr, not } => (self.test(*expr)?, not),
                    model::FilterAtom::Comparison(compare) => (self.comparison(*compare)?, false),
                };
                if not {
                    Condition::Not(Box::new(condition))
                } else {
                    condition
                }
            }
        })
    }

    fn test(&mut self, test: model::Test) -> Lowered<Condition> {
        let function = match test {
            model::Test::Function(function) => *function,
            query => return Ok(Condition::Exists(self.inner(query)?)),
        };
        let (name, text, pattern) = match function {
            model::TestFunction::Match(text, pattern) => ("match", text, pattern),
            model::TestFunction::Search(text, pattern) => ("search", text, pattern),
            other => {
                return invalid(format!(
                    "the result of {} must be compared",
                    function_name(&other)
                ));
            }
        };
        let whole = name == "match";
        let text = self.value_argument(text, name)?;
        let pattern = match self.value_argument(pattern, name)? {
            Operand::Text(pattern) => Pattern::Compiled(match regexp::compile(&pattern, whole) {
                Ok(regex) => Some(regex),
                Err(PatternError::Invalid) => None,
                Err(PatternError::TooLarge) => {
                    return invalid(format!("the regular expression {pattern:?} is too large"));
                }
            }),
            operand => Pattern::Computed(operand),
        };
        Ok(Condition::Matches(Box::new(Matches {
            text,
            pattern,
            whole,
        })))
    }

    fn comparison(&mut self, comparison: model::Comparison) -> Lowered<Condition> {
        let (left, operator, right) = match comparison {
            model::Comparison::Eq(left, right) => (left, Operator::Equal, right),
            model::Comparison::Ne(left, right) => (left, Operator::NotEqual, right),
            model::Comparison::Gt(left, right) => (left, Operator::Greater, right),
            model::Comparison::Gte(left, right) => (left, Operator::GreaterOrEqual, right),
            model::Comparison::Lt(left, right) => (left, Operator::Less, right),
            model::Comparison::Lte(left, right) => (left, Operator::LessOrEqual, right),
        };
        Ok(Condition::Compare(Box::new(Comparison {
            left: self.comparable(left)?,
            operator,
            right: self.comparable(right)?,
        })))
    }

    fn comparable(&mut self, comparable: model::Comparable) -> Lowered<Operand> {
        match comparable {
            model::Comparable::Literal(literal) => self.literal(literal),
            model::Comparable::Function(function) => self.function(function),
            model::Comparable::SingularQuery(query) => {
                let (absolute, parts) = match query {
                    model::SingularQuery::Current(parts) => (false, parts),
                    model::SingularQuery::Root(parts) => (true, parts),
                };
                let segments = parts
                    .into_iter()
                    .map(|part| self.singular_segment(part))
                    .collect::<Lowered<_>>()?;
                Ok(Operand::Value(InnerQuery { absolute, segments }))
            }
        }
    }

    fn singular_segment(&mut self, part: model::SingularQuerySegment) -> Lowered<Segment> {
        let note = self.note()?;
        if note.blank {
            return Err(placed(
                "a query that is compared has no blanks inside its brackets",
                note.at,
            ));
        }
        let selector = match (note.name, part) {
            (Some(name), _) | (None, model::SingularQuerySegment::Name(name)) => {
                Selector::Name(name)
            }
            (None, model::SingularQuerySegment::Index(index)) => {
                Selector::Index(checked_index(index)?)
            }
        };
        Ok(Segment {
            descendant: false,
            selectors: vec![selector],
        })
    }

    /// A function that gives a value.
    fn function(&mut self, function: model::TestFunction) -> Lowered<Operand> {
        match function {
            model::TestFunction::Length(argument) => self
                .value_argument(*argument, "length")
                .map(|operand| Operand::Length(Box::new(operand))),
            model::TestFunction::Count(argument) => {
                self.nodes_argument(argument, "count").map(Operand::Count)
            }
            model::TestFunction::Value(argument) => {
                self.nodes_argument(argument, "value").map(Operand::Value)
            }
            other => invalid(format!(
                "{} is true or false and cannot be used as a value",
                function_name(&other)
            )),
        }
    }

    /// An argument of `ValueType`: a literal, a singular query or a function's value.
    fn value_argument(&mut self, argument: model::FnArg, name: &str) -> Lowered<Operand> {
        match argument {
            model::FnArg::Literal(literal) => self.literal(literal),
            model::FnArg::Test(test) => match *test {
                model::Test::Function(function) => self.function(*function),
                query => {
                    let inner = self.inner(query)?;
                    if inner.segments.iter().all(Segment::is_singular) {
                        Ok(Operand::Value(inner))
                    } else {
                        invalid(format!(
                            "{name} needs one value, and its query can give more: use value(…)"
                        ))
                    }
                }
            },
            model::FnArg::Filter(_) => invalid(format!("{name} needs a value, not a condition")),
        }
    }

    /// An argument of `NodesType`: a query.
    fn nodes_argument(&mut self, argument: model::FnArg, name: &str) -> Lowered<InnerQuery> {
        match argument {
            model::FnArg::Test(test) if !matches!(*test, model::Test::Function(_)) => {
                self.inner(*test)
            }
            _ => invalid(format!("{name} needs a query like @.items[*]")),
        }
    }

    fn inner(&mut self, query: model::Test) -> Lowered<InnerQuery> {
        let (absolute, segments) = match query {
            model::Test::RelQuery(segments) => (false, segments),
            model::Test::AbsQuery(query) => (true, query.segments),
            model::Test::Function(_) => return Err(out_of_step()),
        };
        let segments = self.segments(segments)?;
        Ok(InnerQuery { absolute, segments })
    }

    fn literal(&mut self, literal: model::Literal) -> Lowered<Operand> {
        match literal {
            model::Literal::Int(_) | model::Literal::Float(_) => self.number(),
            model::Literal::String(text) => Ok(Operand::Text(text)),
            model::Literal::Bool(truth) => Ok(Operand::Bool(truth)),
            model::Literal::Null => Ok(Operand::Null),
        }
    }
}

fn checked_index(index: i64) -> Lowered<i64> {
    if index.unsigned_abs() > MAX_INDEX {
        return invalid(format!("{index} is beyond 2^53 - 1"));
    }
    Ok(index)
}

fn function_name(function: &model::TestFunction) -> &str {
    match function {
        model::TestFunction::Custom(name, _) => name,
        model::TestFunction::Length(_) => "length",
        model::TestFunction::Value(_) => "value",
        model::TestFunction::Count(_) => "count",
        model::TestFunction::Search(..) => "search",
        model::TestFunction::Match(..) => "match",
    }
}
