import { assert, describe, it } from "@effect/vitest"
import { optionsFirst } from "../../src/layers/cli/Arguments.ts"

const cases: ReadonlyArray<readonly [written: string, read: string]> = [
  ["get txn_1 --json", "get --json txn_1"],
  ["get txn_1 --wait 5 --url http://x", "get --wait 5 --url http://x txn_1"],
  ["get --wait=5 txn_1", "get --wait=5 txn_1"],
  ["accounts create Shop --json", "accounts create --json Shop"],
  [
    "accounts rotate --expire-current-in 5 acct_1 --scope read_only",
    "accounts rotate --expire-current-in 5 --scope read_only acct_1"
  ],
  ["parked give-up txn_1 --json", "parked give-up --json txn_1"],
  ["send --amount -5", "send --amount -5"],
  ["accounts create -- --json", "accounts create --json"],
  ["send --amount", "send --amount"],
  ["accounts create --json - x", "accounts create --json - x"],
  ["--version", "--version"],
  ["", ""]
]

describe("arguments", () => {
  for (const [written, read] of cases) {
    it(`"${written}" puts options first`, () => {
      const words = written === "" ? [] : written.split(" ")
      assert.strictEqual(optionsFirst(words).join(" "), read)
    })
  }
})
