import { problemTypes } from "./Problem.ts"

interface Answer {
  description: string
  content?: Record<string, { schema: { anyOf?: ReadonlyArray<{ $ref: string }>; $ref?: string } }>
}

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Answer> }>>
  components: { schemas: Record<string, unknown> }
}

/** The platform's own answer to what it cannot decode, which this server never gives. */
const foreign = ["HttpApiDecodeError", "Issue", "PropertyKey"]

/** Leaves of every 400 only what the endpoint declares, as a problem. */
export const completeOpenApi = (document: Record<string, unknown>): Record<string, unknown> => {
  const { components, paths } = document as unknown as Document
  for (const operation of Object.values(paths).flatMap((_) => Object.values(_))) {
    const answer = operation.responses["400"]
    const own = answer?.content?.["application/json"]?.schema.anyOf?.find((_) =>
      !foreign.some((name) => _.$ref.endsWith(`/${name}`))
    )
    if (answer === undefined || own === undefined) continue
    answer.description = problemTypes.bad_request.title
    answer.content = { "application/problem+json": { schema: own } }
  }
  for (const name of foreign) delete components.schemas[name]
  return document
}
