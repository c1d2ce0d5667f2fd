import { readyAgain, type Stage, wait, withProcesses } from "./Fault.ts"
import type { Pipeline } from "./Pipeline.ts"
import type { Role } from "./RoleProcess.ts"
import type { Rule } from "./Rules.ts"
import type { Stores } from "./Stores.ts"

/** A wiring that is known to be wrong, the faults that show it, and the rule that it breaks. */
export interface Control {
  readonly name: string
  /** Of test/faults/controls. */
  readonly entry: string
  /** The roles that are wired wrongly. */
  readonly roles: ReadonlyArray<Role>
  /** Null for the real wiring, with which nothing may be found. */
  readonly expected: Rule | null
  readonly each?: Partial<Record<Role, number>>
  readonly rate?: number
  /** Whether it does something to the servers that the others would feel. */
  readonly alone?: boolean
  readonly prepare?: (stores: Stores) => Promise<void>
  readonly scenario: (stage: Stage) => Promise<void>
}

const fireLimit = 30_000

/** Kills a process at a step, twice; an unfired failpoint is an error. */
const killAt = async (pipeline: Pipeline, role: Role, label: string, times: number) => {
  const [victim] = pipeline.of(role)
  await withProcesses([victim!], async () => {
    await victim!.kill()
    if (!await victim!.killAt(label, fireLimit)) throw new Error(`${label} did not fire`)
    victim!.start()
    await victim!.ready()
  })
  if (times > 1) await killAt(pipeline, role, label, times - 1)
}

/** Stopped between its SELECT and its INSERT until its session is over; then it goes on. */
const stopBeforeInsert = async ({ pipeline }: Stage) => {
  const [victim] = pipeline.of("processor")
  await withProcesses([victim!], async () => {
    await victim!.kill()
    victim!.start({ STOP_AT: "process.before_insert:3" })
    const until = performance.now() + fireLimit
    while (!victim!.isStopped()) {
      if (performance.now() > until) throw new Error("the processor did not come to its insert")
      await wait(100)
    }
    await wait(14_000)
    victim!.resume()
    await readyAgain([victim!])
  })
  await wait(3_000)
}

/** At least once is what the log promises: a record may come again at any time. */
const appendAgain = async ({ pipeline }: Stage) => {
  const { prefix, servers } = pipeline
  const kafka = servers.client("again")
  const topic = `${prefix}transactions`
  const consumer = kafka.consumer({ groupId: `again-${prefix}` })
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await Promise.all([consumer.connect(), producer.connect()])
  await consumer.subscribe({ topic, fromBeginning: true })
  let again = 0
  await consumer.run({
    eachMessage: async ({ message, partition }) => {
      if (again++ >= 20) return
      const { headers = {}, key, value } = message
      await producer.send({ topic, acks: -1, messages: [{ key, value, headers, partition }] })
    }
  })
  const until = performance.now() + fireLimit
  while (again < 20 && performance.now() < until) await wait(100)
  await Promise.all([consumer.disconnect(), producer.disconnect()])
  await pipeline.watch.look()
  await wait(2_000)
}

const rollBrokers = async ({ pipeline: { servers }, random }: Stage) => {
  for (const node of random.shuffle(servers.nodes)) {
    await node.stop()
    await wait(1_500)
    await node.start()
    await wait(1_500)
  }
}

export const controls: ReadonlyArray<Control> = [
  {
    name: "CommitsBeforeWork",
    entry: "CommitsBeforeWork",
    roles: ["processor", "recorder"],
    expected: "decided",
    scenario: async ({ pipeline }) => {
      await wait(3_000)
      await killAt(pipeline, "processor", "process.before_insert:4", 1)
      await wait(2_000)
    }
  },
  {
    name: "NoPrimaryKey",
    entry: "StopsBeforeInsert",
    roles: ["processor"],
    expected: "once",
    each: { processor: 2 },
    prepare: (stores) => stores.run("processor", "ALTER TABLE transactions DROP PRIMARY KEY, ADD INDEX by_id (id)"),
    scenario: stopBeforeInsert
  },
  {
    name: "ThrowsOnBadJson",
    entry: "ThrowsOnBadJson",
    roles: ["processor"],
    expected: "decided",
    scenario: async ({ pipeline, random }) => {
      await wait(2_000)
      for (let i = 0; i < 4; i++) {
        const id = pipeline.load.recentId(random)
        const victim = id === null ? null : await pipeline.stores.find(id)
        if (victim === null) throw new Error("nothing was accepted")
        await pipeline.poisoner.poison(random, victim, "bad JSON")
      }
      await wait(2_000)
    }
  },
  {
    name: "AnswersBeforeCommit",
    entry: "AnswersBeforeCommit",
    roles: ["intake"],
    expected: "accepted",
    scenario: async ({ pipeline }) => {
      await wait(1_000)
      await killAt(pipeline, "intake", "submission.after_insert:20", 2)
    }
  },
  {
    name: "NeverResends",
    entry: "NeverResends",
    roles: ["recorder"],
    expected: "decided",
    scenario: async ({ pipeline }) => {
      await wait(1_000)
      await killAt(pipeline, "intake", "submission.after_insert:5", 2)
    }
  },
  {
    name: "OverwritesDecisions",
    entry: "OverwritesDecisions",
    roles: ["processor"],
    expected: "unchanged",
    prepare: async (stores) => {
      for (const change of ["update", "delete"]) {
        await stores.run("processor", `DROP TRIGGER transactions_refuse_${change}`)
      }
    },
    scenario: async (stage) => {
      await wait(4_000)
      await stage.pipeline.watch.look()
      await appendAgain(stage)
    }
  },
  {
    name: "RealRoles",
    entry: "StopsBeforeInsert",
    roles: ["processor"],
    expected: null,
    each: { processor: 2, recorder: 2 },
    scenario: async (stage) => {
      const { pipeline, random } = stage
      await Promise.all([stopBeforeInsert(stage), killAt(pipeline, "intake", "submission.after_insert:20", 2)])
      await appendAgain(stage)
      const id = pipeline.load.recentId(random)
      const victim = id === null ? null : await pipeline.stores.find(id)
      if (victim !== null) await pipeline.poisoner.poison(random, victim, "bad JSON")
    }
  },
  {
    name: "TrustsOneSend",
    entry: "TrustsOneSend",
    roles: ["intake", "processor", "recorder"],
    expected: "decided",
    rate: 100,
    alone: true,
    scenario: async (stage) => {
      const { load, stores } = stage.pipeline
      for (let i = 0; i < 4; i++) {
        await wait(2_000)
        await rollBrokers(stage)
        await wait(4_000)
        const [oldest] = await stores.someUndecided(1)
        if (oldest !== undefined && load.accepted() > 0) return
      }
    }
  }
]
