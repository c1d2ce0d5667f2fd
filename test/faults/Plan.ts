import type { Random } from "../crash/Random.ts"
import type { FaultKind } from "./Fault.ts"
import { brokers } from "./kinds/Brokers.ts"
import { databases } from "./kinds/Databases.ts"
import { kills } from "./kinds/Kills.ts"
import { network } from "./kinds/Network.ts"
import { others } from "./kinds/Others.ts"
import { topicFaults } from "./kinds/Topics.ts"

export const faultKinds: ReadonlyArray<FaultKind> = [
  ...kills,
  ...brokers,
  ...databases,
  ...network,
  ...topicFaults,
  ...others
]

/** Lanes run side by side, what is in a lane one after the other. */
export type Round = ReadonlyArray<ReadonlyArray<string>>

/** Every kind once, grouped so that it takes some minutes, and so that what belongs together does not disturb itself. */
const shortRounds: ReadonlyArray<Round> = [
  [
    ["kill intake at failpoints"],
    ["kill processor at failpoints"],
    ["kill recorder at failpoints"],
    [
      "kill the gateway's database",
      "lost replies of the databases",
      "pause the processor's database",
      "fill the disk of the processor's database",
      "one-way silence of the databases",
      "kill the processor's database",
      "pause the gateway's database",
      "cut the connections to the databases",
      "fill the disk of the gateway's database"
    ]
  ],
  [
    ["restart the brokers one after the other", "lost replies of Kafka", "cut the connections to Kafka"],
    ["pause one of each role beyond its session", "kill processor", "kill recorder"]
  ],
  [["Kafka down while accepting"], ["kill intake"]],
  [["rewind a group's offsets", "delete a group", "a topic is made anew", "poison records", "kill all roles at once"]],
  [
    ["rebalance storm", "a card key is missing and comes back"],
    ["kill a broker", "pause a broker", "one-way silence of Kafka", "fill the disk of a broker"]
  ],
  [["processors stopped under load"]],
  [["kill recorder while it sends again"]]
]

/** How often a kind is in the deck of a long run. */
const weights: Readonly<Record<string, number>> = {
  "kill a broker": 4,
  "restart the brokers one after the other": 2,
  "kill the gateway's database": 2,
  "kill the processor's database": 2,
  "pause one of each role beyond its session": 3,
  "kill all roles at once": 3,
  "poison records": 2
}

/** What is long, and wants to be alone. */
const solitary = new Set(["processors stopped under load"])

/** The rounds of a run of some minutes, in an order that the seed decides. */
export const shortPlan = (random: Random): ReadonlyArray<Round> => random.shuffle(shortRounds)

/** Rounds without end: the deck is dealt, one to three at a time, and shuffled again. */
export const longPlan = function*(random: Random): Generator<Round, never> {
  for (;;) {
    const deck = random.shuffle(
      faultKinds.flatMap(({ name }) => Array.from({ length: weights[name] ?? 1 }, () => name))
    )
    while (deck.length > 0) {
      const hand = deck.splice(0, random.pick([1, 2, 2, 3]))
      for (const name of hand.filter((name) => solitary.has(name))) yield [[name]]
      const others = hand.filter((name) => !solitary.has(name))
      if (others.length > 0) yield others.map((name) => [name])
    }
  }
}
