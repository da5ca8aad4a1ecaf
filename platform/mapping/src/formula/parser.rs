//! Tokens to [`Ast`], by precedence climbing. Nesting is limited, so no formula can exhaust the stack.

use super::SyntaxError;
use super::ast::{Ast, Node, Operator, Pick};
use super::lexer::{Token, TokenKind, tokens};
use crate::value::Constant;

/// Longest formula, in bytes.
const MAX_LENGTH: usize = 8192;
/// Deepest nesting of brackets and operators.
const MAX_DEPTH: u32 = 64;
/// Most operators of one formula.
const MAX_OPERATORS: u32 = 300;

/// Parses a formula.
pub(crate) fn parse(text: &str) -> Result<Ast, SyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(SyntaxError {
            offset: MAX_LENGTH,
            message: format!("longer than {MAX_LENGTH} bytes"),
        });
    }
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        operators: 0,
    };
    let ast = parser.expression(1)?;
    match parser.peek() {
        TokenKind::End => Ok(ast),
        _ => parser.fail("an operator or the end is needed"),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    operators: u32,
}

impl Parser {
    fn peek(&self) -> &TokenKind {
        self.tokens
            .get(self.at)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.offset)
    }

    fn take(&mut self) -> TokenKind {
        let kind = self.peek().clone();
        self.at += 1;
        kind
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let there = *self.peek() == TokenKind::Sign(sign);
        if there {
            self.at += 1;
        }
        there
    }

    fn expect(&mut self, sign: char) -> Result<(), SyntaxError> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            self.fail(format!("{sign:?} is needed"))
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            offset: self.offset(),
            message: message.into(),
        })
    }

    /// An expression whose operators bind at least as strongly as `strength`.
    fn expression(&mut self, strength: u8) -> Result<Ast, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("nested too deep");
        }
        let mut left = self.unary()?;
        loop {
            let offset = self.offset();
            if let TokenKind::Operator(operator) = *self.peek()
                && operator.strength() >= strength
            {
                // a chain nests to the left: it counts as depth, because it is evaluated by recursion
                self.operators += 1;
                if self.operators > MAX_OPERATORS {
                    return self.fail("too many operators; split the formula");
                }
                self.at += 1;
                let right = self.expression(operator.strength() + 1)?;
                left = binary(operator, left, right, offset)?;
            } else if strength <= 1 && self.take_sign('?') {
                let yes = self.expression(1)?;
                self.expect(':')?;
                let no = self.expression(1)?;
                left = Ast {
                    offset,
                    node: Node::If(Box::new(left), Box::new(yes), Box::new(no)),
                };
            } else {
                self.depth -= 1;
                return Ok(left);
            }
        }
    }

    fn unary(&mut self) -> Result<Ast, SyntaxError> {
        let offset = self.offset();
        match self.peek() {
            TokenKind::Not => {
                self.at += 1;
                // `not a == b` means `not (a == b)`, as a reader expects
                let inner = self.expression(4)?;
                Ok(Ast {
                    offset,
                    node: Node::Not(Box::new(inner)),
                })
            }
            TokenKind::Operator(Operator::Subtract) => {
                self.at += 1;
                let inner = self.expression(7)?;
                Ok(Ast {
                    offset,
                    node: Node::Negate(Box::new(inner)),
                })
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Ast, SyntaxError> {
        let offset = self.offset();
        let node = match self.take() {
            TokenKind::Number(number) => Node::Constant(Constant::Decimal(number)),
            TokenKind::Text(text) => Node::Constant(Constant::Text(text.into())),
            TokenKind::Sign('(') => {
                let inner = self.expression(1)?;
                self.expect(')')?;
                return Ok(inner);
            }
            TokenKind::Sign('[') => Node::List(self.list(']')?),
            TokenKind::Name(name) => match name.as_str() {
                "true" => Node::Constant(Constant::Bool(true)),
                "false" => Node::Constant(Constant::Bool(false)),
                "null" => Node::Constant(Constant::Null),
                _ if self.take_sign('(') => Node::Call(name, self.list(')')?),
                _ => Node::Name(name, self.picks()?),
            },
            _ => {
                self.at = self.at.saturating_sub(1);
                return self.fail("a value is needed");
            }
        };
        Ok(Ast { offset, node })
    }

    /// Expressions with commas between them, up to and with `close`.
    fn list(&mut self, close: char) -> Result<Vec<Ast>, SyntaxError> {
        let mut found = Vec::new();
        if self.take_sign(close) {
            return Ok(found);
        }
        loop {
            found.push(self.expression(1)?);
            if self.take_sign(close) {
                return Ok(found);
            }
            self.expect(',')?;
        }
    }

    fn picks(&mut self) -> Result<Vec<Pick>, SyntaxError> {
        let mut picks = Vec::new();
        loop {
            if self.take_sign('.') {
                match self.take() {
                    TokenKind::Name(name) => picks.push(Pick::Member(name)),
                    _ => {
                        self.at -= 1;
                        return self.fail("a name is needed after the point");
                    }
                }
            } else if self.take_sign('[') {
                match self.take() {
                    TokenKind::Text(name) => picks.push(Pick::Member(name)),
                    TokenKind::Number(number) => {
                        match number.to_i64().and_then(|n| u64::try_from(n).ok()) {
                            Some(index) => picks.push(Pick::Index(index)),
                            None => return self.fail("an index is a whole number"),
                        }
                    }
                    _ => {
                        self.at -= 1;
                        return self.fail("a name in quotes or a whole number is needed");
                    }
                }
                self.expect(']')?;
            } else {
                return Ok(picks);
            }
        }
    }
}

fn binary(operator: Operator, left: Ast, right: Ast, offset: usize) -> Result<Ast, SyntaxError> {
    let compares =
        |ast: &Ast| matches!(&ast.node, Node::Binary(inner, _, _) if inner.strength() == 4);
    if operator.strength() == 4 && compares(&left) {
        return Err(SyntaxError {
            offset,
            message: "comparisons cannot be chained; join them with 'and' or use brackets"
                .to_owned(),
        });
    }
    Ok(Ast {
        offset,
        node: Node::Binary(operator, Box::new(left), Box::new(right)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula with all its brackets.
    fn shape(text: &str) -> String {
        fn show(ast: &Ast) -> String {
            match &ast.node {
                Node::Constant(Constant::Decimal(number)) => number.to_string(),
                Node::Constant(constant) => format!("{constant:?}"),
                Node::Name(name, picks) => format!("{name}{}", "*".repeat(picks.len())),
                Node::List(items) => {
                    format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(","))
                }
                Node::Not(inner) => format!("!{}", show(inner)),
                Node::Negate(inner) => format!("-{}", show(inner)),
                Node::Binary(operator, left, right) => {
                    format!("({} {operator:?} {})", show(left), show(right))
                }
                Node::If(c, a, b) => format!("({} ? {} : {})", show(c), show(a), show(b)),
                Node::Call(name, items) => format!(
                    "{name}({})",
                    items.iter().map(show).collect::<Vec<_>>().join(",")
                ),
            }
        }
        show(&parse(text).unwrap())
    }

    #[test]
    fn precedence() {
        assert_eq!(
            shape("1 + 2 * 3 - 4"),
            "((1 Add (2 Multiply 3)) Subtract 4)"
        );
        assert_eq!(
            shape("a or b and not c == 1"),
            "(a Or (b And !(c Equal 1)))"
        );
        assert_eq!(shape("a ? b : c ? d : e"), "(a ? b : (c ? d : e))");
        assert_eq!(shape("-a * 2"), "(-a Multiply 2)");
        assert_eq!(
            shape("x in ['A', 'B'] && !y"),
            "((x In [Text(\"A\"),Text(\"B\")]) And !y)"
        );
        assert_eq!(
            shape("src['Order No'].items[0].sku > 1.50"),
            "(src**** Greater 1.50)"
        );
        assert_eq!(shape("round(a / b, 2)"), "round((a Divide b),2)");
    }

    #[test]
    fn errors_say_where() {
        for (text, offset) in [
            ("", 0),
            ("1 +", 3),
            ("(1", 2),
            ("a = 1", 2),
            ("1 2", 2),
            ("a.1", 2),
            ("'x", 0),
            ("a == b == c", 7),
            ("x[1.5]", 5),
            ("#", 0),
        ] {
            assert_eq!(parse(text).unwrap_err().offset, offset, "{text}");
        }
        let deep = "(".repeat(200) + "1" + &")".repeat(200);
        assert!(parse(&deep).unwrap_err().message.contains("deep"));
        assert!(parse(&"1+".repeat(3000)).is_err());
    }
}
