export default function Page() { return <main className="text-ink">Hi</main> }
