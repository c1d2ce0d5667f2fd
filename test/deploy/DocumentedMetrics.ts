import { readFileSync } from "node:fs"
import { inProject } from "../../scripts/setup.mjs"

export interface DocumentedMetric {
  readonly name: string
  readonly type: string
  /** The values that the page lists; of the others none. */
  readonly labels: ReadonlyMap<string, ReadonlyArray<string>>
}

const inCode = (text: string): ReadonlyArray<string> => [...text.matchAll(/`([^`]+)`/g)].map((_) => _[1]!)

const labelsOf = (cell: string): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    cell.split(";").flatMap((part) => {
      const colon = part.indexOf(":")
      const names = inCode(colon < 0 ? part : part.slice(0, colon))
      return names.map((name) => [name, colon < 0 ? [] : inCode(part.slice(colon))] as const)
    })
  )

/** What docs/metrics.md names. */
export const documentedMetrics: ReadonlyMap<string, DocumentedMetric> = new Map(
  readFileSync(inProject("docs/metrics.md"), "utf8").split("\n").flatMap((line) => {
    const cells = line.startsWith("| `") ? line.split("|").slice(1, -1).map((_) => _.trim()) : []
    if (cells.length === 0) return []
    const name = inCode(cells[0]!)[0]!
    return [[name, { name, type: cells[1]!, labels: labelsOf(cells[2]!) }] as const]
  })
)
