import { assert, describe, it } from "@effect/vitest"
import { makeEventParser, type Message } from "../../src/layers/client/EventParser.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const parse = (...chunks: ReadonlyArray<Uint8Array>) => {
  const parser = makeEventParser()
  const messages: ReadonlyArray<Message> = chunks.flatMap((_) => parser.push(_))
  return { messages, lastEventId: parser.lastEventId(), retry: parser.retry() }
}

const stream =
  "\uFEFFretry: 2000\r\n\r\nid: a\r\n\r\n: comment\r\nid: b\r\nevent: one\r\ndata: {\"ä\":\"😀 €\"}\r\n\r\n" +
  "data:two\ndata: lines\nid\n\nevent: nothing\n\n\rdata\r\rid: c\0d\rretry: 5x\rdata:  x\r\r\nid: z\nevent: cut\ndata: off"

const expected = {
  messages: [
    { event: "one", data: "{\"ä\":\"😀 €\"}", lastEventId: "b" },
    { event: "message", data: "two\nlines", lastEventId: "" },
    { event: "message", data: "", lastEventId: "" },
    { event: "message", data: " x", lastEventId: "" }
  ],
  lastEventId: "",
  retry: 2000
}

describe("an event stream (WHATWG HTML, 9.2.6)", () => {
  it("is read whole", () => assert.deepStrictEqual(parse(bytes(stream)), expected))

  it("is read the same wherever it is cut in two", () => {
    const whole = bytes(stream)
    for (let i = 0; i <= whole.length; i++) {
      assert.deepStrictEqual(parse(whole.slice(0, i), whole.slice(i)), expected, `cut at ${i}`)
    }
  })

  it("is read the same byte by byte", () =>
    assert.deepStrictEqual(parse(...Array.from(bytes(stream), (_) => Uint8Array.of(_))), expected))

  for (const [name, end] of [["LF", "\n"], ["CR", "\r"], ["CRLF", "\r\n"]] as const) {
    it(`has lines that end in ${name}`, () => {
      const text = ["id: 1", "event: e", "data: d", "", "id: 2", "", ""].join(end)
      assert.deepStrictEqual(parse(...Array.from(bytes(text), (_) => Uint8Array.of(_))), {
        messages: [{ event: "e", data: "d", lastEventId: "1" }],
        lastEventId: "2",
        retry: null
      })
    })
  }

  it("begins where the one before it ended", () => {
    const parser = makeEventParser("before")
    assert.deepStrictEqual(parser.push(bytes("data: x\n\n")), [{ event: "message", data: "x", lastEventId: "before" }])
  })
})
