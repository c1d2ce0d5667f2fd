import { createHash } from "node:crypto"
import type { Answer } from "../http/Listener.ts"
import { headersOfAll } from "./PanelFiles.ts"

/** Seconds until it asks again. */
const again = 2

const style = [
  ":root{color-scheme:light dark}",
  "body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.6 system-ui,sans-serif;",
  "color:#1f2328;background:#fff}",
  "main{max-width:36rem;padding:2rem}",
  "h1{font-size:1.5rem;line-height:1.3}",
  "a{color:#0550ae}",
  "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#79c0ff}}"
].join("")

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${again}">
<title>The panel is being built</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>The panel is being built</h1>
<p>This takes about a minute after the first start, and the panel appears here by itself. The API works already;
<a href="/docs">its documentation</a> is there too.</p>
<p>If the gateway was started otherwise than by <code>npm start</code>, the panel is built by
<code>npm run build</code>.</p>
</main>
</body>
</html>
`

/** Shown where the panel will be. */
export const beingBuilt: Answer = {
  status: 503,
  headers: {
    ...headersOfAll,
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "retry-after": String(again),
    "content-security-policy": `default-src 'none'; style-src 'sha256-${
      createHash("sha256").update(style).digest("base64")
    }'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  },
  body: page
}
