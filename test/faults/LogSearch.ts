import { createReadStream, readdirSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Entry } from "./History.ts"
import { holder } from "./Requests.ts"
import { type Fault, fault } from "./Rules.ts"

const digitRuns = /\d(?:[ -]?\d){12,18}/g
const cvv = /\bcvv\b["']?\s*[:=]\s*["']?\d{3,4}\b/i

const onlyDigits = (text: string) => text.replace(/\D/g, "")

/** Looks through everything that the processes have said for a card number, a CVV or a holder that was sent. */
export const searchLogs = async (folder: string, history: ReadonlyArray<Entry>): Promise<ReadonlyArray<Fault>> => {
  const numbers = new Set(
    history.flatMap((entry) => entry._tag === "intent" ? [onlyDigits(entry.card.number)] : []).filter((_) =>
      _.length > 8
    )
  )
  const faults: Array<Fault> = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".log"))) {
    let line = 0
    for await (const text of createInterface({ input: createReadStream(join(folder, file)), crlfDelay: Infinity })) {
      line++
      const found = [
        ...Array.from(text.matchAll(digitRuns), ([run]) => onlyDigits(run)).filter((_) => numbers.has(_)).map(() =>
          "a card number"
        ),
        ...(cvv.test(text) ? ["a CVV"] : []),
        ...(text.includes(holder) ? ["a holder"] : [])
      ]
      if (found.length > 0) faults.push(fault("quiet", `${found.join(", ")} in line ${line} of ${file}`))
    }
  }
  return faults
}
