import { assert } from "@effect/vitest"
import { jsonOf } from "./GatewayFixture.ts"
import type { HttpAnswer } from "./HttpConnection.ts"
import type { ProblemJson } from "./HttpSamples.ts"

const members = [
  "code",
  "detail",
  "errors",
  "instance",
  "request_id",
  "retryable",
  "status",
  "title",
  "type"
]

/** Headers that a status never goes without. */
const companions: Readonly<Record<number, ReadonlyArray<string>>> = {
  401: ["www-authenticate"],
  405: ["allow"],
  429: ["retry-after"],
  503: ["retry-after"]
}

/** What has been seen of each type: its title never changes. */
const titles = new Map<string, string>()

/** RFC 9457 as http-api.md has it, without any of the `values` that the client wrote. */
export const assertProblem = (
  answer: HttpAnswer,
  status: number,
  code: string | ReadonlyArray<string>,
  values: ReadonlyArray<string> = []
): ProblemJson => {
  assert.strictEqual(answer.status, status, answer.text)
  assert.strictEqual(answer.headers["content-type"]?.split(";")[0], "application/problem+json")
  const problem = jsonOf<ProblemJson>(answer)
  assert.deepStrictEqual(Object.keys(problem).toSorted(), members)
  assert.strictEqual(problem.status, status)
  assert.include(typeof code === "string" ? [code] : code, problem.code)
  assert.isNotEmpty(problem.type)
  assert.isNotEmpty(problem.title)
  if (!titles.has(problem.type)) titles.set(problem.type, problem.title)
  assert.strictEqual(problem.title, titles.get(problem.type), `the title of ${problem.type} is constant`)
  assert.isNotEmpty(problem.detail)
  assert.isNotEmpty(problem.request_id)
  assert.strictEqual(answer.headers["request-id"], problem.request_id, "Request-Id and request_id")
  assert.strictEqual(problem.retryable, [408, 429, 500, 503].includes(status))
  for (const { code, detail, pointer } of problem.errors) {
    assert.match(pointer, /^#(\/([A-Za-z_]{1,40}|\d{1,2}))*$/)
    assert.isNotEmpty(code)
    assert.isNotEmpty(detail)
  }
  for (const name of companions[status] ?? []) assert.property(answer.headers, name)
  for (const value of values) assert.notInclude(answer.head + answer.text, value, "the answer repeats what was sent")
  assert.notMatch(answer.text, /\bat [^"]*:\d+:\d+|node:internal|\.ts\b|node_modules/, "the answer has a stack trace")
  return problem
}

/** The pointers of a problem's errors with their codes, in order of their text. */
export const pointersOf = ({ errors }: ProblemJson): ReadonlyArray<string> =>
  errors.map(({ code, pointer }) => `${pointer} ${code}`).toSorted()

/** Everything of an answer that two indistinguishable answers share. */
export const comparable = ({ head, text }: HttpAnswer) => ({
  head: head.split("\r\n").filter((line) => !/^(date|request-id):/i.test(line)).toSorted(),
  body: text.replace(/"request_id":"[^"]*"/, "")
})
