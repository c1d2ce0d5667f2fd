import { Effect, Layer } from "effect"
import { SubmissionRepository } from "../../../src/services/SubmissionRepository.ts"
import { real, runWrongRole } from "./WrongRoles.ts"

/** Says that a submission is durable, and makes it so a moment later. */
const LateSubmissions = Layer.effect(
  SubmissionRepository,
  Effect.map(SubmissionRepository, (submissions) =>
    SubmissionRepository.of({
      ...submissions,
      insert: (submission, claim) =>
        submissions.insert(submission, claim).pipe(
          Effect.delay("200 millis"),
          Effect.forkDaemon,
          Effect.as({ _tag: "Accepted" } as const)
        )
    }))
)

runWrongRole({ submissions: LateSubmissions.pipe(Layer.provide(real.submissions)) })
