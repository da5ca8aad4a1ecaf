"""What the component is made of: the module `connector` of the connector's folder, as the contract's exports.
The build names this module; componentize-py looks for a class in it for each export: `Base`, `Source`, `Target` and
so on.
"""

import connector  # noqa: F401 - it calls export_source or export_target

from .export import exports

globals().update(exports())
