/** Why a request was not answered with what was asked for. */
export type Failure =
  | {
    readonly kind: "problem"
    readonly status: number
    /** The machine's word for it: `unauthenticated`, `invalid_request`, … */
    readonly code: string
    readonly detail: string
    readonly requestId: string | null
    /** Seconds, as the gateway asks. */
    readonly retryAfter: number | null
    readonly fields: ReadonlyArray<FieldError>
  }
  /** No answer came, or none that is the gateway's. */
  | { readonly kind: "unreachable" }

export interface FieldError {
  /** Into the request's body (RFC 6901). */
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

export type Result<A> =
  | { readonly ok: true; readonly value: A; readonly response: Response }
  | { readonly ok: false; readonly failure: Failure }

const unreachable: Result<never> = { ok: false, failure: { kind: "unreachable" } }

/** ms; the longest answer is a list of a hundred. */
const patience = 15_000

let signedOut: () => void = () => {}

/** Told whenever an answer says that the session has ended. */
export const onSignedOut = (listener: () => void): void => {
  signedOut = listener
}

/** For an answer that was not read here. */
export const endSession = (): void => signedOut()

let clockOffset = 0

/** The gateway's clock, in ms since the epoch: the browser's own unless that is wrong by more than two seconds. */
export const now = (): number => Date.now() + clockOffset

const learnTime = (response: Response) => {
  const told = Date.parse(response.headers.get("date") ?? "")
  if (Number.isNaN(told)) return
  const difference = told - Date.now()
  clockOffset = Math.abs(difference) > 2_000 ? difference : 0
}

export const failureOf = async (response: Response): Promise<Failure> => {
  const problem: unknown = await response.json().catch(() => null)
  if (typeof problem !== "object" || problem === null || !("code" in problem)) return { kind: "unreachable" }
  const { code, detail, errors, request_id } = problem as Record<string, unknown>
  return {
    kind: "problem",
    status: response.status,
    code: String(code),
    detail: typeof detail === "string" ? detail : "",
    requestId: typeof request_id === "string" ? request_id : null,
    retryAfter: Number(response.headers.get("retry-after")) || null,
    fields: Array.isArray(errors) ? errors as ReadonlyArray<FieldError> : []
  }
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE"
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** A 401 is an answer like any other, as when one signs in. */
  readonly expects401?: boolean
  /** ms until it counts as unreachable. */
  readonly patience?: number
}

/** Asks the gateway of this page's own origin, as who is signed in. Never throws. */
export const request = async <A>(path: string, options: RequestOptions = {}): Promise<Result<A>> => {
  const timeout = AbortSignal.timeout(options.patience ?? patience)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  const method = options.method ?? "GET"
  try {
    const response = await fetch(path, {
      method,
      signal,
      credentials: "same-origin",
      cache: "no-store",
      headers: {
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) })
    })
    learnTime(response)
    if (!response.ok) {
      const failure = await failureOf(response)
      if (response.status === 401 && options.expects401 !== true) signedOut()
      return { ok: false, failure }
    }
    const value = response.status === 204 ? undefined : await response.json()
    return { ok: true, value: value as A, response }
  } catch {
    return unreachable
  }
}

/** A failure as react-query carries it. */
export class RequestFailure extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.kind === "problem" ? failure.code : failure.kind)
    this.failure = failure
  }
}

/** The value, or a rejection with a `RequestFailure`: for react-query. */
export const fetched = async <A>(path: string, options: RequestOptions = {}): Promise<A> => {
  const result = await request<A>(path, options)
  if (!result.ok) throw new RequestFailure(result.failure)
  return result.value
}
