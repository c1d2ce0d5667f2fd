// @ts-check
/** The rules of this project that oxlint does not have; .oxlintrc.json switches them on. */
import { builtinModules } from "node:module"
import { dirname, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..")

/** What waits, reads the clock, rolls dice or asks the environment is not a rule of the domain. */
const notForDomain = new Set([
  "Clock",
  "Config",
  "ConfigProvider",
  "Context",
  "DefaultServices",
  "Layer",
  "ManagedRuntime",
  "Random",
  "Runtime"
])

/** @typedef {"domain" | "services" | "layers" | "entry"} Place */

/** @type {Record<Place, { name: string, folders: ReadonlyArray<string>, onlyEffect: boolean }>} */
const arrows = {
  domain: { name: "src/domain", folders: ["domain"], onlyEffect: true },
  services: { name: "src/services", folders: ["domain", "services"], onlyEffect: true },
  layers: { name: "src/layers", folders: ["domain", "services", "layers"], onlyEffect: false },
  entry: { name: "an entry point", folders: ["domain", "services", "layers"], onlyEffect: false }
}

/**
 * What the panel takes of the gateway: its types, and what runs in a browser as it does on a server.
 *
 * @param {string} path relative to the project
 * @param {boolean} isType
 */
const isForPanel = (path, isType) =>
  path.startsWith("src/domain/") || path === "src/layers/client/EventParser.ts" ||
  (isType && path.startsWith("src/layers/http/"))

/**
 * @param {string} path
 * @returns {Place | "web" | "outside" | "nowhere"}
 */
const placeOf = (path) => {
  const [top, folder = "", ...rest] = relative(root, path).split(sep)
  if (top === "web") return "web"
  if (top !== "src") return "outside"
  if (folder === "domain" || folder === "services" || folder === "layers") return folder
  return rest.length === 0 ? "entry" : "nowhere"
}

/** @param {string} specifier */
const packageOf = (specifier) =>
  builtinModules.includes(specifier)
    ? `node:${specifier}`
    : specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

/**
 * Why `file` may not import `names` from `specifier`; undefined when it may.
 *
 * @param {string} file absolute
 * @param {string} specifier
 * @param {ReadonlyArray<string>} names "*" is all of it
 * @param {boolean} isType whether nothing of it is left when it runs
 */
const refusal = (file, specifier, names, isType) => {
  const from = placeOf(file)
  if (from === "nowhere") return "src holds domain, services, layers and entry points; this file is none of them"
  if (/^[./]/.test(specifier)) {
    const path = resolve(dirname(file), specifier)
    const to = placeOf(path)
    if (to === "entry") return "nothing imports an entry point"
    if (from === "web") {
      return to === "web" || isForPanel(relative(root, path).split(sep).join("/"), isType)
        ? undefined
        : "web may import types of src/layers/http, src/domain, and src/layers/client/EventParser.ts: nothing else of the project runs in a browser"
    }
    if (from === "outside" || arrows[from].folders.includes(to)) return undefined
    return `${arrows[from].name} may not import ${
      to === "outside" || to === "web" ? "from outside src" : `src/${to}`
    }: imports point inward`
  }
  if (from === "outside" || from === "web" || !arrows[from].onlyEffect) return undefined
  if (packageOf(specifier) !== "effect") {
    return `${arrows[from].name} may not import ${packageOf(specifier)}: of all packages only effect`
  }
  if (from !== "domain") return undefined
  const refused = (specifier === "effect" ? names : specifier.split("/").slice(1)).find((_) =>
    _ === "*" || notForDomain.has(_)
  )
  return refused === undefined
    ? undefined
    : `src/domain may not import ${
      refused === "*" ? "everything" : refused
    } from effect: it holds data and pure functions`
}

/** @param {any} specifier */
const nameOf = ({ type, imported, local }) => {
  if (type !== "ImportSpecifier" && type !== "ExportSpecifier") return "*"
  const name = imported ?? local
  return name.name ?? name.value
}

/**
 * Whether a declaration leaves nothing behind when types are stripped.
 *
 * @param {any} node
 * @param {"importKind" | "exportKind"} kind
 */
const isTypeOnly = (node, kind) =>
  node[kind] === "type" ||
  (node.specifiers.length > 0 && node.specifiers.every((/** @type {any} */ _) => _[kind] === "type"))

/** Imports point inward: entry points → layers → services → domain. `no-restricted-imports` does not resolve paths. */
const importDirection = {
  /** @param {any} context */
  create: (context) => {
    /**
     * @param {any} node
     * @param {any} source
     * @param {ReadonlyArray<string>} names
     */
    const look = (node, source, names = ["*"], isType = false) => {
      const message = source.type === "Literal"
        ? refusal(context.filename, source.value, names, isType)
        : placeOf(context.filename) === "outside"
        ? undefined
        : "what is imported is written as a plain string, so that its direction can be seen"
      if (message !== undefined) context.report({ node, message })
    }
    return {
      /** @param {any} node */
      ImportDeclaration: (node) => look(node, node.source, node.specifiers.map(nameOf), isTypeOnly(node, "importKind")),
      /** @param {any} node */
      ExportNamedDeclaration: (node) => {
        if (node.source !== null) look(node, node.source, node.specifiers.map(nameOf), isTypeOnly(node, "exportKind"))
      },
      /** @param {any} node */
      ExportAllDeclaration: (node) => look(node, node.source, ["*"], node.exportKind === "type"),
      /** @param {any} node */
      ImportExpression: (node) => look(node, node.source),
      /** @param {any} node */
      TSImportType: (node) => look(node, node.source, ["*"], true),
      /** @param {any} node */
      TSExternalModuleReference: (node) => look(node, node.expression)
    }
  }
}

/** `new Date(instant)` computes and is fine; `new Date()` reads the clock. */
const noAmbient = {
  /** @param {any} context */
  create: (context) => {
    /** @param {any} node */
    const report = (node) =>
      context.report({ node, message: "time comes from Effect's Clock and chance from the Randomness service" })
    /** @param {any} node */
    const isDate = ({ callee }) => callee.type === "Identifier" && callee.name === "Date"
    return {
      /** @param {any} node */
      NewExpression: (node) => {
        if (isDate(node) && node.arguments.length === 0) report(node)
      },
      /** @param {any} node */
      CallExpression: (node) => {
        if (isDate(node)) report(node)
      },
      /** @param {any} node */
      MemberExpression: ({ object, property, ...node }) => {
        const name = object.type === "Identifier" ? `${object.name}.${property.name ?? property.value}` : ""
        if (name === "Date.now" || name === "Math.random") report({ ...node, object, property })
      }
    }
  }
}

export default {
  meta: { name: "gateway" },
  rules: { "import-direction": importDirection, "no-ambient": noAmbient }
}
