/** What two faults must not do at the same time. */
export type Lock = "kafka" | "gateway database" | "processor database" | "topics"

export interface Locks {
  readonly holding: <A>(names: ReadonlyArray<Lock>, work: () => Promise<A>) => Promise<A>
}

export const makeLocks = (): Locks => {
  const tails = new Map<Lock, Promise<unknown>>()
  return {
    holding: (names, work) => {
      // taken together, so that nobody holds one while it waits for another
      const before = names.map((name) => tails.get(name) ?? Promise.resolve())
      const result = Promise.all(before).then(work)
      const done = result.catch(() => {})
      for (const name of names) tails.set(name, done)
      return result
    }
  }
}
