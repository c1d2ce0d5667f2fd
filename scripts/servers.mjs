// @ts-check
/** `npm run servers`: Kafka and a database on loopback, without containers, until Ctrl-C. */
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { interrupted, startServers, watchHealth } from "./servers/local.mjs"
import { ensureInstalled, inProject } from "./setup.mjs"

const usage = `npm run servers -- [--kafka 1|3] [--mysql] [--folder F]

  --kafka 1|3   brokers (1)
  --mysql       MySQL's mysqld, on PATH or named by MYSQLD, instead of MariaDB
  --folder F    where they keep their data and logs (.cache/servers)`

/** @param {string} sentence */
const giveUp = (sentence) => {
  console.error(sentence)
  process.exit(1)
}

const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        kafka: { type: "string", default: "1" },
        mysql: { type: "boolean", default: false },
        folder: { type: "string", default: inProject(".cache/servers") },
        help: { type: "boolean", default: false }
      }
    })
    if (values.kafka === "1" || values.kafka === "3") return values
    throw new Error("Kafka has one broker here, or three")
  } catch (error) {
    return giveUp(`${/** @type {Error} */ (error).message}\n\n${usage}`)
  }
}

const { kafka, mysql, folder: given, help } = options()
if (help) {
  console.log(usage)
  process.exit(0)
}
await ensureInstalled()
const folder = resolve(given)
const { servers, env, stop } = await startServers({ folder, nodes: kafka === "3" ? 3 : 1, mysql, log: console.error })
  .catch((error) => giveUp(error.message))

console.error(`\nTheir data and logs: ${folder}. For a role of the gateway:\n`)
for (const [name, value] of Object.entries(env)) console.log(`export ${name}='${value}'`)
console.error("\nCtrl-C stops them.")

let stopping = false
watchHealth(servers, (line) => {
  if (!stopping) console.error(line)
})
const allEnded = Promise.all(servers.map((server) => server.ended)).then(() => "all ended")
if (await Promise.race([interrupted(), allEnded]) === "all ended") process.exit(1)
stopping = true
console.error("\nStopping …")
await stop()
console.error("Stopped.")
