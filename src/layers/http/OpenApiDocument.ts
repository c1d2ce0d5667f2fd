import type { HttpApiEndpoint } from "@effect/platform"
import { Context, JSONSchema, Option, type Schema } from "effect"
import { AccountId, SecretId, TransactionId } from "../../domain/Ids.ts"
import { Access, Conditional, MediaTypes } from "./Endpoint.ts"
import { type EndpointName, operationDocuments } from "./OpenApiExamples.ts"
import { type HeaderName, headers, headersOf, ofRates } from "./OpenApiHeaders.ts"
import { ofEveryOperation, problemMembers, problemResponse, responseNameOf } from "./OpenApiProblems.ts"
import { type ProblemName, problemTypes } from "./Problem.ts"

type Json = { readonly [member: string]: unknown }
type Named<A> = Readonly<Record<string, A>>

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly description?: string
  readonly schema: Json
}

interface Operation extends Json {
  readonly parameters: ReadonlyArray<Parameter>
  readonly requestBody?: { readonly content: Named<{ readonly schema: Json }> }
  readonly responses: Named<{ readonly description: string; readonly content?: Named<{ readonly schema: Json }> }>
  readonly security: ReadonlyArray<Json>
}

interface Document extends Json {
  readonly info: Json
  readonly paths: Named<Named<Operation>>
  readonly components: { readonly schemas: Named<Json>; readonly securitySchemes: Json }
}

type AnyEndpoint = HttpApiEndpoint.HttpApiEndpoint.AnyWithProps

