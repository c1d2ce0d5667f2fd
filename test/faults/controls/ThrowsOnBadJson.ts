import { Effect, Layer } from "effect"
import { Presenter } from "../../../src/services/Presenter.ts"
import { real, runWrongRole } from "./WrongRoles.ts"

/** Reads JSON as one does who trusts it. */
const TrustingPresenter = Layer.effect(
  Presenter,
  Effect.map(Presenter, (presenter) =>
    Presenter.of({
      ...presenter,
      readSubmission: (record) => {
        JSON.parse(Buffer.from(record.value).toString("utf8"))
        return presenter.readSubmission(record)
      }
    }))
)

runWrongRole({ presenter: TrustingPresenter.pipe(Layer.provide(real.presenter)) })
