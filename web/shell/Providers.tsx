"use client"
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { ThemeProvider, useTheme } from "next-themes"
import { NuqsAdapter } from "nuqs/adapters/next/app"
import { type ReactNode, Suspense, useState } from "react"
import { Toaster } from "sonner"
import { RequestFailure } from "../api/request.ts"
import type { Session } from "../api/types.ts"
import { SignedInContext, useSessionState } from "../api/useSession.ts"
import { FeedProvider } from "../feed/useFeed.tsx"
import { AppShell } from "./AppShell.tsx"
import { LocaleProvider } from "./Locale.tsx"
import { Outline } from "./Outline.tsx"
import { SignIn } from "./SignIn.tsx"

const makeQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // the gateway may be on this machine: whether there is a network says nothing
        networkMode: "always",
        // what a refusal says once it says again
        retry: (count, error) => error instanceof RequestFailure && error.failure.kind === "unreachable" && count < 2,
        staleTime: 1_000
      }
    }
  })

function Notices() {
  const { resolvedTheme } = useTheme()
  return (
    <Toaster
      style={{ fontFamily: "inherit" }}
      position="bottom-right"
      theme={resolvedTheme === "dark" ? "dark" : "light"}
    />
  )
}

/** The page of who is signed in, or the way in; its address stays, so that a link leads where it should after it. */
function Gate({ children }: { readonly children: ReactNode }) {
  const state = useSessionState()
  if (state.kind === "unknown") return <Outline />
  if (state.kind === "out") return <SignIn ended={state.ended} />
  // another account shares nothing with the one before
  return <SignedIn key={state.session.account} session={state.session}>{children}</SignedIn>
}

function SignedIn({ children, session }: { readonly children: ReactNode; readonly session: Session }) {
  const [client] = useState(makeQueryClient)
  return (
    <SignedInContext value={session}>
      <QueryClientProvider client={client}>
        <FeedProvider>
          <AppShell>{children}</AppShell>
        </FeedProvider>
      </QueryClientProvider>
    </SignedInContext>
  )
}

export function Providers({ children }: { readonly children: ReactNode }) {
  return (
    <ThemeProvider
      attribute="data-theme"
      defaultTheme="system"
      disableTransitionOnChange
      enableSystem
      storageKey="gateway.theme"
    >
      <LocaleProvider>
        <Suspense fallback={<Outline />}>
          <NuqsAdapter>
            <Gate>{children}</Gate>
          </NuqsAdapter>
        </Suspense>
        <Notices />
      </LocaleProvider>
    </ThemeProvider>
  )
}
