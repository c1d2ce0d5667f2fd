import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { AccountName } from "../../domain/Account.ts"
import { SecretRequest } from "./AccountApi.ts"
import { AccountResource, CreatedAccount, CreatedSecret } from "./AccountResource.ts"
import { AuditResource } from "./AuditResource.ts"
import {
  Access,
  answered,
  anyRequest,
  Authentication,
  badRequest,
  idOf,
  limited,
  listOf,
  missing,
  pageQuery,
  strict,
  textSchema,
  unavailable,
  withBody
} from "./Endpoint.ts"
import { Parked, Pipeline, SimulationResource } from "./OperatorResource.ts"
import { problemsOf } from "./Problem.ts"

const byAccount = idOf("AccountId", "The account's id")
const byTransaction = idOf("TransactionId", "The transaction's id")
const forbidden = problemsOf("forbidden")
const badList = problemsOf("bad_request", "invalid_header", "invalid_query", "unknown_cursor")
/** Milliseconds. */
const longestDelay = 600_000

export const createAccount = HttpApiEndpoint.post("createAccount", "/v1/accounts")
  .setPayload(
    Schema.Struct({
      name: AccountName.annotations({
        description: "text of 1 to 255 characters",
        jsonSchema: textSchema(1, 255, "For people: it need not be unique.")
      })
    })
      .annotations({ identifier: "AccountRequest", description: "an object", ...strict })
  )
  .addSuccess(answered(201, "CreatedAccount", CreatedAccount))
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
  .annotate(
    OpenApi.Description,
    "Its first full secret is in this answer and never told again."
  )

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
  .annotate(
    OpenApi.Description,
    "Disabled ones too."
  )

export const changeAccount = HttpApiEndpoint.patch("changeAccount", "/v1/accounts/:id")
  .setPath(byAccount)
  .setPayload(
    Schema.Struct({
      disabled: Schema.Boolean.annotations({
        description: "true or false",
        jsonSchema: { type: "boolean", description: "Whether its credentials are refused from now on." }
      })
    })
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
  .annotate(
    OpenApi.Description,
    "A disabled account's secrets are refused within five seconds; its transactions are decided all the same."
  )

export const createAccountSecret = HttpApiEndpoint.post("createAccountSecret", "/v1/accounts/:id/secrets")
  .setPath(byAccount)
  .setPayload(SecretRequest)
  .addSuccess(answered(201, "CreatedSecret", CreatedSecret))
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
  .annotate(
    OpenApi.Description,
    "For an account that has lost its own. The secret is in this answer and never told again."
  )

export const readPipeline = HttpApiEndpoint.get("readPipeline", "/v1/operator/pipeline")
  .addSuccess(Pipeline)
  .addError(badRequest)
  .addError(forbidden)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Tell how much waits at every stage")
  .annotate(
    OpenApi.Description,
    "How many transactions are undecided, and how far the processor and the recorder are behind the log."
  )

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
  .annotate(
    OpenApi.Description,
    "A record is parked when it cannot be decided, for instance because its card's key is gone; the others go on."
  )

export const replayParked = HttpApiEndpoint.post("replayParked", "/v1/operator/parked/:id/replay")
  .setPath(byTransaction)
  .addSuccess(answered(202, "Parked", Parked))
  .addError(badRequest)
  .addError(forbidden)
  .addError(missing)
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "operator")
  .annotate(OpenApi.Summary, "Send a parked transaction to the processor again")
  .annotate(
    OpenApi.Description,
    "For when what was missing is there again. It stays in the list until it is decided."
  )

export const giveUpParked = HttpApiEndpoint.post("giveUpParked", "/v1/operator/parked/:id/give_up")
  .setPath(byTransaction)
  .addSuccess(answered(202, "Parked", Parked))
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
  .annotate(
    OpenApi.Description,
    "It is decided the usual way if its card opens after all. This cannot be taken back."
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
  .annotate(
    OpenApi.Description,
    "By the gateway's own database: accepted = decided + undecided, at any time."
  )

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
  .annotate(
    OpenApi.Description,
    "In the distributed profile there is nothing at this path."
  )

export const changeSimulation = HttpApiEndpoint.patch("changeSimulation", "/v1/operator/simulation")
  .setPayload(
    Schema.Struct({
      decision_delay_ms: Schema.optional(
        Schema.Int.pipe(Schema.between(0, longestDelay)).annotations({
          description: `an integer from 0 to ${longestDelay}`,
          jsonSchema: {
            type: "integer",
            minimum: 0,
            maximum: longestDelay,
            description: "Milliseconds that every decision is held back."
          }
        })
      ),
      redeliver: Schema.optional(Schema.Boolean.annotations({
        description: "true or false",
        jsonSchema: { type: "boolean", description: "Whether the log gives each of its records twice." }
      })),
      log: Schema.optional(
        Schema.Literal("up", "down").annotations({
          description: "up or down",
          jsonSchema: { type: "string", enum: ["up", "down"], description: "Whether the log can be reached." }
        })
      )
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
  .annotate(
    OpenApi.Description,
    "What is left out stays as it is. In the distributed profile there is nothing at this path."
  )

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
  .annotate(OpenApi.Description, "For who runs the gateway")
