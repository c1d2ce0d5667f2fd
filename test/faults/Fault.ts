import { setTimeout as sleep } from "node:timers/promises"
import type { Random } from "../crash/Random.ts"
import type { Locks } from "./Locks.ts"
import type { Pipeline } from "./Pipeline.ts"
import type { RoleProcess } from "./RoleProcess.ts"

/** How long things take in a run of some minutes, and in a long one. */
export type Length = "short" | "long"

export interface Stage {
  readonly pipeline: Pipeline
  readonly random: Random
  readonly length: Length
  readonly locks: Locks
  readonly say: (line: string) => void
}

/** One kind of fault: how it is done, and undone. It ends when everything runs again. */
export interface FaultKind {
  readonly name: string
  /** Whether it can be done here; a sentence when not. */
  readonly refusal?: (pipeline: Pipeline) => string | null
  readonly run: (stage: Stage) => Promise<void>
}

/** ms after which a fault itself counts as failed. */
export const faultLimit = 400_000

/** Takes several processes for itself, in one order for everybody. */
export const withProcesses = <A>(
  processes: ReadonlyArray<RoleProcess>,
  work: () => Promise<A>
): Promise<A> => {
  const ordered = processes.toSorted((a, b) => a.name < b.name ? -1 : 1)
  const take = (index: number): Promise<A> => {
    const process = ordered[index]
    return process === undefined ? work() : process.exclusive(() => take(index + 1))
  }
  return take(0)
}

export const readyAgain = async (processes: ReadonlyArray<RoleProcess>): Promise<void> => {
  await Promise.all(processes.map((process) => process.ready()))
}

export const wait = (ms: number): Promise<void> => sleep(ms)
