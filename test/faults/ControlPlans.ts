import { type Stage, wait, withProcesses } from "./Fault.ts"
import type { Pipeline } from "./Pipeline.ts"
import type { Environment, Role } from "./RoleProcess.ts"
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
  readonly first?: Readonly<Record<string, Environment>>
  /** ms until everything must be decided, where the rule is about that. */
  readonly deadline?: number
  readonly rate?: number
  /** Whether it does something to the servers that the others would feel. */
  readonly alone?: boolean
  readonly prepare?: (stores: Stores) => Promise<void>
  readonly scenario: (stage: Stage) => Promise<void>
}

/** ms: a busy machine needs its time. */
const fireLimit = 90_000

/** Waits until the failpoint of its first start has killed it, and starts it again: with another, or without. */
const killed = async (pipeline: Pipeline, role: Role, ...more: ReadonlyArray<string>) => {
  const [victim] = pipeline.of(role)
  await withProcesses([victim!], async () => {
    for (const failpoint of [...more, null]) {
      if (!await victim!.fired(fireLimit)) throw new Error(`a failpoint did not fire in ${victim!.name}`)
      if (failpoint === null) victim!.start()
      else victim!.arm(failpoint)
      await victim!.ready()
    }
  })
}

const stopAt = { "processor.1": { STOP_AT: "process.before_insert:3" } }

/** It has stopped itself between its SELECT and its INSERT; when its session is over, it goes on. */
const letGoOn = async ({ pipeline }: Stage) => {
  const [victim] = pipeline.of("processor")
  const until = performance.now() + fireLimit
  while (!victim!.isStopped()) {
    if (performance.now() > until) throw new Error("the processor did not come to its insert")
    await wait(100)
  }
  await wait(13_000)
  victim!.resume()
  await wait(3_000)
}

const untilAccepted = async ({ pipeline: { load } }: Stage, count: number) => {
  const until = performance.now() + fireLimit
  while (load.accepted() < count) {
    if (performance.now() > until) throw new Error(`${load.accepted()} were accepted, not ${count}`)
    await wait(100)
  }
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

const poison = async ({ pipeline: { load, poisoner, stores }, random }: Stage) => {
  const id = load.recentId(random)
  const victim = id === null ? null : await stores.find(id)
  if (victim === null) throw new Error("nothing was accepted")
  await poisoner.poison(random, victim, "bad JSON")
}

export const controls: ReadonlyArray<Control> = [
  {
    name: "CommitsBeforeWork",
    entry: "CommitsBeforeWork",
    roles: ["processor", "recorder"],
    expected: "decided",
    first: { "processor.1": { FAILPOINT: "process.before_insert:12" } },
    scenario: ({ pipeline }) => killed(pipeline, "processor")
  },
  {
    name: "NoPrimaryKey",
    entry: "StopsBeforeInsert",
    roles: ["processor"],
    expected: "once",
    each: { processor: 2, recorder: 0 },
    deadline: 0,
    first: stopAt,
    prepare: (stores) => stores.run("processor", "ALTER TABLE transactions DROP PRIMARY KEY, ADD INDEX by_id (id)"),
    scenario: letGoOn
  },
  {
    name: "ThrowsOnBadJson",
    entry: "ThrowsOnBadJson",
    roles: ["processor"],
    expected: "decided",
    scenario: async (stage) => {
      for (let i = 1; i <= 4; i++) {
        await untilAccepted(stage, 10 * i)
        await poison(stage)
      }
      await untilAccepted(stage, 80)
    }
  },
  {
    name: "AnswersBeforeCommit",
    entry: "AnswersBeforeCommit",
    roles: ["intake"],
    expected: "accepted",
    each: { processor: 0, recorder: 0 },
    deadline: 0,
    first: { "intake.1": { FAILPOINT: "submission.after_insert:20" } },
    scenario: ({ pipeline }) => killed(pipeline, "intake", "submission.after_insert:20")
  },
  {
    name: "NeverResends",
    entry: "NeverResends",
    roles: ["recorder"],
    expected: "decided",
    first: { "intake.1": { FAILPOINT: "submission.after_insert:5" } },
    scenario: ({ pipeline }) => killed(pipeline, "intake", "submission.after_insert:20")
  },
  {
    name: "OverwritesDecisions",
    entry: "OverwritesDecisions",
    roles: ["processor"],
    expected: "unchanged",
    each: { recorder: 0 },
    deadline: 0,
    prepare: async (stores) => {
      for (const change of ["update", "delete"]) {
        await stores.run("processor", `DROP TRIGGER transactions_refuse_${change}`)
      }
    },
    scenario: async (stage) => {
      await untilAccepted(stage, 60)
      await wait(2_000)
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
    first: { ...stopAt, "intake.1": { FAILPOINT: "submission.after_insert:20" } },
    scenario: async (stage) => {
      await Promise.all([letGoOn(stage), killed(stage.pipeline, "intake", "submission.after_insert:20")])
      await appendAgain(stage)
      await poison(stage)
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
      for (let i = 0; i < 4; i++) {
        await wait(2_000)
        await rollBrokers(stage)
        await wait(4_000)
        const [undecided] = await stage.pipeline.stores.someUndecided(1, 3_000)
        if (undecided !== undefined) return
      }
    }
  }
]
