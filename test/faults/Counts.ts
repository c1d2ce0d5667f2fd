/** What happened how often. */
export interface Counts {
  readonly add: (name: string, by?: number) => void
  readonly set: (name: string, value: number) => void
  readonly most: (name: string, value: number) => void
  readonly of: (name: string) => number
  readonly table: () => ReadonlyArray<string>
}

export const makeCounts = (): Counts => {
  const counts = new Map<string, number>()
  const of = (name: string) => counts.get(name) ?? 0
  return {
    add: (name, by = 1) => void counts.set(name, of(name) + by),
    set: (name, value) => void counts.set(name, value),
    most: (name, value) => void counts.set(name, Math.max(of(name), value)),
    of,
    table: () => {
      const rows = Array.from(counts).toSorted(([a], [b]) => a < b ? -1 : 1)
      const width = Math.max(0, ...rows.map(([name]) => name.length))
      return rows.map(([name, count]) => `${name.padEnd(width)}  ${String(count).padStart(9)}`)
    }
  }
}
