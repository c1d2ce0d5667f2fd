import { type ConfigError, Effect, Record } from "effect"
import { CannotStart } from "./CannotStart.ts"
import { ServerSettings } from "./Settings.ts"

/** Every role in one process on SQLite, or processes with Kafka between them and MySQL under them. */
export type Chosen =
  | { readonly profile: "embedded"; readonly role: typeof embedded[number] }
  | { readonly profile: "distributed"; readonly role: Exclude<Role, "panel"> }
  | { readonly profile: "both"; readonly role: "panel" }

type Server = "DATABASE_URL" | "PROCESSOR_DATABASE_URL" | "KAFKA_BROKERS"

/** What each role asks for in the distributed profile, and nothing else. */
const needs = {
  all: ["DATABASE_URL", "PROCESSOR_DATABASE_URL", "KAFKA_BROKERS"],
  intake: ["DATABASE_URL", "KAFKA_BROKERS"],
  processor: ["PROCESSOR_DATABASE_URL", "KAFKA_BROKERS"],
  recorder: ["DATABASE_URL", "KAFKA_BROKERS"],
  panel: [],
  migrate: ["DATABASE_URL", "PROCESSOR_DATABASE_URL"],
  audit: ["DATABASE_URL", "PROCESSOR_DATABASE_URL"]
} as const satisfies Record<string, ReadonlyArray<Server>>

type Role = keyof typeof needs

const embedded = ["all", "migrate", "audit"] as const

const isRole = (name: string): name is Role => Object.hasOwn(needs, name)
const isEmbedded = (role: Role): role is typeof embedded[number] => (embedded as ReadonlyArray<Role>).includes(role)

const list = (names: ReadonlyArray<string>) => names.join(" and ")

const isNotSet = (names: ReadonlyArray<string>) => `${list(names)} ${names.length === 1 ? "is" : "are"} not set`

/**
 * The role that is asked for, and the profile that the environment names: a half-named one is refused rather than taken
 * for another than was meant.
 */
export const chooseProfile = Effect.fnUntraced(
  function*(name: string): Effect.fn.Return<Chosen, CannotStart | ConfigError.ConfigError> {
    if (!isRole(name)) {
      return yield* new CannotStart({
        sentence: `There is no role ${name}: choose one of ${Object.keys(needs).join(", ")}, or none for all of them.`
      })
    }
    if (name === "panel") return { profile: "both", role: name }
    const named = Object.keys(Record.getSomes<string, unknown>(yield* ServerSettings))
    if (named.length === 0 && isEmbedded(name)) return { profile: "embedded", role: name }
    const missing = needs[name].filter((_) => !named.includes(_))
    if (missing.length === 0) return { profile: "distributed", role: name }
    const remedy = name === "all"
      ? "set all three to run every role in this process on servers, none of them to run the embedded profile, or name the role"
      : isEmbedded(name)
      ? `set ${list(needs[name])}, or none of the servers for the embedded profile`
      : `the role ${name} runs with ${
        list(needs[name])
      }; without a role every role runs in this process and needs no servers`
    return yield* new CannotStart({
      sentence: named.length === 0
        ? `${isNotSet(missing)}: ${remedy}.`
        : `${list(named)} asks for the distributed profile, but ${isNotSet(missing)}: ${remedy}.`
    })
  }
)
