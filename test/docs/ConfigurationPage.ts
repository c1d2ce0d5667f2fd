import { readFileSync } from "node:fs"
import { inProject } from "../../scripts/setup.mjs"

/** The cells of every row whose first cell is code, by the first cell of its table's head. */
const rows = (head: string): ReadonlyArray<ReadonlyArray<string>> => {
  const found: Array<ReadonlyArray<string>> = []
  let table = ""
  for (const line of readFileSync(inProject("docs/configuration.md"), "utf8").split("\n")) {
    if (!line.startsWith("| ")) {
      table = ""
      continue
    }
    const cells = line.split("|").slice(1, -1).map((_) => _.trim())
    if (table === "") table = cells[0]!
    else if (table === head && cells[0]!.startsWith("`")) found.push(cells)
  }
  return found
}

const code = /^`([^`]+)`/

export interface DocumentedVariable {
  readonly name: string
  /** As it would be written in the environment; null when there is none. */
  readonly byDefault: string | null
  readonly unit: string
  readonly what: string
}

export const documentedVariables = (): ReadonlyArray<DocumentedVariable> =>
  rows("Variable").map(([name = "", byDefault = "", unit = "", what = ""]) => ({
    name: code.exec(name)?.[1] ?? name,
    byDefault: byDefault === "none" ? null : code.exec(byDefault)?.[1] ?? byDefault,
    unit,
    what
  }))

/** Names of the files of DATA_DIR. */
export const documentedFiles = (): ReadonlyArray<string> =>
  rows("File").map(([name = ""]) => code.exec(name)?.[1] ?? name)
