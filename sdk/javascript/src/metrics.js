// Figures of the connector's own, added up by the host for the run and told with its log. Names and labels: 1 to
// 64 of a-z, 0-9 and `_`, first a letter; at most 5 labels with values of up to 64 characters, and 100 series a
// run. What breaks a rule is dropped, and the log says how often.

import * as contract from "tributary:connector/metrics@0.1.0";

export const count = (name, more = 1, labels) => observe(name, "counter", more, labels);
export const gauge = (name, value, labels) => observe(name, "gauge", value, labels);
export const sample = (name, value, labels) => observe(name, "histogram", value, labels);

function observe(name, kind, value, labels = {}) {
  contract.observe(
    name,
    kind,
    value,
    Object.entries(labels).map(([label, text]) => [label, String(text)]),
  );
}
