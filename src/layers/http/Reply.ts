import type { HttpApi, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import type { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Principal } from "../../services/Authenticate.ts"
import type { Traceparent } from "../../services/Tracing.ts"
import type { GatewayApi } from "./Api.ts"
import type { Problem } from "./Problem.ts"

type GroupsOf<A> = A extends HttpApi.HttpApi<infer _Id, infer Groups, infer _E, infer _R> ? Groups : never
export type Endpoints = HttpApiGroup.HttpApiGroup.Endpoints<GroupsOf<typeof GatewayApi>>

type NameOf<Endpoint> = HttpApiEndpoint.HttpApiEndpoint.Name<Endpoint>

/** A request whose credential, headers, query and body have been checked against the contract. */
export interface Received<Endpoint extends Endpoints> {
  /** Null where anyone may call. */
  readonly principal: NameOf<Endpoint> extends "createSession" | "deleteSession" ? null : Principal
  /** When the session ends that made it, in ms since the epoch; null for one by Authorization. */
  readonly sessionEndsAt: NameOf<Endpoint> extends "readSession" ? number : number | null
  readonly path: HttpApiEndpoint.HttpApiEndpoint.PathParsed<Endpoint>
  readonly query: HttpApiEndpoint.HttpApiEndpoint.UrlParams<Endpoint>
  readonly payload: HttpApiEndpoint.HttpApiEndpoint.Payload<Endpoint>
  /** The body as it was, before the schema: for the digest of an idempotent request. */
  readonly json: unknown
  /** The Idempotency-Key, where the endpoint takes one and the request has one. */
  readonly key: string | null
  readonly message: IncomingMessage
  /** What the answer is to be, of the endpoint's media types. */
  readonly mediaType: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** What its message carries on. */
  readonly trace: Traceparent | null
}

export interface Reply<Body> {
  /** One that the contract lists for the endpoint. */
  readonly status: number
  /** Sent as it is: no schema of an answer transforms anything, and the compiler holds the body to it. */
  readonly body: Body
  readonly headers?: Readonly<Record<string, string>>
}

/** RFC 9110, 15.4.5: what the client has is what there is. */
export interface NotModified {
  readonly status: 304
  readonly headers: Readonly<Record<string, string>>
  readonly body: undefined
}

/** An answer that is written as it is made. */
export interface StreamReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** It does nothing for most of its time: it is not counted as a request that is being answered. */
  readonly isIdle: boolean
  /** Runs when the head is out; the answer ends with it, and it ends with the client. */
  readonly stream: (response: ServerResponse) => Effect.Effect<void>
}

/** As the listener sends it. */
export type AnyReply = Reply<unknown> | NotModified | StreamReply

export type Handler<Endpoint extends Endpoints> = (
  request: Received<Endpoint>
) => Effect.Effect<Reply<HttpApiEndpoint.HttpApiEndpoint.Success<Endpoint>> | NotModified | StreamReply, Problem>

type Named<Name extends string> = HttpApiEndpoint.HttpApiEndpoint.WithName<Endpoints, Name>
export type EndpointName = HttpApiEndpoint.HttpApiEndpoint.Name<Endpoints>

/** One implementation of each endpoint: one too few or too many does not compile. */
export type Handlers = { readonly [Name in EndpointName]: Handler<Named<Name>> }
