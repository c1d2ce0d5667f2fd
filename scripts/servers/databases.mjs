// @ts-check
/** MariaDB or MySQL on loopback, in a folder of its own; root has no password. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { seconds } from "../setup.mjs"
import { makeCertificates } from "./certificates.mjs"
import { ask, choosePorts, find, host, makeServer, output } from "./server.mjs"

export const databaseRemedy = "install MariaDB (Debian: apt-get install mariadb-server)"

/**
 * @typedef {object} DatabaseOptions
 * @property {string} folder kept between starts
 * @property {number} [port] one that is taken is replaced
 * @property {boolean} [tls] with a certificate of its own authority; connections without TLS go on working
 * @property {ReadonlyArray<string>} [options] of the server, after the ones here
 * @property {import("./server.mjs").Log} [log]
 */

/**
 * @typedef {object} Database
 * @property {string} host
 * @property {number} port
 * @property {string} adminUrl mysql://root@host:port
 * @property {string} ca the certificate authority's PEM file; empty without TLS
 * @property {import("./server.mjs").Server} server
 * @property {() => Promise<void>} stop
 */

/** @returns {string | undefined} MariaDB's server */
export const findMariaDb = () => process.env["MARIADBD"] ?? find("mariadbd")

/** @returns {Promise<string | undefined>} MySQL's server: Debian calls MariaDB's by the same name */
export const findMySql = async () => {
  const command = process.env["MYSQLD"] ?? find("mysqld")
  if (command === undefined) return undefined
  const { ok, said } = await output(command, ["--version"])
  return ok && !said.includes("MariaDB") ? command : undefined
}

const asRoot = process.getuid?.() === 0 ? ["--user=root"] : []

/**
 * @param {"MariaDB" | "MySQL"} name
 * @param {string} command
 * @param {DatabaseOptions} options
 * @param {(data: string) => readonly [command: string, args: ReadonlyArray<string>]} initialise
 * @param {ReadonlyArray<string>} own
 * @returns {Promise<Database>}
 */
const start = async (name, command, { folder, port, tls = false, options = [], log = () => {} }, initialise, own) => {
  const started = performance.now()
  log(`Starting ${name} …`)
  mkdirSync(folder, { recursive: true })
  const data = join(folder, "data")
  if (!existsSync(data)) {
    // Renamed when it is whole: one that was interrupted is begun again.
    const parts = mkdtempSync(join(folder, "new-"))
    const { ok, said } = await output(...initialise(join(parts, "data")))
    if (!ok) throw new Error(`${name} could not make its files. It says:\n${said}`)
    renameSync(join(parts, "data"), data)
    rmSync(parts, { recursive: true })
  }
  const certificates = tls ? await makeCertificates(join(folder, "tls")) : undefined
  const listensOn = /** @type {number} */ ((await choosePorts([port]))[0])
  const server = makeServer({
    name: name.toLowerCase(),
    command,
    args: [
      "--no-defaults",
      ...asRoot,
      `--datadir=${data}`,
      // In the folder of the data: the path of a socket may only be short.
      "--socket=socket",
      "--pid-file=pid",
      `--port=${listensOn}`,
      `--bind-address=${host}`,
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=1",
      "--log-bin-trust-function-creators=1",
      "--max-connections=500",
      ...own,
      ...(certificates === undefined ? [] : [
        `--ssl-ca=${certificates.ca}`,
        `--ssl-cert=${certificates.certificate}`,
        `--ssl-key=${certificates.key}`
      ]),
      ...options
    ],
    port: listensOn,
    logFile: join(folder, "server.log"),
    // It speaks first: a packet whose first byte, after its length and number, is the version of the protocol.
    answers: async () => (await ask(listensOn))[4] === 10,
    startLimit: 150_000,
    stopLimit: 60_000,
    log
  })
  await server.start()
  log(`${name} is ready after ${seconds(started)}: ${host}:${listensOn}`)
  return {
    host,
    port: listensOn,
    adminUrl: `mysql://root@${host}:${listensOn}`,
    ca: certificates?.ca ?? "",
    server,
    stop: () => server.stop()
  }
}

/**
 * @param {DatabaseOptions} options
 * @returns {Promise<Database>} when it is ready
 */
export const startMariaDb = async (options) => {
  const command = findMariaDb()
  const install = find("mariadb-install-db")
  if (command === undefined || install === undefined) throw new Error(`MariaDB cannot run here: ${databaseRemedy}`)
  return start("MariaDB", command, options, (data) => [install, [
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...asRoot
  ]], [])
}

/**
 * @param {DatabaseOptions} options
 * @returns {Promise<Database>} when it is ready
 */
export const startMySql = async (options) => {
  const command = await findMySql()
  if (command === undefined) {
    throw new Error("MySQL cannot run here: no mysqld on PATH that is MySQL's; MYSQLD may name one")
  }
  mkdirSync(options.folder, { recursive: true })
  // Without names, `root@localhost` is for the socket alone.
  const rootByTcp = join(options.folder, "root.sql")
  writeFileSync(
    rootByTcp,
    "CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY ''; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n"
  )
  return start("MySQL", command, options, (data) => [command, [
    "--no-defaults",
    "--initialize-insecure",
    `--datadir=${data}`,
    ...asRoot
  ]], [`--init-file=${rootByTcp}`, "--secure-file-priv=NULL", "--mysqlx=OFF", "--performance-schema=OFF"])
}

/**
 * Two databases with two users of the same names, each with every right on its own and none on the other. What is there
 * already stays.
 *
 * @param {string} adminUrl
 * @param {{ gateway: string, processor: string, password?: string }} names letters, digits and _, at most 32
 * @returns {Promise<{ gatewayUrl: string, processorUrl: string }>}
 */
export const createDatabases = async (adminUrl, { gateway, processor, password = "of-this-machine" }) => {
  const { createConnection } = await import("mysql2/promise")
  const connection = await createConnection({ uri: adminUrl, connectTimeout: 10_000 })
  try {
    const urls = []
    for (const name of [gateway, processor]) {
      if (!/^\w{1,32}$/.test(name)) throw new Error(`${name} cannot be the name of a database and its user`)
      const user = `${connection.escape(name)}@'%'`
      const secret = connection.escape(password)
      await connection.query(`CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4`)
      await connection.query(`CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY ${secret}`)
      await connection.query(`ALTER USER ${user} IDENTIFIED BY ${secret}`)
      // In a GRANT, _ stands for any character.
      await connection.query(`GRANT ALL PRIVILEGES ON \`${name.replaceAll("_", "\\_")}\`.* TO ${user}`)
      const url = new URL(adminUrl)
      url.username = name
      url.password = encodeURIComponent(password)
      url.pathname = `/${name}`
      urls.push(url.href)
    }
    return { gatewayUrl: /** @type {string} */ (urls[0]), processorUrl: /** @type {string} */ (urls[1]) }
  } finally {
    await connection.end()
  }
}
