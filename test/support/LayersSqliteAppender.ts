import { appendForever } from "./LayersAppender.ts"
import { lockedSqliteLog } from "./LayersSqlite.ts"

appendForever(lockedSqliteLog(process.argv[2]!))
