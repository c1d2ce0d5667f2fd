import { assert } from "vitest"
import { eventually } from "../main/MainProcess.ts"
import { queries, records, substituted } from "./Deployed.ts"
import type { RealPrometheus } from "./RealPrometheus.ts"

const window = "15s"

/** What has no series before it has happened once; of those that a fault of a server makes, the fault campaign tells. */
export const afterFaultsAlone = [
  "Intake / Statements run again A",
  "Pipeline / Batches that failed A",
  "Pipeline / Consumers B",
  "Pipeline / Partitions that wait A",
  "Processor and recorder / Statements run again A"
]

/** It is more than 0 while records are put aside. */
export const putAside = "Pipeline / Records put aside A"

/** The query of a panel as it is asked here. */
export const queryOf = (name: string): string => substituted(queries.find((_) => _.name === name)!.expr, window)

/** Of the panels' queries and the recorded series, those that this Prometheus has no data for. */
const withoutData = async ({ ask }: RealPrometheus): Promise<ReadonlyArray<string>> => {
  const missing: Array<string> = []
  for (const { expr, name, panel } of queries) {
    const found = await ask(substituted(expr, window), panel.type === "timeseries" ? 30 : undefined)
    if (found.length === 0) missing.push(name)
  }
  for (const { record } of records) if ((await ask(record!)).length === 0) missing.push(record!)
  return missing
}

/** Every panel and every recorded series has data, but for those that are named, which have none. */
export const assertData = async (prometheus: RealPrometheus, without: ReadonlyArray<string>): Promise<void> => {
  const expected = [...without].toSorted()
  let missing: ReadonlyArray<string> = []
  await eventually(
    "every panel has data",
    async () => {
      missing = (await withoutData(prometheus)).toSorted()
      return missing
    },
    (_) => _.every((name) => expected.includes(name)),
    90_000
  ).catch(() => {})
  assert.deepStrictEqual(missing, expected)
}
