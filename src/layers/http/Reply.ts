import type { HttpApi, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import type { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Principal } from "../../services/Authenticate.ts"
import type { GatewayApi } from "./Api.ts"
import type { Problem } from "./Problem.ts"

type GroupsOf<A> = A extends HttpApi.HttpApi<infer _Id, infer Groups, infer _E, infer _R> ? Groups : never
export type Endpoints = HttpApiGroup.HttpApiGroup.Endpoints<GroupsOf<typeof GatewayApi>>

/** A request whose credential, headers, query and body have been checked against the contract. */
export interface Received<Endpoint extends Endpoints> {
  readonly principal: Principal
  readonly path: HttpApiEndpoint.HttpApiEndpoint.PathParsed<Endpoint>
  readonly query: HttpApiEndpoint.HttpApiEndpoint.UrlParams<Endpoint>
  readonly payload: HttpApiEndpoint.HttpApiEndpoint.Payload<Endpoint>
  /** The body as it was, before the schema: for the digest of an idempotent request. */
  readonly json: unknown
  /** The Idempotency-Key, where the endpoint takes one and the request has one. */
  readonly key: string | null
  readonly message: IncomingMessage
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

export interface Reply<Body> {
  /** One that the contract lists for the endpoint. */
  readonly status: number
  /** Sent as it is: no schema of an answer transforms anything, and the compiler holds the body to it. */
  readonly body: Body
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that is written as it is made. */
export interface StreamReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Runs when the head is out; the answer ends with it, and it ends with the client. */
  readonly stream: (response: ServerResponse) => Effect.Effect<void>
}

export type Handler<Endpoint extends Endpoints> = (
  request: Received<Endpoint>
) => Effect.Effect<Reply<HttpApiEndpoint.HttpApiEndpoint.Success<Endpoint>> | StreamReply, Problem>

type Named<Name extends string> = HttpApiEndpoint.HttpApiEndpoint.WithName<Endpoints, Name>
export type EndpointName = HttpApiEndpoint.HttpApiEndpoint.Name<Endpoints>

/** One implementation of each endpoint: one too few or too many does not compile. */
export type Handlers = { readonly [Name in EndpointName]: Handler<Named<Name>> }
