import type { Watched } from "./Checker.ts"
import type { Lines } from "./History.ts"
import { decisionText } from "./Seen.ts"
import type { Stores } from "./Stores.ts"

/** Looks at the processor's table again and again, and writes down what is new or otherwise than before. */
export interface Watch {
  readonly look: () => Promise<void>
  /** The last look writes down everything. */
  readonly last: () => Promise<void>
}

export const makeWatch = (stores: Stores, lines: Lines<Watched>): Watch => {
  const known = new Map<string, string>()
  let looks = 0
  let looking = false

  const look = async () => {
    if (looking) return
    looking = true
    try {
      const rows = await stores.decisions()
      const changed = rows.filter((row) => known.get(row.id) !== decisionText(row))
      for (const row of changed) known.set(row.id, decisionText(row))
      const number = looks++
      lines.appendAll(changed.map((row) => ({ ...row, look: number })))
    } catch {
      // the database may be away: the next look sees as much
    } finally {
      looking = false
    }
  }

  return {
    look,
    last: async () => {
      await look()
      lines.appendAll((await stores.decisions()).map((row) => ({ ...row, look: -1 })))
    }
  }
}
