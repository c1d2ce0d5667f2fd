import { SqlClient } from "@effect/sql"
import { describe } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { sqliteReferences } from "../../src/layers/sql/SqliteReferences.ts"
import { SubmissionRepository } from "../../src/services/SubmissionRepository.ts"
import { sqliteGateway, sqliteProcessor, temporaryFolder } from "../support/LayersSqlite.ts"
import { repositoriesConformance } from "./Repositories.conformance.ts"
import { submissionLists } from "./SubmissionList.conformance.ts"

const open = (folder: string) => ({ submissionCapacity }: { readonly submissionCapacity?: number } = {}) =>
  sqliteGateway(folder, submissionCapacity === undefined ? {} : { SUBMISSION_CAPACITY: `${submissionCapacity}` })

/** References are indexed while others are accepted, a few at a time, into small parts. */
const indexing = Layer.effect(
  SubmissionRepository,
  Effect.gen(function*() {
    const submissions = yield* SubmissionRepository
    const { index } = sqliteReferences(yield* SqlClient.SqlClient, { step: 4, part: 11, tail: 20_000 })
    return SubmissionRepository.of({
      ...submissions,
      insert: (submission, claim) => Effect.tap(submissions.insert(submission, claim), Effect.orDie(index))
    })
  })
)

repositoriesConformance(
  { name: "SQLite", clock: "test", place: Effect.map(temporaryFolder, (folder) => ({ open: open(folder) })) },
  {
    name: "SQLite",
    clock: "test",
    place: Effect.map(temporaryFolder, (folder) => ({ open: () => sqliteProcessor(folder) }))
  }
)

describe("SQLite, whose references are indexed meanwhile: SubmissionRepository, listing", () =>
  submissionLists({
    name: "SQLite",
    clock: "test",
    place: Effect.map(temporaryFolder, (folder) => ({
      open: (settings) => Layer.provideMerge(indexing, open(folder)(settings))
    }))
  }))
