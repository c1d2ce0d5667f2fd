import type { Sample, Snapshot } from "./usePipeline.ts"

export type Verdict =
  | { readonly kind: "well" }
  /** `age` in ms, of the oldest that waits. */
  | { readonly kind: "backlog" | "growing"; readonly count: number; readonly age: number }
  /** `left` in ms, at the present pace. */
  | { readonly kind: "draining"; readonly count: number; readonly left: number }
  | { readonly kind: "resending"; readonly count: number }
  | { readonly kind: "stalledProcessor" | "stalledRecorder"; readonly age: number }
  /** The log cannot be asked. */
  | { readonly kind: "silent" }
  | { readonly kind: "parked"; readonly count: number }

export type StageName = "processor" | "recorder"
export type StageState = "keepsUp" | "isBehind" | "isStalled" | "isUnknown"

/** ms that a transaction may wait before it is called a backlog. */
const noticeable = 5_000
/** ms over which one tells whether something moves: offsets are committed once a second at most. */
const watched = 8_000
/** ms above which an undecided transaction is late. */
export const late = 60_000

/** What was read a while before the last reading, if it was read without a break since. */
const before = (history: ReadonlyArray<Sample>): Sample | null => {
  const last = history.at(-1)
  for (let i = history.length - 1; i > 0; i--) {
    const [earlier, later] = [history[i - 1]!, history[i]!]
    if (later.at - earlier.at > watched) return null
    if (last!.at - earlier.at >= watched) return earlier
  }
  return null
}

/** A stage stands still when the oldest record of its topic ages as fast as the clock goes. */
const isStalled = (stage: StageName, history: ReadonlyArray<Sample>): boolean => {
  const last = history.at(-1)
  const earlier = before(history)
  const present = last?.lag[stage]
  const past = earlier?.lag[stage]
  if (!last || !earlier || !present || !past || present.records === 0 || past.records === 0) return false
  return (present.seconds - past.seconds) * 1_000 >= (last.at - earlier.at) * 0.9
}

export const stageState = (stage: StageName, history: ReadonlyArray<Sample>): StageState => {
  const lag = history.at(-1)?.lag[stage] ?? null
  if (lag === null) return "isUnknown"
  if (isStalled(stage, history)) return "isStalled"
  return lag.records > 0 && lag.seconds * 1_000 > noticeable ? "isBehind" : "keepsUp"
}

/** How the pipeline is, the worst that is true first. */
export const verdictOf = ({ at, history, pipeline }: Snapshot): Verdict => {
  const present = history.at(-1)!
  const { processor, recorder } = present.lag
  if (processor === null || recorder === null) return { kind: "silent" }
  if (isStalled("processor", history)) return { kind: "stalledProcessor", age: processor.seconds * 1_000 }
  if (isStalled("recorder", history)) return { kind: "stalledRecorder", age: recorder.seconds * 1_000 }

  const count = Math.max(0, present.undecided - present.parked)
  // the oldest of all may be one that is parked
  const oldest = present.parked > 0 || pipeline.undecided.oldest_at === null
    ? 0
    : at - Date.parse(pipeline.undecided.oldest_at)
  const age = Math.max(processor.seconds * 1_000, recorder.seconds * 1_000, oldest)
  if (count > 0 && age > noticeable) {
    if (processor.records + recorder.records === 0) return { kind: "resending", count }
    const earlier = before(history)
    const fewer = earlier === null ? 0 : earlier.undecided - earlier.parked - count
    if (earlier === null || fewer === 0) return { kind: "backlog", count, age }
    return fewer > 0
      ? { kind: "draining", count, left: (at - earlier.at) / fewer * count }
      : { kind: "growing", count, age }
  }
  return present.parked > 0 ? { kind: "parked", count: present.parked } : { kind: "well" }
}
