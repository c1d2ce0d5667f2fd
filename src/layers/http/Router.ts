import type { Route } from "./Operation.ts"

export interface Match {
  readonly route: Route
  readonly parameters: Readonly<Record<string, string>>
}

const none: Readonly<Record<string, string>> = {}

const decodeSegment = (segment: string): string => {
  // a malformed escape names nothing, as the raw text does
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Finds a path's route: exact paths first, then templates such as `/v1/transactions/:id`, segment by segment. */
export const makeRouter = (routes: ReadonlyArray<Route>): (path: string) => Match | null => {
  const exact = new Map<string, Match>()
  const templates: Array<{ readonly route: Route; readonly segments: ReadonlyArray<string> }> = []
  for (const route of routes) {
    if (route.template.includes(":")) templates.push({ route, segments: route.template.split("/") })
    else exact.set(route.template, { route, parameters: none })
  }
  return (path) => {
    const found = exact.get(path)
    if (found !== undefined) return found
    const written = path.split("/")
    for (const { route, segments } of templates) {
      if (segments.length !== written.length) continue
      const parameters: Record<string, string> = {}
      const matches = segments.every((segment, index) => {
        const value = written[index]!
        if (!segment.startsWith(":")) return segment === value
        parameters[segment.slice(1)] = decodeSegment(value)
        return value !== ""
      })
      if (matches) return { route, parameters }
    }
    return null
  }
}
