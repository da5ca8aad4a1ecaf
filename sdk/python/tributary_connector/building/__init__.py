"""From a connector's folder to a component. Runs where the author works, never inside of a connector.

| file | does |
|---|---|
| `manifest` | `connector.json`, and the configuration's schema derived into it |
| `lint` | what can't work in a component, told before it is built |
| `world` | the WIT world: imports are capabilities, exports are roles and what else the target's class has |
| `stubs` | the stubs of WASI joined, so that few instances are needed |
| `binary` | numbers, names and sections |
| `component` | the bytes: imports, digest, the manifest's section |
| `build` | the steps in order |
"""
