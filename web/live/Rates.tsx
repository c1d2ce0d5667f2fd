"use client"
export function Rates(
  props: { readonly id?: string; readonly onClose?: () => void; readonly onSent?: (id: string) => void }
) {
  return <div>{props.id}</div>
}
