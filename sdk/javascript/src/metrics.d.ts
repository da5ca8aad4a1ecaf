/** Figures of the connector's own, added up by the host for the run and told with its log. */
type Labels = Record<string, unknown>;

/** Adds to what happened; 1 unless said. */
export function count(name: string, more?: number, labels?: Labels): void;
/** How much there is now. */
export function gauge(name: string, value: number, labels?: Labels): void;
/** How large one of many was. */
export function sample(name: string, value: number, labels?: Labels): void;
