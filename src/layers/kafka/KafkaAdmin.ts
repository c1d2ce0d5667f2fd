import { Context, Duration, Effect, Layer, Schedule } from "effect"
import type { Admin } from "kafkajs"
import type { LogUnavailable } from "../../services/Log.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { brokerCodeOf, call } from "./KafkaFailure.ts"

/** What brokers answer for a moment after a topic was made, or while leaders and coordinators move. */
const moving = new Set([
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_FOR_PARTITION",
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP"
])

const callLimit = Duration.seconds(10)

/**
 * One client for questions about topics and groups, one at a time: a failure discards it for all. It connects when it is
 * first asked, and anew after a failure.
 */
export class KafkaAdmin extends Context.Tag("gateway/KafkaAdmin")<KafkaAdmin, {
  readonly ask: <A>(question: (admin: Admin) => Promise<A>) => Effect.Effect<A, LogUnavailable>
}>() {
  static readonly Live = Layer.scoped(
    KafkaAdmin,
    Effect.gen(function*() {
      const clients = yield* KafkaClients
      let current: { readonly admin: Admin; readonly connected: Promise<void> } | undefined

      const disconnect = Effect.suspend(() => {
        const closing = current
        current = undefined
        return closing === undefined
          ? Effect.void
          : Effect.ignore(call(() => closing.admin.disconnect(), "2 seconds"))
      })

      const open = () => {
        if (current === undefined) {
          const admin = clients.make().admin()
          current = { admin, connected: admin.connect() }
        }
        return current
      }

      const oneAtATime = yield* Effect.makeSemaphore(1)
      yield* Effect.addFinalizer(() => disconnect)
      return {
        ask: (question) =>
          Effect.suspend(() => {
            const opened = open()
            return call(() => opened.connected.then(() => question(opened.admin)), callLimit).pipe(
              Effect.tapError(() => disconnect)
            )
          }).pipe(
            oneAtATime.withPermits(1),
            Effect.retry({
              schedule: Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(20))),
              while: ({ cause }) => moving.has(brokerCodeOf(cause) ?? "")
            })
          )
      }
    })
  )
}
