import { Effect } from "effect"
import { sqliteGateway, sqliteProcessor, temporaryFolder } from "../support/LayersSqlite.ts"
import { repositoriesConformance } from "./Repositories.conformance.ts"

repositoriesConformance(
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
  },
  {
    name: "SQLite",
    clock: "test",
    place: Effect.map(temporaryFolder, (folder) => ({ open: () => sqliteProcessor(folder) }))
  }
)
