import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { inProject } from "../../scripts/setup.mjs"

interface Outline {
  /** The level of each. */
  readonly headings: ReadonlyArray<number>
  /** Blocks of code, word for word. */
  readonly code: ReadonlyArray<string>
  /** Targets of links, in their order within each block of text. */
  readonly links: ReadonlyArray<ReadonlyArray<string>>
  /** Blocks in their order: headings, paragraphs, code, lists and tables with how many lines these two have. */
  readonly blocks: ReadonlyArray<string>
  /** What stands in backticks, sorted: prose may name it in another order. */
  readonly spans: ReadonlyArray<ReadonlyArray<string>>
}

const fence = /^```.*?^```$/gms
const target = /\]\(([^)\s]+)\)|<(https?:[^>]+)>/g

/** Two files are one document in two languages when these are equal. */
const outlineOf = (file: string, other: string): Outline => {
  const text = readFileSync(inProject(file), "utf8")
  const code = Array.from(text.matchAll(fence), ([block]) => block)
  const blocks = text.replaceAll(fence, "```").trim().split(/\n{2,}/)
  const counted = (block: string): string => {
    const lines = block.split("\n")
    const level = /^(#+) /.exec(block)?.[1]
    if (level !== undefined) return `heading ${level.length}`
    if (block === "```") return "code"
    if (block.startsWith("|")) return `table of ${lines.length} lines and ${lines[1]!.split("|").length - 2} columns`
    const items = lines.filter((line) => line.startsWith("- ")).length
    return items > 0 ? `list of ${items}` : "text"
  }
  return {
    headings: blocks.flatMap((block) => /^#+/.exec(block)?.[0].length ?? []),
    code,
    links: blocks.map((block) =>
      Array.from(block.matchAll(target), ([, link, address]) => (link ?? address)!)
        .map((link) => link === other ? "the other language" : link)
    ),
    blocks: blocks.map(counted),
    spans: blocks.map((block) => Array.from(block.matchAll(/`[^`\n]+`/g), ([span]) => span).toSorted())
  }
}

describe("README.md and README.pt-BR.md", () => {
  const english = outlineOf("README.md", "README.pt-BR.md")
  const portuguese = outlineOf("README.pt-BR.md", "README.md")

  it("lead to each other", () => {
    for (const { links } of [english, portuguese]) assert.deepStrictEqual(links[1], ["the other language"])
  })

  for (const what of ["headings", "blocks", "code", "links"] as const) {
    it(`have the same ${what}`, () => assert.deepStrictEqual(portuguese[what], english[what]))
  }

  it("name the same commands, settings and files", () => {
    english.spans.forEach((spans, index) =>
      // the names of the profiles are said in both languages where they are explained
      assert.deepStrictEqual(
        portuguese.spans[index]!.filter((_) => !["`embedded`", "`distributed`"].includes(_)),
        spans.filter((_) => !["`embedded`", "`distributed`"].includes(_))
      )
    )
  })

  it("are read: what is compared is there", () => {
    assert.isAbove(english.code.length, 3)
    assert.isAbove(english.links.flat().length, 80)
    assert.isAbove(english.blocks.filter((_) => _.startsWith("table")).length, 4)
  })
})
