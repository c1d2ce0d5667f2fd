import * as fs from "node:fs"
import * as path from "node:path"

/** One way in which bytes can lie somewhere. */
interface Form {
  readonly name: string
  readonly bytes: Buffer
}

/** The characters of the base64 of `text` that do not depend on what stands before and after it. */
const base64At = (text: Buffer, before: number): string => {
  const encoded = Buffer.concat([Buffer.alloc(before), text]).toString("base64")
  return encoded.slice(Math.ceil(before * 8 / 6), Math.floor((before + text.length) * 8 / 6))
}

/** In clear, in UTF-16, in hex, and in base64 and base64url in all three alignments. */
export const formsOf = (text: string): ReadonlyArray<Form> => {
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].map((before) => base64At(bytes, before))
  const forms: ReadonlyArray<readonly [string, string]> = [
    ["clear", text],
    ["hex", bytes.toString("hex")],
    ["HEX", bytes.toString("hex").toUpperCase()],
    ...base64.map((encoded, before) => [`base64 +${before}`, encoded] as const),
    ...base64.map((encoded, before) =>
      [`base64url +${before}`, encoded.replaceAll("+", "-").replaceAll("/", "_")] as const
    )
  ]
  const texts = new Map(forms.map(([name, form]) => [form, name]))
  return [
    ...Array.from(texts, ([form, name]) => ({ name, bytes: Buffer.from(form) })),
    { name: "UTF-16", bytes: Buffer.from(text, "utf16le") }
  ]
}

/** A security code of three or four digits is too short to be searched for by itself. */
const namedCvv = /(cvv|cvc|security.?code)[\\"'\s:=]{1,8}\d{3,4}(?!\d)/i

export interface Found {
  readonly where: string
  readonly mark: string
  readonly form: string
}

/** Looks for the marks, in every form, in what it is given. */
export const searchFor = (marks: ReadonlyArray<string>) => {
  const forms = marks.flatMap((mark) => formsOf(mark).map((form) => ({ mark, ...form })))

  const inBytes = (where: string, bytes: Buffer): ReadonlyArray<Found> => [
    ...forms.filter((_) => bytes.includes(_.bytes)).map(({ mark, name }) => ({ where, mark, form: name })),
    ...(namedCvv.test(bytes.toString("latin1")) ? [{ where, mark: "cvv", form: "named" }] : [])
  ]

  return {
    inBytes,
    inText: (where: string, text: string) => inBytes(where, Buffer.from(text)),
    /** Every file below the folder, the write-ahead logs of the databases among them. */
    inFolder: (folder: string) => {
      const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((_) => _.isFile())
      const read = files.map((_) => path.join(_.parentPath, _.name))
      return {
        files: read.map((_) => path.relative(folder, _)).toSorted(),
        found: read.flatMap((file) => inBytes(path.relative(folder, file), fs.readFileSync(file)))
      }
    }
  }
}
