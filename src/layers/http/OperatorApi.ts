import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { AccountName } from "../../domain/Account.ts"
import { SecretRequest } from "./AccountApi.ts"
import { AccountResource, CreatedAccount, CreatedSecret } from "./AccountResource.ts"
import { AuditResource } from "./AuditResource.ts"
import {
  Access,
  anyRequest,
  Authentication,
  badRequest,
  limited,
  listOf,
  missing,
  pageQuery,
  strict,
  unavailable,
  withBody
} from "./Endpoint.ts"
import { Parked, Pipeline, SimulationResource } from "./OperatorResource.ts"
import { problemsOf } from "./Problem.ts"

const byId = Schema.Struct({ id: Schema.String })
const forbidden = problemsOf("forbidden")
const badList = problemsOf("bad_request", "invalid_header", "invalid_query", "unknown_cursor")
/** Milliseconds. */
const longestDelay = 600_000

export const createAccount = HttpApiEndpoint.post("createAccount", "/v1/accounts")
  .setPayload(
    Schema.Struct({ name: AccountName.annotations({ description: "text of 1 to 255 characters" }) })
      .annotations({ identifier: "AccountRequest", description: "an object", ...strict })
  )
  .addSuccess(CreatedAccount, { status: 201 })
  .addError(withBody.badBody)
  .addError(forbidden)
  .addError(anyRequest)
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Create an account")

export const listAccounts = HttpApiEndpoint.get("listAccounts", "/v1/accounts")
  .setUrlParams(Schema.Struct(pageQuery))
  .addSuccess(listOf("AccountList", AccountResource))
  .addError(badList)
  .addError(forbidden)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "List accounts, newest first")

export const changeAccount = HttpApiEndpoint.patch("changeAccount", "/v1/accounts/:id")
  .setPath(byId)
  .setPayload(
    Schema.Struct({ disabled: Schema.Boolean.annotations({ description: "true or false" }) })
      .annotations({ identifier: "AccountChange", description: "an object", ...strict })
  )
  .addSuccess(AccountResource)
  .addError(withBody.badBody)
  .addError(forbidden)
  .addError(missing)
  .addError(anyRequest)
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Disable an account, or enable it again")

export const createAccountSecret = HttpApiEndpoint.post("createAccountSecret", "/v1/accounts/:id/secrets")
  .setPath(byId)
  .setPayload(SecretRequest)
  .addSuccess(CreatedSecret, { status: 201 })
  .addError(withBody.badBody)
  .addError(forbidden)
  .addError(missing)
  .addError(anyRequest)
  .addError(problemsOf("too_many_secrets"))
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Make another secret for an account")

export const readPipeline = HttpApiEndpoint.get("readPipeline", "/v1/operator/pipeline")
  .addSuccess(Pipeline)
  .addError(badRequest)
  .addError(forbidden)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Tell how much waits at every stage")

export const listParked = HttpApiEndpoint.get("listParked", "/v1/operator/parked")
  .setUrlParams(Schema.Struct(pageQuery))
  .addSuccess(listOf("ParkedList", Parked))
  .addError(badList)
  .addError(forbidden)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "List the transactions whose record could not be decided")

export const replayParked = HttpApiEndpoint.post("replayParked", "/v1/operator/parked/:id/replay")
  .setPath(byId)
  .addSuccess(Parked, { status: 202 })
  .addError(badRequest)
  .addError(forbidden)
  .addError(missing)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Send a parked transaction to the processor again")

export const giveUpParked = HttpApiEndpoint.post("giveUpParked", "/v1/operator/parked/:id/give_up")
  .setPath(byId)
  .addSuccess(Parked, { status: 202 })
  .addError(badRequest)
  .addError(forbidden)
  .addError(missing)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(
    OpenApi.Summary,
    "Give a parked transaction up: rejected as card_unreadable if its card still does not open"
  )

export const readAudit = HttpApiEndpoint.get("readAudit", "/v1/operator/audit")
  .addSuccess(AuditResource)
  .addError(badRequest)
  .addError(forbidden)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Count what was accepted and what became of it")

export const readSimulation = HttpApiEndpoint.get("readSimulation", "/v1/operator/simulation")
  .addSuccess(SimulationResource)
  .addError(badRequest)
  .addError(forbidden)
  .addError(problemsOf("route_missing"))
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Tell what goes wrong on purpose (embedded profile only)")

export const changeSimulation = HttpApiEndpoint.patch("changeSimulation", "/v1/operator/simulation")
  .setPayload(
    Schema.Struct({
      decision_delay_ms: Schema.optional(
        Schema.Int.pipe(Schema.between(0, longestDelay)).annotations({
          description: `an integer from 0 to ${longestDelay}`
        })
      ),
      redeliver: Schema.optional(Schema.Boolean.annotations({ description: "true or false" })),
      log: Schema.optional(Schema.Literal("up", "down").annotations({ description: "up or down" }))
    }).annotations({ identifier: "SimulationChange", description: "an object", ...strict })
  )
  .addSuccess(SimulationResource)
  .addError(withBody.badBody)
  .addError(forbidden)
  .addError(problemsOf("route_missing"))
  .addError(anyRequest)
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Let something go wrong on purpose, to try out a client (embedded profile only)")

export const operator = HttpApiGroup.make("operator")
  .add(createAccount)
  .add(listAccounts)
  .add(changeAccount)
  .add(createAccountSecret)
  .add(readPipeline)
  .add(listParked)
  .add(replayParked)
  .add(giveUpParked)
  .add(readAudit)
  .add(readSimulation)
  .add(changeSimulation)
  .middleware(Authentication)
