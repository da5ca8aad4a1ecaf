"""Write Tributary connectors in Python.

A source implements `Source`, an API target implements `Target`; one line exports it:

    class Orders(Source[Config]): ...
    export_source(Orders)

A target that can be asked whether a record is there is an `Ask`, too; one that leaves a word at the end of a run a
`Conclude`: `class Invoices(Target[Config], Ask[Config], Conclude[Config])`.

Capabilities are modules, imported by name: `from tributary_connector import connections, http, rows`. Which
of them exist is what `connector.json` lists; another one fails to import and says so.

Invariants: a connector does no I/O of its own: it names a connection and asks the host. It never retries; it
raises an `Error` whose kind says what the platform should do. It keeps no state but checkpoints. Deliberately
absent: WASI (no files, sockets, clock or chance; see `control.now_ms`), secrets (the host sets them).
"""

from .conclusion import Conclude, Document, Written
from .config import option
from .errors import Error
from .export import export_source, export_target
from .lookup import Absent, Ask, Inquiry, Later, There, Unclear
from .source import Selection, Source, Step, Stream
from .target import Batch, Call, Delivered, Rejected, Response, Retry, Target, all_rows

__all__ = [
    "Absent",
    "Ask",
    "Batch",
    "Call",
    "Conclude",
    "Delivered",
    "Document",
    "Error",
    "Inquiry",
    "Later",
    "Rejected",
    "Response",
    "Retry",
    "Selection",
    "Source",
    "Step",
    "Stream",
    "Target",
    "There",
    "Unclear",
    "Written",
    "all_rows",
    "export_source",
    "export_target",
    "option",
]
