import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Quantiles } from "./histogram.ts"

/** What the listeners are told. */
export interface Listening {
  readonly host: string
  readonly port: number
  /** The value of `Authorization` of each account. */
  readonly accounts: ReadonlyArray<string>
  /** Of each account. */
  readonly streams: number
  /** One that listens to all accounts and stops reading; null for none. */
  readonly stalled: string | null
}

/** What one stream heard: how many events, and a sum over their ids, which says whether two heard the same. */
export interface HeardBy {
  readonly count: number
  readonly sum: number
}

export interface Latency {
  readonly accepted: Quantiles
  /** Recording included. */
  readonly decided: Quantiles
}

export interface Heard {
  /** By account, then by stream. */
  readonly streams: ReadonlyArray<ReadonlyArray<HeardBy>>
  readonly resets: number
  /** Streams that ended, the stalled one not among them: it hears of no end. */
  readonly ended: number
  /** Milliseconds from the event's `created_at` until it was heard, of every tenth stream. */
  readonly latency: Latency
  /** Seconds of CPU. */
  readonly cpu: number
}

export type FromListeners =
  | { readonly kind: "open" }
  | { readonly kind: "heard"; readonly heard: Heard }

export type ToListeners =
  | { readonly kind: "listen"; readonly listening: Listening }
  | { readonly kind: "report" }
  /** What was heard until now is not in the latencies. */
  | { readonly kind: "measure" }

/** FNV-1a of an event's id, for sums of 32 bits. */
export const digestOf = (id: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  return hash
}

/** Opens the streams in a process of its own. */
export const openStreams = async (listening: Listening) => {
  const worker = fork(fileURLToPath(new URL("./streamsWorker.ts", import.meta.url)), { execArgv: process.execArgv })
  const kill = () => worker.kill("SIGKILL")
  process.once("exit", kill)
  const next = <Kind extends FromListeners["kind"]>(kind: Kind) =>
    new Promise<Extract<FromListeners, { readonly kind: Kind }>>((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`the listeners ended with code ${code}`))
      const hear = (message: FromListeners) => {
        if (message.kind !== kind) return
        worker.off("message", hear)
        worker.off("exit", ended)
        resolve(message as Extract<FromListeners, { readonly kind: Kind }>)
      }
      worker.on("message", hear)
      worker.once("exit", ended)
    })
  const tell = (message: ToListeners) => worker.send(message)
  const open = next("open")
  tell({ kind: "listen", listening })
  await open
  return {
    measure: () => tell({ kind: "measure" }),
    heard: () => {
      const heard = next("heard")
      tell({ kind: "report" })
      return heard.then((_) => _.heard)
    },
    close: () => {
      process.off("exit", kill)
      kill()
    }
  }
}
