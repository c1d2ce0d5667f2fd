import { ask } from "./Http.ts"
import type { RoleProcess } from "./RoleProcess.ts"

/** ms between two looks, and for which a process that runs may say nothing: others need the machine too. */
const every = 2_000
const patience = 30_000

/** Asks each process again and again whether it lives; answers how to stop. */
export const watchLiveness = (processes: ReadonlyArray<RoleProcess>, onFinding: (what: string) => void): () => void => {
  const last = new Map<string, { pid: number | undefined; at: number; told: boolean }>()

  const look = async (process: RoleProcess) => {
    const pid = process.pid()
    const known = last.get(process.name)
    const now = performance.now()
    if (known === undefined || known.pid !== pid || pid === undefined || process.isStopped()) {
      return void last.set(process.name, { pid, at: now, told: false })
    }
    const answer = await ask({
      port: process.managementPort,
      method: "GET",
      path: "/livez",
      limit: every
    }).catch(() => null)
    if (answer?.status === 200) known.at = performance.now()
    else if (process.wasReady() && !known.told && process.pid() === pid && performance.now() - known.at > patience) {
      known.told = true
      onFinding(`${process.name} runs, and has not answered /livez for ${Math.round(performance.now() - known.at)} ms`)
    }
  }

  const timer = setInterval(() => {
    for (const process of processes) void look(process)
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}