const refTo = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` })

const mapValues = <A, B>(record: Named<A>, f: (value: A, key: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value, key)]))

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** What the platform writes where nothing was said: it repeats the schema in words. */
const generated =
  /^(?:a string matching the pattern |a string at most |an integer$|an object$|int$|between\(|maxLength\()/

const patternOf = (schema: Schema.Schema.Any): string =>
  (JSONSchema.make(schema) as { readonly pattern?: string }).pattern ?? ""

const instant = JSON.stringify({ type: "string", format: "date-time" })

const makeSimplify = (ids: ReadonlyMap<unknown, string>) => {
  /** Names what has a name, and leaves out what says nothing. */
  const simplify = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(simplify)
    if (!isRecord(schema)) return schema
    const { $ref, description, title, ...members } = schema
    const described = typeof description === "string" && generated.test(description) ? {} : { description }
    const rest = {
      ...mapValues(members, simplify),
      ...(description === undefined ? {} : described),
      ...(typeof title === "string" || title === undefined ? {} : { title: simplify(title) })
    }
    if ($ref === "#/components/schemas/Int") return { type: "integer", ...rest }
    if ($ref !== undefined) return { $ref, ...rest }
    const id = ids.get(members["pattern"])
    if (id !== undefined) return { ...refTo("schemas", id), ...(description === undefined ? {} : described) }
    if (JSON.stringify(members) === instant) {
      return { ...refTo("schemas", "Timestamp"), ...(description === undefined ? {} : described) }
    }
    return rest
  }
  return simplify as (schema: Json) => Json
}

/** `idempotency-key` as it is written in documents. */
const headerName = (name: string) => name.replace(/(?:^|-)[a-z]/g, (_) => _.toUpperCase()).replace(/-Id$/, "-ID")

const documentParameter = ({ description, in: place, name, required, schema }: Parameter): Parameter => {
  const { description: said = description, examples, ...rest } = schema as Json & { readonly description?: string }
  const example = (examples as ReadonlyArray<unknown> | undefined)?.[0]
  return {
    name: place === "header" ? headerName(name) : name,
    in: place,
    required,
    ...(said === undefined || generated.test(said) ? {} : { description: said }),
    schema: rest,
    ...(example === undefined ? {} : { example })
  }
}

const accessOf = (endpoint: AnyEndpoint) => Option.getOrNull(Context.getOption(endpoint.annotations, Access))

/** Whether no credential is needed: then nobody's rate is limited. */
const isOpen = (endpoint: AnyEndpoint) => accessOf(endpoint) === "anyone" || accessOf(endpoint) === "own_page"

const securityOf = (endpoint: AnyEndpoint) => {
  if (isOpen(endpoint)) return { security: [] }
  return accessOf(endpoint) === "session" ? { security: [{ session: [] }] } : {}
}

const headerRefs = (names: Iterable<HeaderName>) =>
  Object.fromEntries(Array.from(new Set(names), (_) => [_, refTo("headers", _)]))

const examplesOf = (examples: Json | undefined) =>
  examples === undefined ? {} : { examples: mapValues(examples, (value) => ({ value })) }

/** Of the problems that an answer's schema refers to. */
const codesOf = (schema: unknown): ReadonlyArray<ProblemName> =>
  JSON.stringify(schema).match(/(?<=schemas\/)Problem_\w+/g)?.flatMap(namesOf) ?? []

/** Codes can hold underscores: the name of a problem's schema is taken apart by the names that there are. */
const namesOf = (component: string): ReadonlyArray<ProblemName> => {
  const found: Array<ProblemName> = []
  for (let rest = component.slice("Problem".length); rest !== "";) {
    const name = (Object.keys(problemTypes) as Array<ProblemName>).find((_) => `${rest}_`.startsWith(`_${_}_`))
    if (name === undefined) return found
    // an unknown cursor is told as what is missing
    found.push(name === "unknown_cursor" ? "resource_missing" : name)
    rest = rest.slice(name.length + 1)
  }
  return found
}

const noNul = "^[^\\u0000]*$"

/** Of the schemas that no endpoint's own says in full. */
const ownSchemas = (patterns: Named<string>): Named<Json> => ({
  Timestamp: {
    type: "string",
    format: "date-time",
    pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$",
    description: "RFC 3339, UTC, with milliseconds.",
    examples: ["2026-11-02T09:15:30.118Z"]
  },
  AccountId: {
    type: "string",
    pattern: patterns["AccountId"],
    description: "`acct_` and a ULID.",
    examples: ["acct_01M6DQS9M08QK4V5N6M7P8Q9RS"]
  },
  SecretId: {
    type: "string",
    pattern: patterns["SecretId"],
    description: "`sec_` and a ULID: it names a secret, and is none.",
    examples: ["sec_01M6DQS9M08QK4V5N6M7P8Q9RT"]
  },
  TransactionId: {
    type: "string",
    pattern: patterns["TransactionId"],
    description: "`txn_` and a ULID: ids sort as their times do.",
    examples: ["txn_01M6DRNNY68QK4V5N6M7P8Q9RS"]
  },
  Metadata: {
    type: "object",
    maxProperties: 50,
    propertyNames: { maxLength: 40, pattern: "^(?!__proto__$)[^\\u0000]*$" },
    additionalProperties: { type: "string", maxLength: 500, pattern: noNul },
    description: "Pairs of text that the client keeps with a transaction. A card number in them is refused."
  },
  Problem: {
    type: "object",
    required: Object.keys(problemMembers),
    properties: problemMembers,
    additionalProperties: false,
    description: "RFC 9457."
  }
})

/** The schemas that are reached from here, and from one another. */
const reached = (from: unknown, schemas: Named<Json>): Named<Json> => {
  const names = new Set<string>()
  const visit = (part: unknown) => {
    for (const [name] of JSON.stringify(part).matchAll(/(?<="#\/components\/schemas\/)\w+/g)) {
      if (names.has(name)) continue
      names.add(name)
      visit(schemas[name])
    }
  }
  visit(from)
  return Object.fromEntries(Array.from(names).sort().map((name) => [name, schemas[name]!]))
}

/** Completes what the platform makes of the contract: answers, headers, examples, and what they have in common. */
export const completeOpenApi = (endpoints: ReadonlyArray<AnyEndpoint>) => (generatedDocument: Json): Json => {
  const document = generatedDocument as unknown as Document
  const patterns = {
    AccountId: patternOf(AccountId),
    SecretId: patternOf(SecretId),
    TransactionId: patternOf(TransactionId)
  }
  const simplify = makeSimplify(new Map(Object.entries(patterns).map(([name, pattern]) => [pattern, name])))
  const schemas = { ...mapValues(document.components.schemas, simplify), ...ownSchemas(patterns) }
  const nameOf = new Map(Object.entries(schemas).map(([name, schema]) => [JSON.stringify(schema), name]))
  const responses: Record<string, unknown> = {}

  const named = (schema: Json): Json => {
    const simple = simplify(schema)
    const name = nameOf.get(JSON.stringify(simple))
    return name === undefined ? simple : refTo("schemas", name)
  }

  const problem = (status: number, codes: ReadonlyArray<ProblemName>) => {
    const name = responseNameOf(codes)
    responses[name] ??= problemResponse(status, codes)
    return refTo("responses", name)
  }

  const success = (endpoint: AnyEndpoint, operation: Operation, status: number) => {
    const documented = operationDocuments[endpoint.name as EndpointName].answers[status]
    const mediaTypes = Option.getOrElse(Context.getOption(endpoint.annotations, MediaTypes), () => ["application/json"])
    const content = Object.values(operation.responses[status]?.content ?? {})[0]
    return {
      description: documented?.description ?? "",
      headers: headerRefs([
        ...headersOf(status).filter((_) => !isOpen(endpoint) || !ofRates.includes(_)),
        ...documented?.headers ?? []
      ]),
      ...(content === undefined ? {} : {
        content: Object.fromEntries(mediaTypes.map((type) => [type, {
          schema: type === "application/json" ? named(content.schema) : { type: "string" },
          ...examplesOf(documented?.examples?.[type])
        }]))
      })
    }
  }

  const answersOf = (endpoint: AnyEndpoint, operation: Operation) => {
    const declared = Object.keys(operation.responses).map(Number)
    const successes = [
      ...declared.filter((_) => _ < 400),
      ...(Option.isSome(Context.getOption(endpoint.annotations, Conditional)) ? [304] : [])
    ]
    const problems = new Map(
      declared.filter((_) => _ >= 400).map((status) => [
        status,
        // the platform's own answer to what it cannot decode is never given
        codesOf(operation.responses[status]!.content)
      ])
    )
    for (const name of ofEveryOperation) problems.set(problemTypes[name].status, [name])
    return Object.fromEntries([
      ...successes.map((status) => [status, success(endpoint, operation, status)] as const),
      ...Array.from(problems, ([status, codes]) => [status, problem(status, codes)] as const)
    ])
  }

  const complete = (endpoint: AnyEndpoint, operation: Operation) => {
    const request = operationDocuments[endpoint.name as EndpointName].request
    const { description, summary, tags, ...rest } = operation
    return {
      tags,
      summary,
      description,
      ...rest,
      operationId: endpoint.name,
      parameters: operation.parameters.map((parameter) =>
        documentParameter({
          ...parameter,
          // an instant in a query may be of any zone
          schema: parameter.in === "query" ? parameter.schema : simplify(parameter.schema)
        })
      ),
      ...(operation.requestBody === undefined ? {} : {
        requestBody: {
          required: true,
          content: mapValues(operation.requestBody.content, ({ schema }) => ({ schema, ...examplesOf(request) }))
        }
      }),
      responses: answersOf(endpoint, operation),
      ...securityOf(endpoint)
    }
  }

  const completed = endpoints.map((endpoint) => {
    const path = endpoint.path.replace(/:(\w+)/g, "{$1}")
    const method = endpoint.method.toLowerCase()
    return { path, method, operation: complete(endpoint, document.paths[path]![method]!) }
  })

  const written = completed.flatMap((_) => _.operation.parameters)
  const shared = (parameter: Parameter) =>
    written.filter((_) => JSON.stringify(_) === JSON.stringify(parameter)).length > 1
  const parameterName = ({ name, schema }: Parameter) =>
    name === "id" ? String(schema["$ref"]).split("/").at(-1)! : name
  const parameters = Object.fromEntries(written.filter(shared).map((_) => [parameterName(_), _]))

  const paths: Record<string, Record<string, unknown>> = {}
  for (const { method, operation, path } of completed) {
    paths[path] = {
      ...paths[path],
      [method]: {
        ...operation,
        parameters: operation.parameters.map((_) => shared(_) ? refTo("parameters", parameterName(_)) : _)
      }
    }
  }
  const { components: { securitySchemes }, security: _, ...rest } = document
  return {
    ...rest,
    paths,
    components: {
      schemas: reached([paths, responses, parameters], schemas),
      responses,
      parameters,
      headers,
      securitySchemes
    }
  }
}
