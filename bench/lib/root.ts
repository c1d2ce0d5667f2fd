import { fileURLToPath } from "node:url"

/** The project's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url))

/** The gateway as it is measured, relative to that: BENCH_GATEWAY names another build. */
export const gatewayEntry = process.env.BENCH_GATEWAY ?? "dist/main.js"
