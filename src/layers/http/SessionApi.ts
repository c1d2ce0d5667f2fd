import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { SecretScope } from "../../domain/Secret.ts"
import { boundedText } from "../../domain/Text.ts"
import { Access, anyRequest, badRequest, strict, unavailable, withBody } from "./Endpoint.ts"
import { problemsOf } from "./Problem.ts"
import { redacted } from "./TransactionRequest.ts"
import { Timestamp } from "./TransactionResource.ts"

export const SessionRequest = Schema.Struct({
  account: boundedText(1, 64).annotations({ description: "text of 1 to 64 characters: an account's id, or operator" }),
  secret: redacted(boundedText(1, 255)).annotations({ description: "text of 1 to 255 characters" })
}).annotations({ identifier: "SessionRequest", description: "an object", ...strict })

export const Session = Schema.Struct({
  object: Schema.Literal("session"),
  account: Schema.String,
  scope: SecretScope,
  expires_at: Timestamp
}).annotations({ identifier: "Session" })

export const createSession = HttpApiEndpoint.post("createSession", "/v1/session")
  .setPayload(SessionRequest)
  .addSuccess(Session, { status: 201 })
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

export const readSession = HttpApiEndpoint.get("readSession", "/v1/session")
  .addSuccess(Session)
  .addError(badRequest)
  .addError(problemsOf("unauthenticated"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "anyone")
  .annotate(OpenApi.Summary, "Read who is signed in by the panel's cookie")

export const deleteSession = HttpApiEndpoint.del("deleteSession", "/v1/session")
  .addSuccess(HttpApiSchema.NoContent)
  .addError(badRequest)
  .addError(problemsOf("forbidden"))
  .addError(anyRequest)
  .addError(unavailable)
  .annotate(Access, "anyone")
  .annotate(OpenApi.Summary, "Sign out: the answer clears the panel's cookie")

export const session = HttpApiGroup.make("session").add(createSession).add(readSession).add(deleteSession)
