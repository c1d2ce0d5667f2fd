import { assert, describe, it } from "@effect/vitest"
import { Either, Redacted } from "effect"
import { parseMysqlUrl } from "../../src/layers/mysql/MysqlUrl.ts"

const parse = (text: string) => parseMysqlUrl("DATABASE_URL", Redacted.make(text))

describe("the URL of a database", () => {
  const read: ReadonlyArray<readonly [string, Record<string, unknown>]> = [
    ["mysql://ada:secret@db.example:3307/gateway", { host: "db.example", port: 3307 }],
    ["mysql://ada:secret@db.example/gateway", { host: "db.example", port: 3306 }],
    ["mysql://ada:secret@[::1]:3307/gateway", { host: "::1", port: 3307 }],
    ["mysql://ada:p%40ss%2Fw%23rd%25%3A%3F%C3%BC@h/gateway", { password: "p@ss/w#rd%:?ü" }],
    ["mysql://ada:p@ss@h/gateway", { host: "h", password: "p@ss" }],
    ["mysql://a%3Ada:secret@h/gate%2Dway", { user: "a:da", database: "gate-way" }],
    ["mysql://ada@h/gateway", { password: "" }]
  ]

  for (const [text, expected] of read) {
    it(`is read: ${text}`, () => {
      const { password, ...url } = Either.getOrThrow(parse(text))
      const all = { ...url, password: Redacted.value(password) }
      assert.deepStrictEqual(all, { ...all, ...expected })
    })
  }

  const refused: ReadonlyArray<readonly [string, string]> = [
    ["", "is not a URL"],
    ["gateway", "is not a URL"],
    ["mysql://ada:hush/hush@h/gateway", "is not a URL"],
    ["postgres://ada:hush@h/gateway", "does not begin with mysql://"],
    ["ada:hush@h/gateway", "does not begin with mysql://"],
    ["mysql://ada:hush%@h/gateway", "has a % that encodes nothing"],
    ["mysql://ada:hush@h", "names no database"],
    ["mysql://ada:hush@h/", "names no database"],
    ["mysql://:hush@h/gateway", "names no user"],
    ["mysql://h/gateway", "names no user"],
    ["mysql:///gateway", "names no host"],
    ["mysql://ada:hush@h/gateway/more", "names more than a database"],
    ["mysql://ada:hush@h/gateway?ssl=true", "has something after the database"],
    ["mysql://ada:hush#hush@h/gateway", "is not a URL"]
  ]

  for (const [text, what] of refused) {
    it(`is refused, and not repeated: ${text}`, () => {
      const { sentence } = Either.getOrThrow(Either.flip(parse(text)))
      assert.include(sentence, `DATABASE_URL ${what}`)
      assert.match(sentence, /: it is written mysql:\/\/user:password@host:port\/database\.$/)
      assert.notInclude(sentence, "hush")
    })
  }
})
