import { Duration, Effect } from "effect"
import type { SecretId } from "../domain/Ids.ts"
import type { Instant } from "../domain/Instant.ts"
import { AccountRepository, type StoredSecret } from "./AccountRepository.ts"

/** A use is written when the one that is known is older than this. */
const precision = Duration.toMillis("1 minute")
const interval = Duration.seconds(1)
const capacity = 10_000

/** Keeps when each secret was used last, written a moment later and to the minute: no request waits for it. */
export class SecretUses extends Effect.Service<SecretUses>()("gateway/SecretUses", {
  effect: Effect.gen(function*() {
    const accounts = yield* AccountRepository
    let unwritten = new Map<SecretId, Instant>()

    /** A use that finds no room is noted by the next one. */
    const note = ({ id, lastUsedAt }: StoredSecret, at: Instant): void => {
      if (lastUsedAt !== null && at - lastUsedAt < precision) return
      if (unwritten.size < capacity) unwritten.set(id, at)
    }

    /** As it is known here, written or not. */
    const lastUsedAt = (secret: StoredSecret): Instant | null => unwritten.get(secret.id) ?? secret.lastUsedAt

    const write = Effect.suspend(() => {
      if (unwritten.size === 0) return Effect.void
      const uses = Array.from(unwritten, ([id, at]) => ({ id, at }))
      unwritten = new Map()
      // nobody waits for it, and the next use is noted again
      return Effect.catchTag(
        accounts.markUsed(uses),
        "StorageUnavailable",
        (error) => Effect.logDebug("could not note the uses of secrets", error)
      )
    })

    const run = Effect.forever(Effect.zipRight(Effect.sleep(interval), write))

    return { note, lastUsedAt, write, run } as const
  })
}) {}
