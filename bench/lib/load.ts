import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Quantiles } from "./histogram.ts"

/** What the generator is told; times are in seconds. */
export interface Load {
  readonly host: string
  readonly port: number
  readonly authorization: string
  readonly connections: number
  readonly idempotencyKeys: boolean
  /** Where `id expected` goes, one line per accepted transaction. */
  readonly idsFile: string
  readonly model:
    /** As many requests as the answers allow, for a time; the warm-up counts in nothing but the reconciliation. */
    | { readonly kind: "closed"; readonly warmup: number; readonly seconds: number }
    /** The same, for exactly `count` requests. */
    | { readonly kind: "count"; readonly count: number }
    /** Requests at a constant rate whatever the answers do; latency counts from the instant a request was due. */
    | { readonly kind: "open"; readonly rate: number; readonly warmup: number; readonly seconds: number }
}

export interface LoadResult {
  /** Accepted in the measured window, and how long that was. */
  readonly measured: number
  readonly seconds: number
  readonly rate: number
  readonly latency: Quantiles
  /** Accepted in all, warm-up included. */
  readonly accepted: number
  /** Answers that were not 202, by status; `0` is a connection that ended. */
  readonly failures: Readonly<Record<string, number>>
  /** Milliseconds since the epoch of the first request and of the last answer. */
  readonly startedAt: number
  readonly endedAt: number
  /** Seconds of CPU of the generator since its start. */
  readonly cpu: number
}

export type Message =
  | { readonly kind: "measuring"; readonly accepted: number }
  | { readonly kind: "done"; readonly result: LoadResult }

/**
 * Runs the load in a process of its own, so that it never waits for the one that measures. `onMeasuring` is called when
 * the warm-up is over, with the number of transactions accepted until then.
 */
export const runLoad = (load: Load, onMeasuring?: (accepted: number) => void): Promise<LoadResult> =>
  new Promise((resolve, reject) => {
    const worker = fork(fileURLToPath(new URL("./loadWorker.ts", import.meta.url)), {
      execArgv: [...process.execArgv, "--max-semi-space-size=64"]
    })
    const kill = () => worker.kill("SIGKILL")
    process.once("exit", kill)
    let result: LoadResult | undefined
    worker.on("message", (message: Message) => {
      if (message.kind === "done") result = message.result
      else onMeasuring?.(message.accepted)
    })
    worker.once("error", reject)
    worker.once("exit", (code) => {
      process.off("exit", kill)
      if (result === undefined) reject(new Error(`the load generator ended with code ${code}`))
      else resolve(result)
    })
    worker.send(load)
  })
