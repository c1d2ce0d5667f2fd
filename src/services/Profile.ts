import { Context } from "effect"

/** Every role in one process on SQLite, or processes with Kafka between them and MySQL under them. */
export class Profile extends Context.Tag("gateway/Profile")<Profile, "embedded" | "distributed">() {}
