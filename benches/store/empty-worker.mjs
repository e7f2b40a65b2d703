// The floor: a Worker with a router, and nothing to do.

import { Hono } from "hono";

const app = new Hono();
app.all("/v1/authorize", (c) => c.text("ok"));

export default app;
