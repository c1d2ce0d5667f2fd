import { Duration, Effect, FiberSet, Schedule, type Scope } from "effect"
import type { IncomingMessage } from "node:http"
import { innermost } from "../../services/Failure.ts"
import type { Answer, Page, Site } from "../http/Listener.ts"
import { matchesTag, originForm } from "../http/RequestHeaders.ts"
import { PanelSettings } from "../Settings.ts"
import { beingBuilt } from "./BeingBuiltPage.ts"
import { preferredCoding } from "./ContentCoding.ts"
import { headersOfAll, type PanelFile, type PanelFiles, readPanelFiles } from "./PanelFiles.ts"
import { panelFolder } from "./PanelFolder.ts"

export interface PanelSite extends Site {
  /** Whether there is an export. */
  readonly isThere: () => boolean
}

/** For all files of an export. */
const patience = Duration.seconds(5)
/** Milliseconds between two looks for an export, or for another one. */
const pace = 1_000

/** Under which all of it is counted: paths are many. */
const template = "/panel"

const shown = (answer: Answer): Page => ({ path: template, answer: Effect.succeed(answer) })

const beingBuiltPage = shown(beingBuilt)

/** These paths are the API's alone. */
const isOfApi = (path: string): boolean => path === "/v1" || path.startsWith("/v1/")

const htmlByName = /\btext\/html\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i

/** A browser that goes to an address asks for HTML by name; a program that takes anything does not. */
const isNavigation = ({ headers, method }: IncomingMessage): boolean =>
  (method === "GET" || method === "HEAD") && htmlByName.test(headers.accept ?? "")

const representationOf = ({ coded, plain }: PanelFile, { headers }: IncomingMessage) => {
  const coding = preferredCoding(headers["accept-encoding"], (_) => coded.has(_))
  return coding === null ? plain : coded.get(coding)!
}

const show = (file: PanelFile, message: IncomingMessage): Page => {
  const { notModified, tag, whole } = representationOf(file, message)
  return shown(matchesTag(message.headers["if-none-match"], tag) ? notModified : whole)
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Where a page is, of which somebody wrote the address with a slash at its end. */
const movedTo = (location: string): Page =>
  shown({ status: 308, headers: { ...headersOfAll, location, "cache-control": "no-cache" }, body: "" })

/**
 * The panel: an export of `web/`, held in memory. There may be none yet, and another one may take its place; either is found
 * within a second of being asked for, and what a page of the export before still loads stays.
 */
export const makePanelSite: Effect.Effect<PanelSite, Effect.Effect.Error<typeof PanelSettings>, Scope.Scope> = Effect
  .gen(
    function*() {
      const folder = yield* panelFolder(yield* PanelSettings)
      const clock = yield* Effect.clock
      const runFork = yield* FiberSet.makeRuntime()
      let current: PanelFiles | null = null
      /** Immutable files of the export before. */
      let before: ReadonlyMap<string, PanelFile> = new Map()
      let lookedAt = clock.unsafeCurrentTimeMillis()
      let looking = false
      let said = ""

      const take = (found: PanelFiles) => {
        before = new Map(Array.from(current?.files ?? []).filter(([, file]) => file.immutable))
        current = found
        said = ""
      }

      const look = Effect.suspend(() => readPanelFiles(folder, current?.version ?? null)).pipe(
        // the API does not wait for a disk that does not answer
        Effect.timeout(patience),
        Effect.map((found) => found === null ? undefined : take(found)),
        Effect.catchAll((error) => {
          const cause = innermost(error)
          // every second would be too often
          if (said === String(cause)) return Effect.void
          said = String(cause)
          return Effect.logWarning(`the panel in ${folder} cannot be read: npm run build makes it again`, cause)
        })
      )

      const lookNowAndThen = () => {
        const now = clock.unsafeCurrentTimeMillis()
        if (looking || Math.abs(now - lookedAt) < pace) return
        looking = true
        lookedAt = now
        runFork(look).addObserver(() => {
          looking = false
        })
      }

      yield* look
      // who comes first after the build sees the panel; later ones cost nothing while nobody asks
      yield* Effect.sync(lookNowAndThen).pipe(
        Effect.repeat({ schedule: Schedule.spaced(pace), until: () => current !== null }),
        Effect.interruptible,
        Effect.forkScoped
      )

      return {
        isThere: () => {
          lookNowAndThen()
          return current !== null
        },

        find: (path, message) => {
          if (isOfApi(path)) return null
          lookNowAndThen()
          if (current === null) return isNavigation(message) ? beingBuiltPage : null
          const { files, notFound } = current
          const fileAt = (_: string) => files.get(_) ?? before.get(_)
          const file = fileAt(path) ?? (path.includes("%") ? fileAt(decoded(path)) : undefined)
          if (file !== undefined) return show(file, message)
          const withoutSlash = path.slice(0, -1)
          if (path.endsWith("/") && withoutSlash !== "/" && files.has(withoutSlash)) {
            return movedTo(withoutSlash + originForm(message.url ?? "").slice(path.length))
          }
          return notFound !== null && isNavigation(message) ? shown(representationOf(notFound, message).whole) : null
        }
      }
    }
  )
