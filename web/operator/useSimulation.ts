import { useQuery } from "@tanstack/react-query"
import { paths } from "../api/paths.ts"
import { fetched } from "../api/request.ts"
import type { Pipeline, Simulation } from "../api/types.ts"

export const simulationKey = ["simulation"] as const

export const isOn = ({ decision_delay_ms, log, redeliver }: Simulation): boolean =>
  log === "down" || redeliver || decision_delay_ms > 0

/** What is simulated; undefined where nothing can be: the distributed profile has no such path, and is not asked. */
export const useSimulation = (profile: Pipeline["profile"] | undefined): Simulation | undefined =>
  useQuery({
    queryKey: simulationKey,
    queryFn: ({ signal }) => fetched<Simulation>(paths.simulation, { signal }),
    enabled: profile === "embedded",
    // somebody else may change it
    refetchInterval: 10_000,
    networkMode: "always",
    retry: false
  }).data
