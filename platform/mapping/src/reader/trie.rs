//! The wanted paths of one table, merged: one walk over the bytes finds them all.

/// Place of a node in its trie.
pub(crate) type NodeId = usize;

/// The node of the element itself.
pub(crate) const ROOT: NodeId = 0;

/// Most wanted members of one object: the reader marks the seen ones in a fixed bit set.
pub(crate) const MAX_MEMBERS: usize = 256;

/// Wanted paths below one element.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
}

/// One place that is wanted or leads to wanted ones.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// wanted members of an object, in the order in which the document names them
    pub(crate) members: Vec<(Box<[u8]>, NodeId)>,
    /// wanted elements of an array, by index
    pub(crate) elements: Vec<(u64, NodeId)>,
    /// where the value itself goes
    pub(crate) slot: Option<u16>,
    /// table of the array's elements, and the slot for their range
    pub(crate) items: Option<(usize, u16)>,
}

impl Node {
    /// Whether something inside the value is wanted.
    pub(crate) fn leads_on(&self) -> bool {
        !self.members.is_empty() || !self.elements.is_empty() || self.items.is_some()
    }
}

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }
}

impl Trie {
    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id)
    }

    /// The node of the member `name` below `parent`; `None` if the object has too many.
    pub(crate) fn member(&mut self, parent: NodeId, name: &str) -> Option<NodeId> {
        let next = self.nodes.len();
        let node = self.nodes.get_mut(parent)?;
        if let Some((_, id)) = node
            .members
            .iter()
            .find(|(key, _)| **key == *name.as_bytes())
        {
            return Some(*id);
        }
        if node.members.len() >= MAX_MEMBERS {
            return None;
        }
        node.members.push((name.as_bytes().into(), next));
        self.nodes.push(Node::default());
        Some(next)
    }

    /// The node of the element at `index` below `parent`.
    pub(crate) fn element(&mut self, parent: NodeId, index: u64) -> Option<NodeId> {
        let next = self.nodes.len();
        let node = self.nodes.get_mut(parent)?;
        if let Some((_, id)) = node.elements.iter().find(|(place, _)| *place == index) {
            return Some(*id);
        }
        node.elements.push((index, next));
        self.nodes.push(Node::default());
        Some(next)
    }
}
