// The redis-server process itself: killed, stopped.

export const PROCESS = [
  {
    id: "redis_killed_durable",
    title: "kill -9 of Redis with everything on disk, and its return",
    injected: "SIGKILL of redis-server (`appendfsync always`) between two revocations; started again on the same files",
    inject: ({ redis }) => redis.kill(),
    heal: ({ redis }) => redis.restart(),
    reasons: ["http_5xx"],
    told: { event: "redis_lost" },
    loses: "nothing",
  },
  {
    id: "redis_killed_memory_only",
    title: "kill -9 of Redis without persistence, and its return with nothing",
    injected: "the same with `appendonly no`: it comes back empty, and the witness is asked first",
    start: { redisArgs: ["--appendonly", "no"] },
    inject: ({ redis }) => redis.kill(),
    heal: ({ redis }) => redis.restart(),
    reasons: ["http_5xx"],
    told: { event: "redis_not_durable", cause: "no_append_only_file" },
    loses: "all",
  },
  {
    id: "redis_stopped",
    title: "SIGSTOP of Redis, and SIGCONT",
    injected: "SIGSTOP of redis-server; connections stay open, nobody answers",
    inject: ({ redis }) => redis.pause(),
    heal: ({ redis }) => redis.resume(),
    reasons: ["timeout"],
    loses: "nothing",
  },
];
