import { describe } from "@effect/vitest"
import { Effect } from "effect"
import type { GatewayUnderTest, ProcessorUnderTest } from "../support/LayersDatabase.ts"
import { sqliteGateway, sqliteProcessor, temporaryFolder } from "../support/LayersSqlite.ts"
import { accountRepositoryConformance } from "./AccountRepository.conformance.ts"
import { submissionInserts } from "./SubmissionInsert.conformance.ts"
import { submissionReads } from "./SubmissionReads.conformance.ts"
import { submissionRecords } from "./SubmissionRecord.conformance.ts"
import { submissionResends } from "./SubmissionResend.conformance.ts"
import { transactionRepositoryConformance } from "./TransactionRepository.conformance.ts"

const gateways: ReadonlyArray<GatewayUnderTest> = [
  {
    name: "SQLite",
    clock: "test",
    place: Effect.map(temporaryFolder, (folder) => ({
      open: ({ submissionCapacity } = {}) =>
        sqliteGateway(
          folder,
          submissionCapacity === undefined ? {} : { SUBMISSION_CAPACITY: `${submissionCapacity}` }
        )
    }))
  }
]

const processors: ReadonlyArray<ProcessorUnderTest> = [
  {
    name: "SQLite",
    clock: "test",
    place: Effect.map(temporaryFolder, (folder) => ({ open: () => sqliteProcessor(folder) }))
  }
]

for (const gateway of gateways) {
  describe(`${gateway.name}: AccountRepository`, () => accountRepositoryConformance(gateway))
  describe(`${gateway.name}: SubmissionRepository, inserting`, () => submissionInserts(gateway))
  describe(`${gateway.name}: SubmissionRepository, reading`, () => submissionReads(gateway))
  describe(`${gateway.name}: SubmissionRepository, recording and marking`, () => submissionRecords(gateway))
  describe(`${gateway.name}: SubmissionRepository, what is overdue`, () => submissionResends(gateway))
}

for (const processor of processors) {
  describe(`${processor.name}: TransactionRepository`, () => transactionRepositoryConformance(processor))
}
