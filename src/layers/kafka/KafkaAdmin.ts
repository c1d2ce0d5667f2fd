import { Clock, Context, Duration, Effect, Layer, Schedule } from "effect"
import type { Admin } from "kafkajs"
import type { LogUnavailable } from "../../services/Log.ts"
import { KafkaClients } from "./KafkaClient.ts"
import { call, isMoving } from "./KafkaFailure.ts"

const callLimit = Duration.seconds(10)
const longestLife = 10_000

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
      let current:
        | {
          readonly admin: Admin
          readonly connected: Promise<void>
          readonly cut: () => void
          readonly openedAt: number
        }
        | undefined

      const cut = Effect.sync(() => {
        current?.cut()
        current = undefined
      })

      const open = (now: number) => {
        if (current === undefined) {
          const { cut, kafka } = clients.make()
          const admin = kafka.admin()
          current = { admin, connected: admin.connect(), cut, openedAt: now }
        }
        return current
      }

      /** It does not look again how many partitions a topic has. */
      const cutOld = (now: number) =>
        current !== undefined && Math.abs(now - current.openedAt) > longestLife ? cut : Effect.void

      const oneAtATime = yield* Effect.makeSemaphore(1)
      yield* Effect.addFinalizer(() => cut)
      return {
        ask: (question) =>
          Clock.currentTimeMillis.pipe(
            Effect.tap(cutOld),
            Effect.flatMap((now) => {
              const opened = open(now)
              return call(() => opened.connected.then(() => question(opened.admin)), callLimit)
            }),
            Effect.tapError(() => cut),
            oneAtATime.withPermits(1),
            Effect.retry({
              schedule: Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(20))),
              while: ({ cause }) => isMoving(cause)
            })
          )
      }
    })
  )
}
