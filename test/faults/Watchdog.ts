import { type ChildProcess, spawn } from "node:child_process"

/** Lives until its standard input ends, which is when the campaign does, even by SIGKILL; then it takes away the rest. */
const script = `
pids=" "; mounts=" "
while read -r what name; do
  case $what in
    started) pids="$pids$name " ;;
    ended) pids=$(printf %s "$pids" | sed "s| $name | |") ;;
    mounted) mounts="$mounts$name " ;;
    unmounted) mounts=$(printf %s "$mounts" | sed "s| $name | |") ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
sleep 1
for mount in $mounts; do umount --lazy "$mount"; done
`

let dog: ChildProcess | null = null

const start = () => {
  const born = spawn("sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] })
  born.unref()
  born.stdin!.on("error", () => {})
  if ("unref" in born.stdin! && typeof born.stdin.unref === "function") born.stdin.unref()
  return born
}

/** What has to end with the campaign, and what of it has ended. */
export const tell = (what: "started" | "ended" | "mounted" | "unmounted", name: string | number): void => {
  dog ??= start()
  dog.stdin!.write(`${what} ${name}\n`)
}
