import { Clock, Data, Effect, Option } from "effect"
import type { TransactionId } from "../domain/Ids.ts"
import { CardVault } from "./CardVault.ts"
import { SubmissionRepository } from "./SubmissionRepository.ts"

/** No undecided submission of that id is parked. */
export class ParkedMissing extends Data.TaggedError("ParkedMissing") {}

/** What an operator does with submissions whose card did not open. */
export class ManageParked extends Effect.Service<ManageParked>()("gateway/ManageParked", {
  effect: Effect.gen(function*() {
    const submissions = yield* SubmissionRepository
    const vault = yield* CardVault

    const find = Effect.fnUntraced(function*(id: TransactionId) {
      const found = yield* submissions.findParked(id)
      return Option.isNone(found) ? yield* new ParkedMissing() : found.value
    })

    /** Lets the recorder send it again now. */
    const replay = Effect.fnUntraced(function*(id: TransactionId) {
      const parked = yield* find(id)
      yield* submissions.resendNow(id, yield* Clock.currentTimeMillis)
      return parked
    })

    /** Sent again with proof: the processor decides it by its card when that opens after all, else `card_unreadable`. */
    const giveUp = Effect.fnUntraced(function*(id: TransactionId) {
      const parked = yield* find(id)
      yield* submissions.giveUp(id, yield* Clock.currentTimeMillis, yield* vault.sealGiveUp(id))
      return parked
    })

    return {
      list: submissions.listParked,
      /** Parked or not: a page may end where something was parked that is decided by now. */
      findAny: (id: TransactionId) => submissions.find(id, "all"),
      replay,
      giveUp
    } as const
  })
}) {}
