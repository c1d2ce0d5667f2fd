// @ts-check
/** A certificate authority of one's own, and a certificate of it for servers on loopback. */
import { existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { output } from "./server.mjs"

/** @param {ReadonlyArray<string>} args */
const openssl = async (args) => {
  const { ok, said } = await output("openssl", args)
  if (!ok) throw new Error(`openssl ${args[0]} failed (version 3 is needed): ${said}`)
}

/**
 * Made once in a folder.
 *
 * @param {string} folder
 * @returns {Promise<{ ca: string, certificate: string, key: string }>} paths of PEM files
 */
export const makeCertificates = async (folder) => {
  const [ca, caKey, certificate, key, request] = /** @type {[string, string, string, string, string]} */ (
    ["ca.pem", "ca.key", "server.pem", "server.key", "server.csr"].map((file) => join(folder, file))
  )
  if (!existsSync(certificate)) {
    mkdirSync(folder, { recursive: true })
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    await openssl([
      "req",
      "-x509",
      ...newKey,
      "-days",
      "3650",
      "-subj",
      "/CN=A certificate authority for tests",
      "-keyout",
      caKey,
      "-out",
      ca
    ])
    await openssl([
      "req",
      "-new",
      ...newKey,
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      request
    ])
    await openssl([
      "x509",
      "-req",
      "-in",
      request,
      "-CA",
      ca,
      "-CAkey",
      caKey,
      "-days",
      "3650",
      "-copy_extensions",
      "copy",
      "-out",
      certificate
    ])
  }
  return { ca, certificate, key }
}
