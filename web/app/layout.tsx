import { GeistMono } from "geist/font/mono"
import { GeistSans } from "geist/font/sans"
import type { Metadata, Viewport } from "next"
import type { ReactNode } from "react"
import { Providers } from "../shell/Providers.tsx"
import "./globals.css"

export const metadata: Metadata = {
  title: "Payment gateway",
  description: "Transactions of the payment gateway as they are decided, and how its pipeline is.",
  robots: { index: false }
}

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#171a1b" }
  ]
}

export default function Layout({ children }: { readonly children: ReactNode }) {
  return (
    // the theme is set on it before React sees it
    <html className={`${GeistSans.variable} ${GeistMono.variable}`} lang="en" suppressHydrationWarning>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  )
}
