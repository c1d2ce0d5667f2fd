import { Effect, Layer } from "effect"
import { Daemons } from "../../src/layers/Daemons.ts"
import { launch, runRole } from "../../src/layers/Launch.ts"

/** A program of which one part dies as soon as it has started. */
runRole(() =>
  launch(
    Layer.scopedDiscard(Effect.flatMap(Daemons, (_) => _.start("part that dies", Effect.dieMessage("on purpose"))))
  )
)
