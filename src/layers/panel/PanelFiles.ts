import { Schema } from "effect"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Answer } from "../http/Listener.ts"
import type { Coding } from "./ContentCoding.ts"
import { codingEndings, type PanelEntry, PanelManifest } from "./PanelManifest.ts"

/** A file as it is sent. */
export interface Representation {
  /** RFC 9110, 8.8.3: each coding is a representation with a strong tag of its own. */
  readonly tag: string
  readonly whole: Answer
  readonly notModified: Answer
}

export interface PanelFile {
  readonly immutable: boolean
  readonly plain: Representation
  readonly coded: ReadonlyMap<Coding, Representation>
}

/** An export, in memory: a request reaches no file system. */
export interface PanelFiles {
  /** Changes when the export does. */
  readonly version: string
  /** By the path of the URL. */
  readonly files: ReadonlyMap<string, PanelFile>
  readonly notFound: PanelFile | null
}

/** Of every answer that a browser may show or run. */
export const headersOfAll = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "x-frame-options": "DENY"
}

const representation = (entry: PanelEntry, status: number, coding: Coding | null, body: Uint8Array): Representation => {
  const tag = coding === null ? `"${entry.tag}"` : `"${entry.tag}-${coding}"`
  const kept = {
    ...headersOfAll,
    ...(status === 200 ? { etag: tag } : {}),
    "cache-control": entry.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    vary: status === 200 ? "Accept-Encoding" : "Accept, Accept-Encoding",
    ...(entry.policy === undefined ? {} : { "content-security-policy": entry.policy })
  }
  return {
    tag,
    whole: {
      status,
      headers: { ...kept, "content-type": entry.type, ...(coding === null ? {} : { "content-encoding": coding }) },
      body
    },
    notModified: { status: 304, headers: kept, body: "" }
  }
}

const readEntry = async (folder: string, entry: PanelEntry, status = 200): Promise<PanelFile> => {
  const path = join(folder, entry.file)
  const [plain, ...coded] = await Promise.all([
    readFile(path),
    ...entry.codings.map((coding) => readFile(`${path}${codingEndings[coding]}`))
  ])
  return {
    immutable: entry.immutable,
    plain: representation(entry, status, null, plain!),
    coded: new Map(entry.codings.map((coding, index) => [coding, representation(entry, status, coding, coded[index]!)]))
  }
}

/** Null when there is no export. */
const versionOf = (manifest: string): Promise<string | null> =>
  stat(manifest).then(
    ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return null
      throw error
    }
  )

const readAll = async (folder: string, manifest: string): Promise<Omit<PanelFiles, "version">> => {
  const { files, notFound } = await Schema.decodeUnknownPromise(PanelManifest)(await readFile(manifest, "utf8"))
  const read = await Promise.all(
    Object.entries(files).map(async ([path, entry]) => [path, await readEntry(folder, entry)] as const)
  )
  return { files: new Map(read), notFound: notFound === null ? null : await readEntry(folder, notFound, 404) }
}

/**
 * What lies in the folder; null when there is nothing, or nothing else than the version that is known. It throws when it is
 * no export, or no whole one.
 */
export const readPanelFiles = async (folder: string, known: string | null): Promise<PanelFiles | null> => {
  const manifest = join(folder, "manifest.json")
  const version = await versionOf(manifest)
  if (version === null || version === known) return null
  const read = await readAll(folder, manifest).catch((cause: unknown) => ({ cause }))
  // another export may have taken its place in the meantime: half of each is none
  if (await versionOf(manifest) !== version) return readPanelFiles(folder, known)
  if ("cause" in read) throw read.cause
  return { version, ...read }
}
