import { useQuery } from "@tanstack/react-query"
import { paths } from "../api/paths.ts"
import { type Failure, fetched, now, RequestFailure } from "../api/request.ts"
import type { Pipeline } from "../api/types.ts"

/** ms between two readings. */
const interval = 2_000
/** ms of readings that are kept. */
export const historyLength = 300_000

/** One reading, as much of it as the history needs. */
export interface Sample {
  /** ms since the epoch. */
  readonly at: number
  readonly undecided: number
  readonly parked: number
  readonly lag: Readonly<
    Record<"processor" | "recorder", { readonly records: number; readonly seconds: number } | null>
  >
}

export interface Snapshot {
  readonly pipeline: Pipeline
  readonly at: number
  /** Oldest first; its last is this reading. */
  readonly history: ReadonlyArray<Sample>
}

const sampleOf = ({ parked, stages, undecided }: Pipeline, at: number): Sample => {
  const lagOf = (stage: "processor" | "recorder") => {
    const found = stages.find((_) => _.name === stage)
    return found === undefined || found.lag_records === null
      ? null
      : { records: found.lag_records, seconds: found.lag_seconds ?? 0 }
  }
  return {
    at,
    undecided: undecided.count,
    parked,
    lag: { processor: lagOf("processor"), recorder: lagOf("recorder") }
  }
}

export const failureOfQuery = (error: Error | null): Failure | null =>
  error === null ? null : error instanceof RequestFailure ? error.failure : { kind: "unreachable" }

/** The pipeline as it was read last, with what was read before; the history outlives a visit of another page. */
export const usePipeline = () => {
  const { data, error, refetch } = useQuery({
    queryKey: ["pipeline"],
    queryFn: async ({ client, queryKey, signal }): Promise<Snapshot> => {
      const pipeline = await fetched<Pipeline>(paths.pipeline, { signal, patience: 6_000 })
      const at = now()
      const before = client.getQueryData<Snapshot>(queryKey)?.history ?? []
      return { pipeline, at, history: [...before.filter((_) => _.at > at - historyLength), sampleOf(pipeline, at)] }
    },
    refetchInterval: interval,
    networkMode: "always",
    structuralSharing: false,
    retry: false
  })
  return { snapshot: data, failure: failureOfQuery(error), refetch }
}
