//! Paths with several results: evaluated on the smallest part of the row that holds them all, which the
//! reader has cut out.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::run::Run;
use crate::path::{Query, QueryError, Tree};
use crate::plan::NodesPath;
use crate::reader::{Slot, read_element, value_of};
use crate::value::{Made, Value, failure};

impl<'a> Run<'a> {
    /// The results as a list, in document order; nothing there is an empty list.
    pub(super) fn selected(&self, nodes: &'a NodesPath) -> Made<Value<'a>> {
        let found = self.select_nodes(&nodes.query, self.raw(nodes.within))?;
        let mut list = ArenaVec::with_capacity_in(found.len(), self.arena);
        for (text, _) in found {
            list.push(value_of(text, self.arena));
        }
        Ok(Value::List(list.into_bump_slice()))
    }

    /// Reads the results as elements of a table; gives the first row and how many there are.
    pub(super) fn select_elements(
        &mut self,
        nodes: &'a NodesPath,
        table: usize,
    ) -> Made<(u32, u32)> {
        let found = self.select_nodes(&nodes.query, self.raw(nodes.within))?;
        let first = self.tables.get(table).map_or(0, |table| table.rows());
        let plan = self.plan;
        for (row, (text, path)) in (first..).zip(&found) {
            // what was selected was read once already, so it is well-formed
            let read = read_element(text, table, &plan.tries, self.tables, self.arena);
            if read.is_err() {
                return failure(ErrorCode::JsonInvalid, "an element cannot be read");
            }
            let path: &str = self.arena.alloc_str(path);
            self.element_paths.push((table, row, path));
        }
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        Ok((first, count))
    }

    /// The texts of the results and their paths below the part of the row.
    fn select_nodes(&self, query: &Query, within: Slot<'a>) -> Made<Vec<(&'a str, String)>> {
        let Slot::Json(text) = within else {
            // a scalar, null or nothing has no nodes inside
            return Ok(Vec::new());
        };
        let found = Tree::parse(text).and_then(|tree| {
            let selection = query.select(&tree)?;
            let nodes = selection
                .nodes()
                .map(|node| (node.text(), node.normalized_path()));
            Ok::<_, QueryError>(nodes.collect())
        });
        found.or_else(|error| failure(ErrorCode::ValueInvalid, error.to_string()))
    }
}
