// @ts-check
/**
 * Makes what the gateway serves of what `next build` has written: every file beside its brotli and gzip forms, and
 * manifest.json, which src/layers/panel/PanelManifest.ts reads.
 */
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, extname, join, relative } from "node:path"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"

/** @typedef {{ file: string, type: string, tag: string, immutable: boolean, codings: Array<"br" | "gzip">, policy?: string }} Entry */

const text = "; charset=utf-8"

/** @type {Record<string, string>} */
const mediaTypes = {
  ".html": `text/html${text}`,
  ".txt": `text/plain${text}`,
  ".css": `text/css${text}`,
  ".js": `text/javascript${text}`,
  ".mjs": `text/javascript${text}`,
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".xml": "application/xml",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".ttf": "font/ttf",
  ".wasm": "application/wasm"
}

/** These are packed already. */
const packed = /\.(?:png|jpe?g|gif|webp|avif|woff2?)$/

/** @param {string | Buffer} content */
const hash = (content) => createHash("sha256").update(content)

/**
 * Whatever runs is named: a script of the page that somebody else has put there does not.
 *
 * @param {string} page
 */
export const contentSecurityPolicy = (page) => {
  const inline = Array.from(page.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script\s*>/gi))
    .filter(([, attributes = ""]) => !/\bsrc\s*=/i.test(attributes))
    .map(([, , script = ""]) => `'sha256-${hash(script).digest("base64")}'`)
  return [
    "default-src 'self'",
    ["script-src 'self'", ...new Set(inline)].join(" "),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'"
  ].join("; ")
}

/**
 * The paths under which a file is asked for: a page has no ending.
 *
 * @param {string} file
 * @returns {string | null} null for what is no page of its own
 */
const pathOf = (file) => {
  if (/^(?:404|_not-found)(?:\.html|\/index\.html)$/.test(file)) return null
  const page = /^(?:(.*)\/)?([^/]+)\.html$/.exec(file)
  if (page === null) return `/${file}`
  const [, folder, name = ""] = page
  return `/${[...(folder === undefined ? [] : [folder]), ...(name === "index" ? [] : [name])].join("/")}`
}

const compressed = /** @type {const} */ ([
  ["br", ".br", (/** @type {Buffer} */ content) =>
    promisify(brotliCompress)(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length
      }
    })],
  ["gzip", ".gz", (/** @type {Buffer} */ content) => promisify(gzip)(content, { level: 9 })]
])

/**
 * @param {string} from
 * @param {string} to
 * @param {string} file
 * @returns {Promise<Entry>}
 */
const makeFile = async (from, to, file) => {
  const content = readFileSync(join(from, file))
  const target = join(to, "files", file)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
  /** @type {Entry["codings"]} */
  const codings = []
  for (const [coding, ending, compress] of packed.test(file) ? [] : compressed) {
    const smaller = await compress(content)
    if (smaller.length >= content.length) continue
    writeFileSync(`${target}${ending}`, smaller)
    codings.push(coding)
  }
  const type = mediaTypes[extname(file)] ?? "application/octet-stream"
  return {
    file: `files/${file}`,
    type,
    tag: hash(content).digest("base64url").slice(0, 27),
    immutable: file.startsWith("_next/static/"),
    codings,
    ...(file.endsWith(".html") ? { policy: contentSecurityPolicy(content.toString("utf8")) } : {})
  }
}

/** @param {number} pid */
const lives = (pid) => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM"
  }
}

/**
 * What a build left that did not end: an export that it had put aside goes back to its place. Another build may run.
 *
 * @param {string} to
 */
const removeLeftovers = (to) => {
  const name = basename(to)
  for (const other of existsSync(dirname(to)) ? readdirSync(dirname(to)) : []) {
    const [, kind, pid] = new RegExp(`^${name.replaceAll(".", "\\.")}\\.(new|old)-(\\d+)`).exec(other) ?? []
    if (pid === undefined || (Number(pid) !== process.pid && lives(Number(pid)))) continue
    const path = join(dirname(to), other)
    if (kind === "old" && !existsSync(to)) renameSync(path, to)
    else rmSync(path, { recursive: true, force: true })
  }
}

/**
 * Puts the export in its place, whole or not at all: until it is complete, the one before stays.
 *
 * @param {object} options
 * @param {string} options.from the folder that `next build` wrote
 * @param {string} options.to
 * @param {string} options.stamp kept in it as `.sources`
 * @returns {Promise<{ files: number, bytes: number }>}
 */
export const exportPanel = async ({ from, to, stamp }) => {
  removeLeftovers(to)
  if (!existsSync(join(from, "index.html"))) throw new Error(`${from} has no index.html: it is no export of the panel.`)
  mkdirSync(dirname(to), { recursive: true })
  const draft = mkdtempSync(`${to}.new-${process.pid}-`)
  const old = `${to}.old-${process.pid}`
  try {
    const names = readdirSync(from, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(from, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
      .sort()
    /** @type {Record<string, Entry>} */
    const files = {}
    /** @type {Entry | null} */
    let notFound = null
    let bytes = 0
    const made = await Promise.all(
      names.map(async (name) => /** @type {const} */ ([name, await makeFile(from, draft, name)]))
    )
    for (const [name, entry] of made) {
      const path = pathOf(name)
      if (path !== null) files[path] = entry
      else if (name.startsWith("404")) notFound = entry
      bytes += readFileSync(join(from, name)).length
    }
    writeFileSync(join(draft, ".sources"), stamp)
    writeFileSync(join(draft, "manifest.json"), JSON.stringify({ version: 1, files, notFound }))
    // a temporary folder is its maker's alone; who serves it may be another user
    chmodSync(draft, 0o755)
    if (existsSync(to)) renameSync(to, old)
    renameSync(draft, to)
    rmSync(old, { recursive: true, force: true })
    return { files: names.length, bytes }
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(to) && existsSync(old)) renameSync(old, to)
    throw error
  }
}
