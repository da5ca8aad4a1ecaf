//! Mapping documents: parse, check, compile to a plan, evaluate, explain.
