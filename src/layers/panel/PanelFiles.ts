import { type Cause, Effect, type ParseResult, Schema } from "effect"
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

const readWhole = (path: string) => Effect.tryPromise((signal) => readFile(path, { signal }))

const readEntry = Effect.fnUntraced(function*(folder: string, entry: PanelEntry, status: number) {
  const path = join(folder, entry.file)
  const plain = representation(entry, status, null, yield* readWhole(path))
  const coded = yield* Effect.forEach(entry.codings, (coding) =>
    Effect.map(
      readWhole(`${path}${codingEndings[coding]}`),
      (body) => [coding, representation(entry, status, coding, body)] as const
    ))
  return { immutable: entry.immutable, plain, coded: new Map(coded) } satisfies PanelFile
})

const isMissing = ({ error }: Cause.UnknownException): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")

/** Null when there is no export. */
const versionOf = (manifest: string) =>
  Effect.tryPromise(() => stat(manifest)).pipe(
    Effect.map(({ ino, mtimeMs, size }): string | null => `${ino} ${mtimeMs} ${size}`),
    Effect.catchIf(isMissing, () => Effect.succeed(null))
  )

const readAll = Effect.fnUntraced(function*(folder: string, manifest: string) {
  const { files, notFound } = yield* Schema.decode(PanelManifest)((yield* readWhole(manifest)).toString("utf8"))
  const read = yield* Effect.forEach(
    Object.entries(files),
    ([path, entry]) => Effect.map(readEntry(folder, entry, 200), (file) => [path, file] as const),
    // connections need file descriptors too
    { concurrency: 8 }
  )
  return { files: new Map(read), notFound: notFound === null ? null : yield* readEntry(folder, notFound, 404) }
})

/** Null when there is nothing, or nothing else than the version that is known; it fails when it is no whole export. */
export const readPanelFiles = (
  folder: string,
  known: string | null
): Effect.Effect<PanelFiles | null, Cause.UnknownException | ParseResult.ParseError> =>
  Effect.gen(function*() {
    const manifest = join(folder, "manifest.json")
    const version = yield* versionOf(manifest)
    if (version === null || version === known) return null
    const read = yield* Effect.either(readAll(folder, manifest))
    // another export may have taken its place in the meantime: half of each is none
    if ((yield* versionOf(manifest)) !== version) return yield* readPanelFiles(folder, known)
    return { version, ...(yield* read) }
  })
