import { type FailpointLabel, failpointLabels } from "../../../src/services/Failpoints.ts"
import { type FaultKind, readyAgain, type Stage, wait, withProcesses } from "../Fault.ts"
import type { Role, RoleProcess } from "../RoleProcess.ts"

const killOne = (role: Role): FaultKind => ({
  name: `kill ${role}`,
  run: async ({ length, pipeline, random }) => {
    // more than one of a group at a time: it stands still for a session's length either way
    const victims = random.shuffle(pipeline.of(role)).slice(0, random.int(1, 2))
    const times = length === "short" ? 1 : random.int(1, role === "intake" ? 4 : 2)
    for (let i = 0; i < times; i++) {
      await wait(random.int(0, 1_500))
      await withProcesses(victims, async () => {
        await Promise.all(victims.map((victim) => victim.kill()))
        await wait(random.pick([0, 0, 500, 3_000]))
        for (const victim of victims) victim.start()
        await readyAgain(victims)
      })
    }
  }
})

const killAll: FaultKind = {
  name: "kill all roles at once",
  run: async ({ pipeline: { processes }, random }) => {
    await withProcesses(processes, async () => {
      await Promise.all(processes.map((process) => process.kill()))
      await wait(random.pick([0, 0, 2_000, 6_000]))
      for (const process of processes) process.start()
      await readyAgain(processes)
    })
  }
}

/** Which role is killed at which step; what is appended is appended by more than one. */
const labelsOf: Readonly<Record<Role, ReadonlyArray<FailpointLabel>>> = {
  intake: [
    "submission.before_insert",
    "submission.after_insert",
    "submission.after_offer",
    "log.before_append",
    "log.after_append"
  ],
  processor: [
    "log.before_append",
    "log.after_append",
    "process.before_insert",
    "process.after_insert",
    "process.after_publish",
    "log.before_commit",
    "log.after_commit",
    "park.before_append",
    "park.after_append"
  ],
  recorder: [
    "resend.before_claim",
    "resend.after_claim",
    "resend.after_append",
    "record.before_update",
    "record.after_update",
    "park.before_mark",
    "park.after_mark",
    "log.before_commit",
    "log.after_commit"
  ]
}

/** A label that is not reached within this has not fired, ms: a group stands still for 10 s after each kill. */
const labelLimit = 60_000

/** Reached only when something is overdue. */
const isSending = (label: FailpointLabel) => label.startsWith("resend.after")

const timesOf = (label: FailpointLabel, { random }: Stage) => {
  if (label.startsWith("park.") || isSending(label)) return 1
  return label.startsWith("submission.") ? random.int(1, 20) : random.int(1, 3)
}

const poisonFor = async ({ pipeline, random }: Stage) => {
  const id = pipeline.load.recentId(random)
  const victim = id === null ? null : await pipeline.stores.find(id).catch(() => null)
  if (victim !== null) await pipeline.poisoner.poison(random, victim, "a card that does not open")
  if (victim !== null) await pipeline.poisoner.poison(random, victim, "bad JSON with a submission's key")
}

/** Records come to whichever member has the partition: poison is put in until it was met. */
const poisonUntil = async (stage: Stage, done: () => boolean) => {
  while (!done()) {
    await poisonFor(stage).catch(() => {})
    await wait(1_500)
  }
}

const killAtLabel = async (stage: Stage, victim: RoleProcess, label: FailpointLabel) => {
  const { pipeline: { counts } } = stage
  const times = timesOf(label, stage)
  let done = false
  const poisoning = label.startsWith("park.") ? poisonUntil(stage, () => done) : Promise.resolve()
  await victim.kill()
  victim.arm(`${label}:${times}`)
  const fired = await victim.fired(labelLimit)
  done = true
  await poisoning
  victim.start()
  await victim.ready()
  if (!fired) throw new Error(`${label}:${times} did not fire in ${victim.name}`)
  counts.add("failpoints that fired")
}

