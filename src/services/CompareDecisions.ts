import { Effect, Option } from "effect"
import type { TransactionId } from "../domain/Ids.ts"
import type { StorageUnavailable } from "./Failure.ts"
import { type SubmissionOutcome, SubmissionRepository } from "./SubmissionRepository.ts"
import { type StoredTransaction, TransactionRepository } from "./TransactionRepository.ts"

/** How one id differs between the gateway's and the processor's database. */
export interface Difference {
  readonly id: TransactionId
  readonly what:
    | "decision_without_submission"
    | "decided_of_other_facts"
    | "recorded_without_decision"
    | "recorded_otherwise"
}

export interface Comparison {
  readonly submissions: number
  readonly decisions: number
  /** Decided, and the result not recorded yet: on its way, not a fault. */
  readonly unrecorded: number
  readonly differences: ReadonlyArray<Difference>
}

/** Ids read at a time from each database. */
const step = 10_000
/** Differences told; the rest are counted by running it again after these are mended. */
const told = 1_000

const differenceOf = (
  id: TransactionId,
  submission: SubmissionOutcome | undefined,
  transaction: StoredTransaction | undefined
): Difference["what"] | null => {
  if (submission === undefined) return "decision_without_submission"
  if (transaction === undefined) return submission.recorded === null ? null : "recorded_without_decision"
  if (
    submission.accountId !== transaction.accountId || submission.amount !== transaction.amount ||
    submission.acceptedAt !== transaction.acceptedAt
  ) return "decided_of_other_facts"
  if (submission.recorded === null) return null
  const { decidedAt, decision } = submission.recorded
  return decidedAt === transaction.decidedAt && decision.status === transaction.decision.status &&
      decision.reason === transaction.decision.reason
    ? null
    : "recorded_otherwise"
}

/** Compares both databases by id, in steps, and reads again what looks wrong before it says so. */
export class CompareDecisions extends Effect.Service<CompareDecisions>()("gateway/CompareDecisions", {
  effect: Effect.gen(function*() {
    const submissions = yield* SubmissionRepository
    const transactions = yield* TransactionRepository

    /** The processor first: a decision read before its submission always has one. */
    const confirm = Effect.fnUntraced(function*(id: TransactionId) {
      const [transaction] = yield* transactions.find([id])
      const submission = yield* submissions.find(id, "all")
      return differenceOf(id, Option.getOrUndefined(submission), transaction)
    })

    const compare: Effect.Effect<Comparison, StorageUnavailable> = Effect.gen(function*() {
      const differences: Array<Difference> = []
      const seen = { submissions: 0, decisions: 0, unrecorded: 0 }
      let after: TransactionId | null = null
      for (;;) {
        const decided: ReadonlyArray<StoredTransaction> = yield* transactions.list(after, step)
        const accepted: ReadonlyArray<SubmissionOutcome> = yield* submissions.outcomes(after, step)
        if (decided.length === 0 && accepted.length === 0) return { ...seen, differences }
        // Both lists are complete up to the lesser of their ends; what lies beyond comes with the next step.
        const ends = [decided, accepted].flatMap((_) => _.length === step ? [_[step - 1]!.id] : [])
        const last = ends.length > 0
          ? ends.reduce((least, id) => id < least ? id : least)
          : [...decided, ...accepted].reduce((most, { id }) => id > most ? id : most, "" as TransactionId)
        const transactionOf = new Map(decided.filter((_) => _.id <= last).map((_) => [_.id, _]))
        const submissionOf = new Map(accepted.filter((_) => _.id <= last).map((_) => [_.id, _]))
        for (const id of new Set([...transactionOf.keys(), ...submissionOf.keys()])) {
          const submission = submissionOf.get(id)
          const transaction = transactionOf.get(id)
          if (transaction !== undefined && submission?.recorded === null) seen.unrecorded++
          if (differenceOf(id, submission, transaction) === null) continue
          const what = yield* confirm(id)
          if (what !== null && differences.length < told) differences.push({ id, what })
        }
        seen.submissions += submissionOf.size
        seen.decisions += transactionOf.size
        after = last
        yield* Effect.yieldNow()
      }
    })

    return { compare } as const
  })
}) {}
