import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { LoadResult } from "./load.ts"
import type { Running, Subject } from "./subject.ts"

export const settleLimit = 120_000

/** One life of a program in a folder of its own, which is removed afterwards unless something went wrong. */
export const withSubject = async <A>(subject: Subject, use: (running: Running) => Promise<A>): Promise<A> => {
  const dataDir = await mkdtemp(join(tmpdir(), `bench-${subject.name}-`))
  try {
    const running = await subject.start(dataDir)
    let result: A
    try {
      result = await use(running)
      running.check()
    } finally {
      await running.stop()
    }
    await rm(dataDir, { recursive: true, force: true })
    return result
  } catch (cause) {
    console.error(`the data of the failed round is kept in ${dataDir}`)
    throw cause
  }
}

export const idsFile = (running: Running, name: string) => join(running.dataDir, `${name}.ids`)

/** Whatever is not a 202 makes a round worthless: it may or may not have been stored. */
export const assertAccepted = (running: Pick<Running, "name" | "check">, { failures }: LoadResult) => {
  const entries = Object.entries(failures)
  if (entries.length > 0) {
    running.check()
    const text = entries.map(([status, count]) => `${count} x ${status === "0" ? "connection ended" : status}`).join(
      ", "
    )
    throw new Error(`${running.name} did not accept everything: ${text}`)
  }
}
