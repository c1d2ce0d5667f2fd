import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import type { StoredRecord } from "../../src/services/Log.ts"
import { byPartition, type LogPlace, logSuite, type LogUnderTest } from "../support/LayersLog.ts"
import { textOf, textRecord } from "../support/LayersSamples.ts"

interface Acknowledged {
  readonly partition: number
  readonly offset: number
  readonly text: string
}

/** Runs the appender until it has printed so many whole lines, and kills it in the middle of its work. */
const killAfter = (lines: number, { args, program }: LogPlace["appender"]) =>
  Effect.async<{ readonly acknowledged: ReadonlyArray<Acknowledged>; readonly signal: string | null }>((resume) => {
    const child = spawn(process.execPath, ["--import", "tsx", program, ...args], { stdio: ["ignore", "pipe", "pipe"] })
    let out = ""
    let errors = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text
      if (out.split("\n").length > lines) child.kill("SIGKILL")
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text
    })
    child.on("close", (_, signal) => {
      // the last line may have been cut by the kill
      const acknowledged = out.split("\n").slice(0, -1).map((line) => {
        const [partition, offset, text] = line.split(" ")
        return { partition: Number(partition), offset: Number(offset), text: text! }
      })
      resume(
        acknowledged.length < lines
          ? Effect.dieMessage(`the appender ended by itself: ${errors}`)
          : Effect.succeed({ acknowledged, signal })
      )
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

export const logSurvives = (layer: LogUnderTest) => {
  const { life, readAll, test } = logSuite(layer)

  test("what is closed and opened again holds the same, and goes on", (where) =>
    Effect.gen(function*() {
      const write = (text: string) =>
        life(where, (log) => log.append("transactions", [textRecord(text, "one"), textRecord(`${text}'`, "one")]))
      const positions = [...yield* write("first"), ...yield* write("second"), ...yield* write("third")]
      assert.deepStrictEqual(positions.map((_) => _.offset), [0, 1, 2, 3, 4, 5])
      const read = yield* life(where, (log) => readAll(log, "transactions"))
      assert.deepStrictEqual(read.map(textOf), ["first", "first'", "second", "second'", "third", "third'"])
      assert.deepStrictEqual(read.map((_) => _.position), positions)
    }))

  test("what was acknowledged survives kill -9 of the appender", (where) =>
    Effect.gen(function*() {
      const { acknowledged, signal } = yield* killAfter(400, where.appender)
      assert.strictEqual(signal, "SIGKILL")
      const [read, next] = yield* life(where, (log) =>
        Effect.gen(function*() {
          const read = yield* readAll(log, "transactions")
          return [read, yield* log.append("transactions", [textRecord("after", "key 1")])] as const
        }))
      const at = new Map(read.map((_: StoredRecord) => [`${_.position.partition}/${_.position.offset}`, textOf(_)]))
      for (const { offset, partition, text } of acknowledged) {
        assert.strictEqual(at.get(`${partition}/${offset}`), text)
      }
      for (const [name, mine] of byPartition(read, (_) => Number(textOf(_).split("-")[0]))) {
        assert.deepStrictEqual(mine.map(textOf), mine.map((_, index) => `${name}-${index}`), "once, in order")
      }
      for (const [partition, mine] of byPartition(read, (_) => _.position.partition)) {
        assert.deepStrictEqual(mine.map((_) => _.position.offset), mine.map((_, index) => index))
        if (partition === next[0]!.partition) assert.strictEqual(next[0]!.offset, mine.length)
      }
    }))
}
