import type { Admin } from "kafkajs"
import type { Random } from "../../crash/Random.ts"
import { type FaultKind, readyAgain, type Stage, wait, withProcesses } from "../Fault.ts"
import type { Role } from "../RoleProcess.ts"
import { type Topic, topics } from "../Seen.ts"

const asAdmin = async <A>({ pipeline }: Stage, work: (admin: Admin) => Promise<A>): Promise<A> => {
  const admin = pipeline.servers.client("admin").admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    void admin.disconnect().catch(() => {})
  }
}

const attempts = 40

const insist = async (work: () => Promise<unknown>) => {
  for (let attempt = 1;; attempt++) {
    try {
      await work()
      return
    } catch (error) {
      if (attempt === attempts) throw error
      await wait(500)
    }
  }
}

/** A role's group on a topic. */
const groups: ReadonlyArray<{ readonly role: Role; readonly topic: Topic }> = [
  { role: "processor", topic: "transactions" },
  { role: "recorder", topic: "transactions_result" },
  { role: "recorder", topic: "transactions_dead" }
]

/** With every member of the group gone, which ended in order. */
const whileStopped = (stage: Stage, role: Role, work: () => Promise<unknown>) => {
  const { locks, pipeline } = stage
  const members = pipeline.of(role)
  return locks.holding(["kafka", "topics"], () =>
    withProcesses(members, async () => {
      await Promise.all(members.map((member) => member.stop()))
      try {
        await work()
      } finally {
        for (const member of members) member.start()
        await readyAgain(members)
      }
    }))
}

/** Anywhere between the beginning and the end; once in a while far beyond it. */
const wanted = (random: Random, low: number, high: number) =>
  random.chance(0.1) ? high + 1_000 : random.chance(0.3) ? low : random.int(low, high)

const rewind: FaultKind = {
  name: "rewind a group's offsets",
  run: (stage) => {
    const { pipeline: { counts, history, prefix }, random } = stage
    const { role, topic } = random.pick(groups)
    return whileStopped(stage, role, () =>
      insist(() =>
        asAdmin(stage, async (admin) => {
          history.append({ _tag: "gone", topic })
          const ends = await admin.fetchTopicOffsets(prefix + topic)
          await admin.setOffsets({
            groupId: `${prefix}${role}.${topic}`,
            topic: prefix + topic,
            partitions: ends.map(({ high, low, partition }) => ({
              partition,
              offset: String(wanted(random, Number(low), Number(high)))
            }))
          })
          counts.add("groups rewound")
        })
      ))
  }
}

const deleteGroup: FaultKind = {
  name: "delete a group",
  run: (stage) => {
    const { pipeline: { counts, prefix }, random } = stage
    const { role, topic } = random.pick(groups)
    return whileStopped(stage, role, () =>
      insist(() =>
        asAdmin(stage, async (admin) => {
          await admin.deleteGroups([`${prefix}${role}.${topic}`])
          counts.add("groups deleted")
        })
      ))
  }
}

/** The gateway refuses a topic that keeps sealed cards for longer. */
const retention = { name: "retention.ms", value: String(24 * 60 * 60 * 1_000) }

/** Under everybody's feet. Whoever appends to it or reads it makes it again; an operator would not wait for that. */
const remake: FaultKind = {
  name: "a topic is made anew",
  run: (stage) => {
    const { locks, pipeline, random } = stage
    const { counts, history, prefix, servers, tail } = pipeline
    const topic = random.pick(topics)
    const name = prefix + topic
    const isThere = async (admin: Admin) => (await admin.listTopics()).includes(name)
    return locks.holding(["kafka", "topics"], () =>
      servers.inTrouble(async () => {
        await tail.catchUp(20_000)
        await tail.stop()
        tail.remade(topic)
        await insist(() => asAdmin(stage, (admin) => admin.deleteTopics({ topics: [name], timeout: 10_000 })))
        history.append({ _tag: "gone", topic })
        counts.add("topics made anew")
        await wait(random.int(2_000, 12_000))
        await insist(() =>
          asAdmin(stage, async (admin) => {
            if (await isThere(admin)) return counts.add("topics that the roles made again")
            await admin.createTopics({
              topics: [{ topic: name, numPartitions: pipeline.partitions, configEntries: [retention] }]
            })
          })
        )
        await insist(() => asAdmin(stage, (admin) => admin.fetchTopicOffsets(name)))
        await tail.start()
      }))
  }
}

const poison: FaultKind = {
  name: "poison records",
  run: (stage) => {
    const { locks, pipeline, random } = stage
    return locks.holding(["topics"], async () => {
      await insist(async () => {
        const id = pipeline.load.recentId(random)
        const victim = id === null ? null : await pipeline.stores.find(id)
        if (victim === null) throw new Error("there is no submission whose name poison could use")
        await pipeline.poisoner.poison(random, victim)
      })
    })
  }
}

export const topicFaults: ReadonlyArray<FaultKind> = [rewind, deleteGroup, remake, poison]
