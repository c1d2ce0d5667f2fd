import { describe } from "@effect/vitest"
import type { GatewayUnderTest, ProcessorUnderTest } from "../support/LayersDatabase.ts"
import { accountRepositoryConformance } from "./AccountRepository.conformance.ts"
import { submissionInserts } from "./SubmissionInsert.conformance.ts"
import { submissionLists } from "./SubmissionList.conformance.ts"
import { parkedSubmissions } from "./SubmissionParked.conformance.ts"
import { submissionReads } from "./SubmissionReads.conformance.ts"
import { submissionRecords } from "./SubmissionRecord.conformance.ts"
import { submissionResends } from "./SubmissionResend.conformance.ts"
import { transactionRepositoryConformance } from "./TransactionRepository.conformance.ts"

/** Everything that the repositories promise, on the layers of one kind of database. */
export const repositoriesConformance = (gateway: GatewayUnderTest, processor: ProcessorUnderTest) => {
  describe(`${gateway.name}: AccountRepository`, () => accountRepositoryConformance(gateway))
  describe(`${gateway.name}: SubmissionRepository, inserting`, () => submissionInserts(gateway))
  describe(`${gateway.name}: SubmissionRepository, reading`, () => submissionReads(gateway))
  describe(`${gateway.name}: SubmissionRepository, listing`, () => submissionLists(gateway))
  describe(`${gateway.name}: SubmissionRepository, recording and marking`, () => submissionRecords(gateway))
  describe(`${gateway.name}: SubmissionRepository, what is overdue`, () => submissionResends(gateway))
  describe(`${gateway.name}: SubmissionRepository, what waits and what is parked`, () => parkedSubmissions(gateway))
  describe(`${processor.name}: TransactionRepository`, () => transactionRepositoryConformance(processor))
}
