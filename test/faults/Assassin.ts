import { setTimeout as sleep } from "node:timers/promises"
import type { Random } from "../crash/Random.ts"
import { readyAgain, withProcesses } from "./Fault.ts"
import type { Pipeline } from "./Pipeline.ts"
import type { RoleProcess } from "./RoleProcess.ts"

/** A group stands still for 10 s after one of its members was killed: intakes, which have none, are killed more often. */
const drawVictims = ({ of }: Pipeline, random: Random): ReadonlyArray<RoleProcess> => {
  if (random.chance(0.66)) return random.shuffle(of("intake")).slice(0, random.chance(0.15) ? 2 : 1)
  return of(random.pick(["processor", "recorder"] as const)).slice(0, random.chance(0.8) ? 2 : 1)
}

/** Kills what nobody else has in hand, again and again, beside the other faults of a long run. */
export const assassinate = async (pipeline: Pipeline, random: Random, isOver: () => boolean): Promise<void> => {
  while (!isOver()) {
    await sleep(random.int(200, 2_200))
    const victims = drawVictims(pipeline, random)
    const pause = random.pick([0, 0, 0, 300, 1_500])
    if (!victims.every((victim) => victim.isFree())) continue
    await withProcesses(victims, async () => {
      await Promise.all(victims.map((victim) => victim.kill()))
      await sleep(pause)
      for (const victim of victims) victim.start()
      await readyAgain(victims)
    }).catch((error: unknown) =>
      pipeline.history.append({ _tag: "fault", what: `the assassin: ${String(error)}`, at: Date.now() })
    )
  }
}
