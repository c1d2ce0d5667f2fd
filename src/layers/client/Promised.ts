import { Cause, Effect, Exit, Stream } from "effect"

/** What makes effects makes promises, what makes streams makes async iterables. */
export type Promised<A> = A extends (...args: infer Args) => Effect.Effect<infer B, infer _E>
  ? (...args: Args) => Promise<B>
  : A extends (...args: infer Args) => Stream.Stream<infer B, infer _E> ? (...args: Args) => AsyncIterable<B>
  : { readonly [Name in keyof A]: Promised<A[Name]> }

const run = async <A>(effect: Effect.Effect<A, unknown>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}

type Call = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown> | Stream.Stream<unknown, unknown>

const isEffect = (made: ReturnType<Call>): made is Effect.Effect<unknown, unknown> => Effect.isEffect(made)

const promise = (value: unknown): unknown => {
  if (typeof value === "function") {
    return (...args: ReadonlyArray<unknown>) => {
      const made = (value as Call)(...args)
      return isEffect(made) ? run(made) : Stream.toAsyncIterable(made)
    }
  }
  return Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, promise(member)]))
}

export const promised = <A extends object>(calls: A): Promised<A> => promise(calls) as Promised<A>
