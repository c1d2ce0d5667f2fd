import { Schema } from "effect"

/** A name inside the folder of the export, with slashes. */
const FileName = Schema.String.pipe(Schema.filter((_) => _ !== "" && !_.split("/").includes("..")))

const PanelEntry = Schema.Struct({
  /** Its codings are beside it, with the endings of `codingEndings`. */
  file: FileName,
  type: Schema.NonEmptyString,
  /** Of the content, without quotes. */
  tag: Schema.String.pipe(Schema.pattern(/^[\w-]+$/)),
  /** Its name changes with its content. */
  immutable: Schema.Boolean,
  codings: Schema.Array(Schema.Literal("br", "gzip")),
  /** The Content-Security-Policy of a page. */
  policy: Schema.optional(Schema.NonEmptyString)
})
export type PanelEntry = typeof PanelEntry.Type

export const codingEndings = { br: ".br", gzip: ".gz" } as const

/** What scripts/panel-export.mjs writes as manifest.json into the folder of the export. */
export const PanelManifest = Schema.parseJson(Schema.Struct({
  version: Schema.Literal(1),
  /** By the path of the URL. */
  files: Schema.Record({ key: Schema.String.pipe(Schema.startsWith("/")), value: PanelEntry }),
  notFound: Schema.NullOr(PanelEntry)
}))
export type PanelManifest = typeof PanelManifest.Type
