// POST /mcp: the actions of a connection as tools of the Model Context Protocol, over its streamable HTTP transport. Nothing
// is kept between requests: each has a server of its own. The protocol's code is loaded with the first request, as it takes
// 0.2 s.
import { randomUUID } from "node:crypto";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Response } from "express";
import { z } from "zod";
import manifest from "../../../package.json" with { type: "json" };
import { listActions } from "../../db/actions.ts";
import { AppError } from "../../errors.ts";
import { untilClosed } from "../closed.ts";
import { connectionOf } from "../connection-of.ts";
import type { HttpDeps, Install } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionHeaders } from "../patterns.ts";
import { errorResult, toErrorResult, toInput, toResult, toTool } from "./mcp-tools.ts";

const MESSAGE_LIMIT = 10 * 1024 * 1024;

const load = async () => {
  const [{ Server }, { StreamableHTTPServerTransport }, types, { AjvJsonSchemaValidator }] = await Promise.all([
    import("@modelcontextprotocol/sdk/server/index.js"),
    import("@modelcontextprotocol/sdk/server/streamableHttp.js"),
    import("@modelcontextprotocol/sdk/types.js"),
    import("@modelcontextprotocol/sdk/validation/ajv"),
  ]);
  const jsonSchemaValidator = new AjvJsonSchemaValidator(); // else each server makes one, which takes milliseconds
  return { Server, StreamableHTTPServerTransport, ...types, jsonSchemaValidator };
};

type Protocol = Awaited<ReturnType<typeof load>>;

type CallTool = (name: string, given: Record<string, unknown> | undefined) => Promise<CallToolResult>;

const callTool =
  (deps: HttpDeps, connection: number, res: Response): CallTool =>
  async (name, given) => {
    const signal = untilClosed(res);
    try {
      const action = (await listActions(deps.db, { connection })).find((one) => one.name === name);
      if (action === undefined) throw new AppError("not_found", `There is no action "${name}" for this connection.`);
      const value = await deps.runs.runAction({ connection, name, input: toInput(action, given), signal });
      return toResult(action, value);
    } catch (error) {
      const known = toErrorResult(error);
      if (known !== undefined) return known;
      const support = randomUUID();
      deps.log.error({ event: "mcp.failed", support, err: error }, "a tool failed");
      return errorResult({ code: "generic_error_support", message: `Something failed on our side: ${support}` });
    }
  };

const serve = ({ db }: HttpDeps, protocol: Protocol, o: { connection: number; call: CallTool }) => {
  const { Server, ListToolsRequestSchema, CallToolRequestSchema, jsonSchemaValidator } = protocol;
  const server = new Server(
    { name: "syncline", version: manifest.version },
    { capabilities: { tools: {} }, jsonSchemaValidator },
  );
  server.setRequestHandler(ListToolsRequestSchema, async () => {
    const actions = await listActions(db, { connection: o.connection });
    return { tools: actions.map(toTool) };
  });
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => o.call(params.name, params.arguments));
  return server;
};

/** There is no stream to read and no session to end: every other method is 405. */
export const installMcpMethods: Install = (app) => {
  app.all("/mcp", (_req, res) => {
    res.set("allow", "POST");
    throw new AppError(
      "method_not_allowed",
      "Only POST: every answer comes with it, and nothing is kept between them.",
    );
  });
};

/** The tools of a connection; a call costs four statements beside what the action asks for. */
export const mcpEndpoints = (deps: HttpDeps): Endpoint[] => {
  let loading: Promise<Protocol> | undefined;
  return [
    endpoint(
      {
        method: "post",
        path: "/mcp",
        unaudited: "what functions change is ascribed to their runs",
        tag: "Actions",
        says: "A connection's actions as tools (Model Context Protocol)",
        more: "JSON-RPC messages of the protocol's streamable HTTP transport, without sessions. `tools/list` gives the actions with what they take and give, `tools/call` runs one; a failed action is a result with `isError` and a text of `{code, message, …}`.",
        scope: "mcp",
        headers: ConnectionHeaders,
        raw: true,
        answers: {
          200: { says: "The answer to the message.", body: z.unknown() },
          202: { says: "A message that needs no answer." },
        },
        otherwise: { says: "What the transport says of a message that it cannot take.", body: z.unknown() },
        errors: ["unknown_connection"],
      },
      async ({ environment, headers, req, res }) => {
        const connection = await connectionOf(deps, { environment, headers });
        loading ??= load();
        const protocol = await loading;
        const transport = new protocol.StreamableHTTPServerTransport({
          enableJsonResponse: true,
          maxRequestBodySize: MESSAGE_LIMIT,
        });
        const server = serve(deps, protocol, { connection, call: callTool(deps, connection, res) });
        res.on("close", () => void server.close());
        await server.connect(transport as Parameters<typeof server.connect>[0]);
        await transport.handleRequest(req, res);
        return undefined;
      },
    ),
  ];
};
