/** Numbers that a seed decides, so that a campaign can be repeated. */
export interface Random {
  /** Both ends included. */
  readonly int: (low: number, high: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(values: ReadonlyArray<A>) => A
  readonly shuffle: <A>(values: ReadonlyArray<A>) => Array<A>
  /** Numbers of its own, whatever is drawn from this one. */
  readonly fork: (name: string) => Random
}

/** FNV-1a. */
const hash = (text: string) => {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}

/** mulberry32. */
export const makeRandom = (seed: string): Random => {
  let state = hash(seed)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    int,
    chance: (probability) => next() < probability,
    pick: (values) => values[int(0, values.length - 1)]!,
    shuffle: (values) => {
      const shuffled = [...values]
      for (let i = shuffled.length - 1; i > 0; i--) {
        const other = int(0, i)
        const value = shuffled[i]!
        shuffled[i] = shuffled[other]!
        shuffled[other] = value
      }
      return shuffled
    },
    fork: (name) => makeRandom(`${seed}/${name}`)
  }
}
