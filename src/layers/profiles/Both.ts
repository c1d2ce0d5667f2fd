import { Console, Effect, Layer } from "effect"
import { Foundation } from "../Foundation.ts"
import { Management, ManagementAddress } from "../http/Management.ts"
import { launch } from "../Launch.ts"
import { tellStarted, urlOf } from "../ListeningUrl.ts"
import { PanelAddress, PanelServer } from "../panel/PanelServer.ts"

const Welcome = Layer.effectDiscard(Effect.gen(function*() {
  const base = urlOf(yield* PanelAddress)
  const management = urlOf(yield* ManagementAddress)
  yield* Console.log(
    ["", "The panel is running.", `  Panel          ${base}/`, `  Metrics        ${management}/metrics`, ""].join("\n")
  )
  yield* tellStarted(base)
}))

const Panel = Welcome.pipe(
  Layer.provide(Management),
  Layer.provide(PanelServer),
  Layer.provide(Foundation)
)

/** The roles that are the same in both profiles: they need no servers and no keys. */
export const programs = {
  panel: launch(Panel)
}
