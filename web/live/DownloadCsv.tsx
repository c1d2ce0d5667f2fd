"use client"
import { toast } from "sonner"
import { useTranslations } from "use-intl"
import { endSession } from "../api/request.ts"
import { type Filter, listPath } from "../feed/Filter.ts"
import { Button } from "../ui/Button.tsx"
import { useFormat } from "../ui/format.ts"
import { DownloadIcon } from "../ui/icons.tsx"

/** Bytes that are gathered before they are handed to the browser, which keeps large ones on disk. */
const part = 4_000_000

/** Reads a CSV to its end; null when it did not come whole. */
const read = async (path: string, signal: AbortSignal, progress: (bytes: number) => void): Promise<Blob | null> => {
  try {
    const response = await fetch(path, { headers: { accept: "text/csv" }, cache: "no-store", signal })
    if (response.status === 401) endSession()
    if (!response.ok || response.body === null) return null
    const reader = response.body.getReader()
    const blobs: Array<Blob> = []
    let chunks: Array<Uint8Array<ArrayBuffer>> = []
    let bytes = 0
    let gathered = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return new Blob([...blobs, ...chunks], { type: "text/csv" })
      chunks.push(value)
      bytes += value.length
      gathered += value.length
      progress(bytes)
      if (gathered < part) continue
      blobs.push(new Blob(chunks))
      chunks = []
      gathered = 0
    }
  } catch {
    return null
  }
}

/** All that the filter lets through, as a file: the gateway streams it, however much it is. */
export function DownloadCsv({ filter }: { readonly filter: Filter }) {
  const t = useTranslations("live.csv")
  const format = useFormat()

  const size = (bytes: number) =>
    bytes < 1_000_000 ? `${format.decimal(bytes / 1_000)} kB` : `${format.decimal(bytes / 1_000_000)} MB`

  const download = async () => {
    const abort = new AbortController()
    const action = { label: t("cancel"), onClick: () => abort.abort() }
    const id = toast.loading(t("working", { size: size(0) }), { action })
    let toldAt = 0
    const blob = await read(listPath(filter), abort.signal, (bytes) => {
      if (performance.now() - toldAt < 250) return
      toldAt = performance.now()
      toast.loading(t("working", { size: size(bytes) }), { id, action })
    })
    if (abort.signal.aborted) return toast.dismiss(id)
    if (blob === null) return toast.error(t("failed"), { id, action: null })
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = "transactions.csv"
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    toast.success(t("done", { size: size(blob.size) }), { id, action: null })
  }

  return (
    <Button kind="quiet" onClick={() => void download()} title={t("title")}>
      <DownloadIcon />
      {t("label")}
    </Button>
  )
}