/** Its lane and its offer are memory: only a resend can help what this leaves. */
const leaveOverdue = async (intake: RoleProcess) => {
  await intake.kill()
  intake.arm("submission.after_insert:3")
  await intake.fired(labelLimit)
  intake.start()
  await intake.ready()
}

const firstFailure = async (works: ReadonlyArray<Promise<unknown>>) => {
  for (const outcome of await Promise.allSettled(works)) if (outcome.status === "rejected") throw outcome.reason
}

/** With another recorder it would be chance which of them sends again. */
const killWhileSending: FaultKind = {
  name: "kill recorder while it sends again",
  run: async (stage) => {
    const [intake] = stage.pipeline.of("intake")
    const [first, ...others] = stage.pipeline.of("recorder")
    await withProcesses([intake!, first!, ...others], async () => {
      await Promise.all(others.map((other) => other.stop()))
      try {
        for (const label of stage.random.shuffle(labelsOf.recorder.filter(isSending))) {
          await leaveOverdue(intake!)
          await killAtLabel(stage, first!, label)
        }
      } finally {
        for (const other of others) other.start()
        await readyAgain(others)
      }
    })
  }
}

/** A short run kills at each label in one role alone. */
const firstRoleOf = (label: FailpointLabel) =>
  (["intake", "recorder", "processor"] as const).find((role) => labelsOf[role].includes(label))

const killAtLabels = (role: Role): FaultKind => ({
  name: `kill ${role} at failpoints`,
  run: async (stage) => {
    const { length, pipeline, random } = stage
    const all = labelsOf[role].filter((label) => !isSending(label))
    const left = length === "short"
      ? random.shuffle(all.filter((label) => firstRoleOf(label) === role))
      : random.shuffle(all).slice(0, 3)
    const processes = pipeline.of(role)
    await withProcesses(processes, () =>
      firstFailure(processes.map(async (process) => {
        for (let label = left.shift(); label !== undefined; label = left.shift()) {
          await killAtLabel(stage, process, label)
        }
      })))
  }
})

const labels = new Set(Object.values(labelsOf).flat())
const missing = failpointLabels.filter((label) => !labels.has(label))
if (missing.length > 0) throw new Error(`no role is killed at ${missing.join(", ")}: add it to labelsOf`)

const storm: FaultKind = {
  name: "rebalance storm",
  run: async ({ length, pipeline, random }) => {
    const until = performance.now() + (length === "short" ? 10_000 : random.int(10_000, 25_000))
    const role = random.pick(["processor", "recorder"] as const)
    const [first, ...others] = random.shuffle(pipeline.of(role))
    await withProcesses([first!, ...others], async () => {
      while (performance.now() < until) {
        const joiner = random.pick([first!, ...others])
        await (random.chance(0.8) ? joiner.stop() : joiner.kill())
        await wait(random.int(0, 300))
        joiner.start()
        await joiner.ready()
        await wait(random.int(100, 1_200))
        pipeline.counts.add("members that left and joined")
      }
    })
  }
}

/** Beyond the session timeout of 10 s: what it has in hand is given to others, and then it wakes up. */
const zombie: FaultKind = {
  name: "pause one of each role beyond its session",
  run: async ({ pipeline, random }) => {
    const victims = (["intake", "processor", "recorder"] as const).map((role) => random.pick(pipeline.of(role)))
    await withProcesses(victims, async () => {
      for (const victim of victims) victim.pause()
      await wait(random.int(12_500, 16_000))
      for (const victim of random.shuffle(victims)) {
        victim.resume()
        await wait(random.int(0, 200))
      }
      await readyAgain(victims)
    })
  }
}

export const kills: ReadonlyArray<FaultKind> = [
  killOne("intake"),
  killOne("processor"),
  killOne("recorder"),
  killAll,
  killAtLabels("intake"),
  killAtLabels("processor"),
  killAtLabels("recorder"),
  killWhileSending,
  storm,
  zombie
]
