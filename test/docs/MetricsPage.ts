import { readFileSync } from "node:fs"
import { inProject } from "../../scripts/setup.mjs"

export interface DocumentedMetric {
  readonly name: string
  readonly type: string
  readonly labels: ReadonlyArray<string>
  readonly role: string
  readonly what: string
}

/** A label is named by the first code of a part of its cell; what follows are its values. */
const labelsOf = (cell: string): ReadonlyArray<string> =>
  cell.split(";").flatMap((part) => {
    const [named = ""] = part.split(":")
    return Array.from(named.matchAll(/`([a-z_0-9]+)`/g), (_) => _[1]!)
  })

/** The rows of the tables whose first column is a metric. */
export const documentedMetrics = (): ReadonlyArray<DocumentedMetric> =>
  readFileSync(inProject("docs/metrics.md"), "utf8").split("\n").flatMap((line) => {
    const name = /^\| `([a-z_0-9]+)` \|/.exec(line)?.[1]
    if (name === undefined) return []
    const [, , type = "", labels = "", role = "", what = ""] = line.split("|").map((_) => _.trim())
    return [{ name, type, labels: labelsOf(labels), role, what }]
  })
