import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { SecretScope } from "../../domain/Secret.ts"
import { boundedText } from "../../domain/Text.ts"
import {
  Access,
  answered,
  anyRequest,
  badRequest,
  limited,
  strict,
  textSchema,
  unavailable,
  withBody
} from "./Endpoint.ts"
import { problemsOf } from "./Problem.ts"
import { redacted } from "./TransactionRequest.ts"
import { Timestamp } from "./TransactionResource.ts"

export const SessionRequest = Schema.Struct({
  account: boundedText(1, 64).annotations({
    description: "text of 1 to 64 characters: an account's id, or operator",
    jsonSchema: textSchema(1, 64, "An account's id, or `operator`.")
  }),
  secret: redacted(boundedText(1, 255)).annotations({
    description: "text of 1 to 255 characters",
    jsonSchema: textSchema(1, 255, "One of the account's secrets, or the operator's.")
  })
}).annotations({ identifier: "SessionRequest", description: "an object", ...strict })

export const Session = Schema.Struct({
  object: Schema.Literal("session"),
  account: Schema.String.annotations({ description: "The account's id, or `operator`" }),
  scope: SecretScope,
  expires_at: Timestamp
}).annotations({ identifier: "Session" })

export const createSession = HttpApiEndpoint.post("createSession", "/v1/session")
  .setPayload(SessionRequest)
  .addSuccess(answered(201, "Session", Session))
  .addError(withBody.badBody)
  .addError(problemsOf("unauthenticated"))
  .addError(anyRequest)
  .addError(withBody.tooLarge)
  .addError(withBody.mediaType)
  .addError(problemsOf("invalid_request"))
  .addError(problemsOf("too_many_failures"))
  .addError(unavailable)
  .annotate(Access, "anyone")
  .annotate(OpenApi.Summary, "Sign in: the answer sets the panel's cookie")
  .annotate(
    OpenApi.Description,
    "For the panel. The session ends after 12 hours, or with its secret."
  )

export const readSession = HttpApiEndpoint.get("readSession", "/v1/session")
  .addSuccess(Session)
  .addError(badRequest)
  .addError(problemsOf("unauthenticated"))
  .addError(anyRequest)
  .addError(limited)
  .addError(unavailable)
  .annotate(Access, "session")
  .annotate(OpenApi.Summary, "Read who is signed in by the panel's cookie")
  .annotate(
    OpenApi.Description,
    "Only the cookie is looked at."
  )

export const deleteSession = HttpApiEndpoint.del("deleteSession", "/v1/session")
  .addSuccess(HttpApiSchema.NoContent)
  .addError(badRequest)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "own_page")
  .annotate(OpenApi.Summary, "Sign out: the answer clears the panel's cookie")
  .annotate(
    OpenApi.Description,
    "The request needs an Origin header of the gateway's own host, as every change by cookie does. It is answered the same " +
      "without a session."
  )

export const session = HttpApiGroup.make("session")
  .add(createSession)
  .add(readSession)
  .add(deleteSession)
  .annotate(OpenApi.Description, "The panel's sign-in")
