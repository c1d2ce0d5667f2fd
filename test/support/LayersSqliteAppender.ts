import { appendForever } from "./LayersAppender.ts"
import { sqliteLog } from "./LayersSqlite.ts"

appendForever(sqliteLog(process.argv[2]!))
