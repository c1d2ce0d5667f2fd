import { Option, type ParseResult, SchemaAST } from "effect"
import type { FieldError } from "./Problem.ts"

/** On a refinement: the code of the error that it makes. */
export const FieldErrorCode = Symbol.for("gateway/FieldErrorCode")

const codeOf = SchemaAST.getAnnotation<"card_number_in_text">(FieldErrorCode)

/** A member's name that can be shown: no number a client wrote comes back in it. */
const showable = /^[A-Za-z_]{1,40}$/

const pointerTo = (path: ReadonlyArray<PropertyKey>): string =>
  `#${path.map((_) => `/${String(_).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`

const describe = (ast: SchemaAST.AST): string | undefined =>
  Option.getOrUndefined(SchemaAST.getDescriptionAnnotation(ast)) ??
    (SchemaAST.isTransformation(ast) ? describe(ast.from) : undefined)

const isShown = (path: ReadonlyArray<PropertyKey>) =>
  path.every((_) => typeof _ === "number" || showable.test(String(_)))

/** Members of a client's own naming (metadata) are shown only when their names can be. */
const shownPath = (path: ReadonlyArray<PropertyKey>): ReadonlyArray<PropertyKey> =>
  isShown(path) ? path : path.slice(0, path.findIndex((_) => !isShown([_])))

/** More than a person reads, and less than a body of unknown members would make. */
const maxErrors = 100

/** All errors of a body, each with where it is and what is expected there, never with what was found. */
export const fieldErrors = (issue: ParseResult.ParseIssue): ReadonlyArray<FieldError> => {
  const errors: Array<FieldError> = []
  const told = new Set<string>()

  const add = (path: ReadonlyArray<PropertyKey>, code: FieldError["code"], detail: string) => {
    if (errors.length === maxErrors) return
    const pointer = pointerTo(shownPath(path))
    if (told.has(`${pointer} ${code}`)) return
    told.add(`${pointer} ${code}`)
    errors.push({ pointer, code, detail })
  }

  const walk = (
    issue: ParseResult.ParseIssue | ParseResult.SingleOrNonEmpty<ParseResult.ParseIssue>,
    path: ReadonlyArray<PropertyKey>,
    expected: string | undefined
  ): void => {
    if (Array.isArray(issue)) return issue.forEach((_) => walk(_, path, expected))
    const single = issue as ParseResult.ParseIssue
    switch (single._tag) {
      case "Pointer": {
        const steps = (Array.isArray(single.path) ? single.path : [single.path]) as ReadonlyArray<PropertyKey>
        const inner = single.issue
        if (inner._tag === "Missing") return add([...path, ...steps], "missing", "This member is required.")
        if (inner._tag === "Unexpected") return add([...path, ...steps], "unknown_field", "There is no such member.")
        return walk(inner, [...path, ...steps], undefined)
      }
      case "Composite":
        return walk(single.issues, path, describe(single.ast) ?? expected)
      case "Refinement": {
        const code = codeOf(single.ast)
        if (single.kind === "Predicate" && Option.isSome(code)) {
          return add(path, code.value, "This member must not hold a card number.")
        }
        return walk(single.issue, path, expected ?? describe(single.ast))
      }
      case "Transformation":
        return walk(single.issue, path, expected ?? describe(single.ast))
      case "Missing":
        return add(path, "missing", "This member is required.")
      case "Unexpected":
        return add(path, "unknown_field", "There is no such member.")
      case "Forbidden":
      case "Type": {
        // the other branch of an optional member: absent is not what was written
        if (single.ast._tag === "UndefinedKeyword") return
        const what = expected ?? describe(single.ast)
        const detail = what === undefined ? single.message ?? "must be of another type" : `must be ${what}`
        const code = path.at(-1) === "currency" && typeof single.actual === "string"
          ? "currency_not_supported"
          : "invalid"
        return add(path, code, `This member ${detail}.`)
      }
    }
  }

  walk(issue, [], undefined)
  return errors
}
