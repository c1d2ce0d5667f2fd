import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { execFileSync } from "node:child_process"
import { quoted, readCommand, sendCommand } from "../../web/live/curl.ts"

/** What a shell hands to a program in place of curl. */
const wordsOf = (command: string): ReadonlyArray<string> =>
  execFileSync("sh", ["-c", command.replace(/^curl /, "printf '%s\\0' ")], {
    encoding: "utf8",
    env: { ...process.env, SECRET: "sk_ of $HOME" }
  }).split("\0").slice(0, -1)

describe("a command to paste", () => {
  it("is one word for a shell, whatever is in it", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.stringMatching(/^[\x20-\x7e\n\té✓]{0,40}$/),
        (text) => wordsOf(`curl ${quoted(text)}`)[0] === text
      ),
      { numRuns: 60, examples: [["'"], ["$(id)"], ["`id`"], ["\\"], ["'\\''"], ["\n"], ["-n"]] }
    )
  })

  it("reads with the secret of the shell's own variable, which is not in it", () => {
    const command = readCommand("http://127.0.0.1:8080", "acct_1", "txn_1")
    assert.deepStrictEqual(wordsOf(command), [
      "-u",
      "acct_1:sk_ of $HOME",
      "http://127.0.0.1:8080/v1/transactions/txn_1"
    ])
    assert.deepStrictEqual(
      wordsOf(readCommand("http://127.0.0.1:8080", "operator", "txn_1"))[1],
      "operator:sk_ of $HOME"
    )
  })

  it("sends the same body under the same key", () => {
    const body = JSON.stringify({ card: { holder: "O'Neil $(id) `id` \"x\"" } })
    const words = wordsOf(sendCommand("http://127.0.0.1:8080", "acct_1", body, { "Idempotency-Key": "panel-1" }))
    assert.deepStrictEqual(words.slice(-6), [
      "-H",
      "Content-Type: application/json",
      "-H",
      "Idempotency-Key: panel-1",
      "--data-raw",
      body
    ])
  })
})
