import { Effect } from "effect"
import type { LogUnderTest } from "../support/LayersLog.ts"
import { lockedSqliteLog, temporaryFolder } from "../support/LayersSqlite.ts"
import { logConformance } from "./Log.conformance.ts"

const sqlite: LogUnderTest = {
  name: "SqliteLog",
  clock: "test",
  patience: 10_000,
  place: Effect.map(temporaryFolder, (folder) => ({
    open: ({ laneCapacity } = {}) =>
      lockedSqliteLog(folder, laneCapacity === undefined ? {} : { LANE_CAPACITY: `${laneCapacity}` }),
    appender: { program: "test/support/LayersSqliteAppender.ts", args: [folder] }
  }))
}

logConformance([sqlite])
